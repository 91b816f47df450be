"""Officers' working pages: one module a subject, the work itself in the modules of `server`."""

from flask import Flask

from server.office import (
    audit_pages,
    breach_pages,
    collector_pages,
    correction,
    difficulties,
    draft_pages,
    household_import,
    households,
    my_account,
    people_pages,
    photos,
    privacy,
    reported,
    review,
    token_pages,
    words,
)

SUBJECTS = (
    audit_pages,
    breach_pages,
    collector_pages,
    correction,
    difficulties,
    draft_pages,
    household_import,
    households,
    my_account,
    people_pages,
    photos,
    privacy,
    reported,
    review,
    token_pages,
)


def register(app: Flask) -> None:
    """Add the working pages to the application."""
    app.jinja_env.filters.update(
        moment=words.moment, day=words.day, number=words.number, sentence_case=words.sentence_case
    )
    for subject in SUBJECTS:
        app.register_blueprint(subject.blueprint)
