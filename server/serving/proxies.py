"""Proxies in front of us: what they say of scheme, host and address is believed, what anybody else says is not."""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.proxy_fix import ProxyFix

from server.settings import BadSetting, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SAID = ("FOR", "PROTO", "HOST", "PORT", "PREFIX")


class TrustedProxies:
    """Reads `X-Forwarded-…` where the other end of the connection is one of ours, and drops it elsewhere.

    Werkzeug's ProxyFix alone counts hops: a client that reaches our port past the proxy could write any address into
    the audit.
    """

    def __init__(self, app: "WSGIApplication", hops: int, networks: Iterable[Network]) -> None:
        self.plain = app
        self.hops = hops
        self.fixed = ProxyFix(app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)
        self.networks = tuple(networks)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self.is_ours(environ.get("REMOTE_ADDR", "")):
            return self.fixed(environ, start_response)
        for name in SAID:
            environ.pop(f"HTTP_X_FORWARDED_{name}", None)
        return self.plain(environ, start_response)

    def caller(self, environ: "WSGIEnvironment") -> str:
        """The address that asks, as a proxy of ours tells it."""
        said = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address: str = environ.get("REMOTE_ADDR", "")
        return said[-self.hops].strip() if self.is_ours(address) and len(said) >= self.hops else address

    def is_ours(self, address: str) -> bool:
        """Whether a proxy of ours is there; no address at all is a socket file, which only this machine opens."""
        if not address:
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


def networks(settings: Settings) -> tuple[Network, ...]:
    """The networks of the setting; BadSetting where one cannot be read."""
    try:
        return tuple(ipaddress.ip_network(text) for text in settings.proxy_networks.split())
    except ValueError as error:
        raise BadSetting(
            f"TUNGNHA_PROXY_NETWORKS={settings.proxy_networks!r}: {error}. Write networks like 10.0.0.0/8 or ::1, "
            "separated by spaces."
        ) from error


def behind(app: Any, settings: Settings) -> Any:
    """The application behind as many proxies as are set."""
    return TrustedProxies(app, settings.proxies, networks(settings)) if settings.proxies else app
