"""Every view declares for whom it is (server/accounts/access.py)."""

from flask import Flask

from server import addresses


def _view_rules(app: Flask) -> list[tuple[str, str, object]]:
    """Path, endpoint and declaration of every view but those that send packaged files."""
    return [
        (rule.rule, rule.endpoint, getattr(app.view_functions[rule.endpoint], "access", None))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[2] != "static"
    ]


def test_every_view_declares_for_whom_it_is(app: Flask) -> None:
    silent = [(path, endpoint) for path, endpoint, access in _view_rules(app) if access is None]
    assert silent == []


def test_phones_paths_are_for_phones_and_no_other_path_is(app: Flask) -> None:
    """People's accounts never open phone URLs, collectors' never open pages (DESIGN 7)."""
    for path, endpoint, access in _view_rules(app):
        of_phones = getattr(access, "kind", None) == "phone"
        assert of_phones == addresses.is_of_phones(path), (path, endpoint)


def test_the_api_is_for_programs_but_for_its_description(app: Flask) -> None:
    for path, endpoint, access in _view_rules(app):
        if path.startswith("/api/v1"):
            assert getattr(access, "kind", None) == "program", (path, endpoint)


def test_pages_for_people_name_roles(app: Flask) -> None:
    for path, endpoint, access in _view_rules(app):
        if getattr(access, "kind", None) == "people":
            assert getattr(access, "roles", None), (path, endpoint)
