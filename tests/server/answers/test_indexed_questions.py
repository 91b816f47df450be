"""Questions with an index: queries are worked out by it, and say what they said without."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from server import migrate
from server.answers import indexed_questions, submission_pages
from server.answers.expression import AnswerAt, Compare, Sign
from server.answers.indexed_questions import IndexRejected
from server.answers.who_may_read import AnswersReader
from server.db import db
from server.exports import select_submissions
from server.models import Commune, Form
from server.operations.backup import make_backup
from server.settings import Settings
from tests import sample
from tests.conftest import SECRET
from tests.server.api.conftest import FORM
from tests.server.operations.test_backup import empty_postgresql

QUERIES = (
    Compare(AnswerAt("thon"), Sign.EQUAL, "11629001"),
    Compare(AnswerAt("ho/so_nguoi"), Sign.GREATER, 3),
    Compare(AnswerAt("ho/toc_do"), Sign.AT_LEAST, 1.5),
)


@pytest.fixture
def form(app: Flask) -> Form:
    return sample.publish(FORM, form_id="khao_sat", version="1").form


def plan(form: Form, query: Compare) -> str:
    """How the database means to find what a query asks for, within a commune that has no thôn yet."""
    commune = db.session.scalars(sa.select(Commune)).first() or sample.make_commune()
    reader = AnswersReader(
        (select_submissions.named(commune),), select_submissions.here(commune.id), personal=False
    )
    dialect = db.engine.dialect.name
    asked = submission_pages.ask(reader, form, dialect, query)
    where = [each for each in select_submissions.chosen(asked.chosen) if "IN" not in str(each)]
    found = sa.select(sa.literal(1)).select_from(select_submissions.Submission).where(*where)
    text = str(found.compile(db.engine, compile_kwargs={"literal_binds": True}))
    with db.engine.connect() as connection:
        if dialect == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        how = "EXPLAIN" if dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(map(str, connection.exec_driver_sql(f"{how} {text.replace('%', '%%')}")))


def test_a_query_about_an_indexed_question_goes_by_its_index(form: Form) -> None:
    for query in QUERIES:
        indexed_questions.add(form, query.key.path)  # type: ignore[union-attr]
    for query in QUERIES:
        assert indexed_questions.name(form.id, query.key.path) in plan(form, query)  # type: ignore[union-attr]


def test_an_index_is_no_table_of_ours_and_comes_back_after_a_migration(form: Form) -> None:
    indexed_questions.add(form, "thon")
    migrate.check()
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql(f"DROP INDEX {indexed_questions.name(form.id, 'thon')}")
        connection.commit()
    indexed_questions.ensure()
    assert indexed_questions.name(form.id, "thon") in plan(form, QUERIES[0])
    indexed_questions.drop(form, "thon")
    assert indexed_questions.listed(form) == []
    assert indexed_questions.name(form.id, "thon") not in plan(form, QUERIES[0])


def test_a_restored_place_has_its_indexes_on_the_other_database_too(
    form: Form, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    indexed_questions.add(form, "thon")
    name, made = indexed_questions.name(form.id, "thon"), make_backup.backup(tmp_path)
    (folder := tmp_path / "other").mkdir()
    url = empty_postgresql(request.getfixturevalue("postgres")) if database == "sqlite" else ""
    other = create_app(Settings(instance=folder, database_url=url, secret_key=SECRET, second_factor="none"))
    with other.app_context():
        answer = other.test_cli_runner().invoke(args=["restore", str(made.path)])
        assert answer.exit_code == 0, answer.output
        there = db.session.scalars(sa.select(Form).where(Form.form_id == "khao_sat")).one()
        assert name in plan(there, QUERIES[0])
        db.session.close()
        migrate.downgrade("base")
        db.dispose()


def test_an_index_whose_making_was_cut_short_is_made_anew(form: Form) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite makes an index whole or not at all")
    indexed_questions.add(form, "thon")
    name = indexed_questions.name(form.id, "thon")
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass"
        )
    assert name not in plan(form, QUERIES[0])
    indexed_questions.ensure()
    assert name in plan(form, QUERIES[0])


@pytest.mark.parametrize("path", ["khong/co", "ho/chu_ho", "tv/ho_ten", "ho/dich_vu", "ho/vi_tri"])
def test_what_cannot_have_an_index_is_refused(form: Form, path: str) -> None:
    """Unknown, personal, of a repeat, several answers, a place."""
    with pytest.raises(IndexRejected):
        indexed_questions.add(form, path)
    with pytest.raises(IndexRejected):
        indexed_questions.drop(form, path)


def test_the_command_lists_what_it_indexed(app: Flask, form: Form) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["forms", "index", "khao_sat", "thon"]).exit_code == 0
    assert runner.invoke(args=["forms", "index", "khao_sat"]).output.strip() == "thon"
    assert runner.invoke(args=["forms", "index", "khao_sat", "ho/chu_ho"]).exit_code != 0
    assert runner.invoke(args=["forms", "index", "khao_sat", "thon", "--drop"]).exit_code == 0
