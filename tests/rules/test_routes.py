"""Every view declares for whom it is (server/accounts/access.py)."""

from flask import Flask

from server import addresses
from server.accounts.roles import MAY, ROLES, Right


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
    """People's accounts never open phone URLs, collectors' never open pages (R23)."""
    for path, endpoint, access in _view_rules(app):
        of_phones = getattr(access, "kind", None) == "phone"
        assert of_phones == addresses.is_of_phones(path), (path, endpoint)


def test_the_api_is_for_programs_but_for_its_description(app: Flask) -> None:
    for path, endpoint, access in _view_rules(app):
        if path.startswith("/api/v1"):
            # a bundle of sums proves by its signature whose it is: no key is asked for beside
            kind = "public" if endpoint == "bundles.take" else "program"
            assert getattr(access, "kind", None) == kind, (path, endpoint)


def test_pages_for_people_name_a_right_but_for_ones_own_account(app: Flask) -> None:
    for path, endpoint, access in _view_rules(app):
        if getattr(access, "kind", None) == "people":
            assert (access.right is None) == access.before_duty, (path, endpoint)


def test_each_right_opens_a_view_or_is_asked_within_one(app: Flask) -> None:
    named = {access.right for _, _, access in _view_rules(app) if getattr(access, "kind", None) == "people"}
    assert set(Right) - named <= {Right.READ_LABELS, Right.PUBLISH_TO_CITY}


def test_who_is_given_sums_alone_has_no_other_right() -> None:
    """R24: leaders see aggregates only; administrators and the city see no single record."""
    of = {role: {right for right, holders in MAY.items() if role in holders} for role in ROLES}
    assert of["leader"] == {Right.READ_SUMS}
    records = {
        Right.READ_SUBMISSIONS,
        Right.READ_LABELS,
        Right.REVIEW,
        Right.CORRECT,
        Right.EXPORT_SUBMISSIONS,
    }
    assert not (of["admin"] | of["city"]) & records
    assert Right.READ_LABELS not in of["reviewer"] | of["team_leader"]
