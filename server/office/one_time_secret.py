"""A secret that a page tells once, after the redirect: kept, sealed, in the browser's own cookie until then."""

from flask import session

from server import sealed_secrets

_KEPT = "mot_lan"


def keep(secret: str) -> None:
    """Let the next page that asks for it tell the secret."""
    session[_KEPT] = sealed_secrets.seal(secret).decode()


def take() -> str:
    """The secret that waits to be told, and from now on no more; "" where none does."""
    sealed = session.pop(_KEPT, None)
    return sealed_secrets.unseal(sealed.encode()) if sealed else ""
