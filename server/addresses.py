"""Whose an address is: phones', programs', the web form's or people's; problems and headers are worded by it."""

OF_PHONES = (
    "/key/", "/formList", "/submission", "/forms/", "/lists/", "/view/", "/thu/", "/upload", "/formUpload"
)  # fmt: skip
OF_PROGRAMS = "/api/"
OF_KOBO = ("/api/v2", "/token", "/me")
OF_CENTRAL = "/v1"
OF_WEB_FORM = "/phieu/"
OF_POSTERS = "/khao-sat/"
OF_MAPS = "/ogc"
OF_LINKS = "/lien-ket/"


def is_of_phones(path: str) -> bool:
    """Whether a path is one that phones ask for."""
    return path.startswith(OF_PHONES)


def is_of_programs(path: str) -> bool:
    """Whether a path belongs to programs."""
    return path.startswith(OF_PROGRAMS)


def is_of_web_form(path: str) -> bool:
    """Whether a path belongs to the form in a browser."""
    return path.startswith(OF_WEB_FORM)


def is_of_kobo(path: str) -> bool:
    """Whether a path is one that programs written for KoboToolbox ask for."""
    return any(path == each or path.startswith((f"{each}/", f"{each}.")) for each in OF_KOBO)


def is_of_posters(path: str) -> bool:
    """Whether a path is one by which a citizen answers a poster."""
    return path.startswith(OF_POSTERS)


def is_of_maps(path: str) -> bool:
    """Whether a path belongs to map programs."""
    return path == OF_MAPS or path.startswith(f"{OF_MAPS}/")


def is_of_central(path: str) -> bool:
    """Whether a path is one that programs written for ODK Central, and readers of OData, ask for."""
    return path == OF_CENTRAL or path.startswith(f"{OF_CENTRAL}/")


def is_of_odata(path: str) -> bool:
    """Whether a path lies in an OData service: a commune's, a form's, or that of a shared link's table."""
    if path.startswith(OF_LINKS):
        return path.split("/")[3:4] == ["odata"]
    return is_of_central(path) and ".svc" in path
