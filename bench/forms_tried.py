"""Real XLSForms through the product's own way from upload to publication, and JavaRosa's word on each.

python -m bench.forms_tried FOLDER [--json]

FOLDER holds forms as FOLDER/owner/repository/path/to/form.xlsx. Counted are those that pyxform converts; each is
uploaded and published, as it is, on an empty database of its own. Printed is a table in Markdown: what was published,
whether JavaRosa (ODK Validate, where Java is) opens it, and why the others were refused.
"""

import argparse
import dataclasses
import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from pyxform.xls2xform import convert as convert_with_pyxform

from app import create_app
from forms.check import odk_validate
from forms.errors import FormRejected
from server import migrate
from server.db import db
from server.published_forms import form_drafts
from server.published_forms.publish_answers import AS_WRITTEN
from server.settings import Settings

BATCH = 50
SECONDS = 300


@dataclasses.dataclass
class Tried:
    """One form: `xform` as it would be published, else as pyxform makes it; `refused` is our reason."""

    address: str
    xform: bytes
    refused: str | None = None
    remarks: int = 0
    phones: str | None = None
    """JavaRosa's reason; None where it opens the form."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # openpyxl's about styles
    with tempfile.TemporaryDirectory() as instance:
        settings = Settings(instance=Path(instance), secret_key="for this run alone, on an empty database")
        app = create_app(settings)
        with app.app_context():
            migrate.upgrade()
            tried = list(_all(options.folder))
            db.dispose()
    if odk_validate.installed():
        for begin in range(0, len(tried), BATCH):
            part = tried[begin : begin + BATCH]
            said = odk_validate.refusals([each.xform for each in part], SECONDS)
            for place, each in enumerate(part):
                each.phones = said[place]
    print(json.dumps([_short(each) for each in tried], ensure_ascii=False) if options.json else _table(tried))


def _all(folder: Path) -> Iterator[Tried]:
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in {".xlsx", ".xls"} or path.name.startswith("~$"):
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        try:
            made = convert_with_pyxform(path, validate=False).xform.encode()
        # whatever pyxform raises, it does not convert the form
        except Exception:
            continue
        yield _published(Tried(path.relative_to(folder).as_posix(), made), path)


def _published(tried: Tried, path: Path) -> Tried:
    """Upload and publish, then take it back: each form begins on an empty database."""
    try:
        checked = form_drafts.check(path.read_bytes(), path.name)
        draft = form_drafts.save(path.read_bytes(), path.name, None, "tried", checked)
        if draft.blank:
            tried.refused = draft.blank[0]
        else:
            made = form_drafts.publish(draft, AS_WRITTEN, exact_points=False, actor="tried")
            tried.xform, tried.remarks = made.form_version.xform, len(made.warnings)
    except FormRejected as rejected:
        tried.refused = str(rejected.errors[0])
    finally:
        db.session.rollback()
    return tried


def _short(tried: Tried) -> dict[str, object]:
    return {name: value for name, value in dataclasses.asdict(tried).items() if name != "xform"}


def _table(tried: list[Tried]) -> str:
    published = [each for each in tried if each.refused is None]
    opened = sum(each.phones is None for each in published)
    owners = {each.address.partition("/")[0] for each in tried}
    lines = [
        f"{len(tried)} forms that pyxform converts, of {len(owners)} owners: {len(published)} published as they are, "
        f"{opened} of them opened by JavaRosa; {len(tried) - len(published)} refused.",
        "",
        "| form | published | remarks | JavaRosa | why not |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in tried:
        why = (each.refused or "").replace("|", "\\|")
        lines.append(
            f"| {each.address} | {'no' if each.refused else 'yes'} | {each.remarks or ''} "
            f"| {'opens' if each.phones is None else 'refuses'} | {why} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
