"""Officers' working pages: one module a subject, the work itself in the modules of `server`."""

from flask import Flask

from geo import vietnamese_writing
from server.intake import catch_up
from server.office import (
    audit_pages,
    backcheck_pages,
    bin_pages,
    breach_pages,
    bundle_pages,
    collector_pages,
    commune_list_pages,
    correction_by_answer_pages,
    correction_pages,
    difficulty_pages,
    doubt_pages,
    first_steps,
    form_block_pages,
    form_draft_pages,
    hook_pages,
    household_import_pages,
    household_pages,
    household_workbook_pages,
    indicator_set_pages,
    my_account_pages,
    office_figure_pages,
    paper_list_pages,
    pay_pages,
    people_pages,
    photo_pages,
    plan_upload_pages,
    poster_pages,
    privacy_pages,
    review_pages,
    sample_pages,
    table_pages,
    team_review_pages,
    token_pages,
    visit_move_pages,
    waiting_pages,
)

SUBJECTS = (
    audit_pages,
    backcheck_pages,
    bin_pages,
    breach_pages,
    collector_pages,
    commune_list_pages,
    correction_by_answer_pages,
    correction_pages,
    difficulty_pages,
    doubt_pages,
    form_draft_pages,
    first_steps,
    form_block_pages,
    hook_pages,
    household_import_pages,
    household_workbook_pages,
    paper_list_pages,
    household_pages,
    indicator_set_pages,
    my_account_pages,
    pay_pages,
    people_pages,
    photo_pages,
    plan_upload_pages,
    poster_pages,
    privacy_pages,
    office_figure_pages,
    review_pages,
    sample_pages,
    table_pages,
    team_review_pages,
    bundle_pages,
    token_pages,
    visit_move_pages,
    waiting_pages,
)

for _subject in SUBJECTS:
    _subject.blueprint.before_request(catch_up.caught_up)  # pages show, and change, all that has been sent


def register(app: Flask) -> None:
    """Add the working pages to the application."""
    app.jinja_env.filters.update(
        moment=vietnamese_writing.moment,
        day=vietnamese_writing.day,
        number=vietnamese_writing.number,
        sentence=vietnamese_writing.sentence,
    )
    app.jinja_env.globals.update(missing_steps=first_steps.missing, may_prepare=first_steps.may_prepare)
    for subject in SUBJECTS:
        app.register_blueprint(subject.blueprint)
    collector_pages.register(app)
    household_workbook_pages.register(app)
