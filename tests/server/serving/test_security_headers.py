"""What a browser is told of answers that are no pages: what brings scripts runs none of them."""

import pytest
from flask import Flask, Response

from tests import sample
from tests.people import browser, visitor
from tests.phone import InProcess, Phone, statuses

SCRIPT = '<so><script xmlns="http://www.w3.org/1999/xhtml">document.title = "in"</script></so><anh/>'


@pytest.mark.parametrize(
    ("kind", "is_shut"),
    [
        ("application/xml", True), ("text/xml; charset=utf-8", True), ("image/svg+xml", True),
        ("application/xhtml+xml", True), ("application/atom+xml", True), ("application/json", False),
        ("application/pdf", False), ("image/png", False), ("text/csv", False),
    ],
)  # fmt: skip
def test_a_document_that_is_no_page_of_ours_is_shut_in(app: Flask, kind: str, is_shut: bool) -> None:
    app.view_functions["accounts.start"] = lambda: Response("<x/>", content_type=kind)
    policy = browser(app).get("/bat-dau").headers.get("Content-Security-Policy", "")
    assert ("sandbox" in policy and "script" not in policy) == is_shut


def test_a_visit_that_brings_a_script_runs_nothing_where_an_officer_opens_it(app: Flask) -> None:
    """As XML at the doors of other systems, by whoever has signed in on a page: citizens send by posters as well."""
    collector = sample.make_collector()
    version, commune = sample.publish_plain(), collector.collector.commune
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    instance = "uuid:00000000-0000-4000-8000-000000000001"
    assert statuses(phone.send(sample.filled(SCRIPT, instance_id=instance))) == [201]
    form = f"/v1/projects/{commune.code}/forms/{version.form.form_id}"
    officer = visitor(app, "can_bo", "officer", commune)
    for path in (f"{form}/submissions/{instance}.xml", f"{form}.xml"):
        answer = officer.get(path)
        assert (answer.status_code, "xml" in answer.mimetype) == (200, True), path
        assert "sandbox" in answer.headers["Content-Security-Policy"]
