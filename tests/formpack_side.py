"""Run by a Python that has KoboToolbox's formpack (GPL, never ours): what it makes of a form and its submissions.

Reads JSON from its input: `content` and `version` of the form, `title`, `submissions`, and `wishes`, each with `lang`
(null for names and codes), `multiple_select` and `hierarchy_in_labels`. Writes the CSV of each wish as a list of texts.
"""

import json
import sys
from typing import Any

from formpack import FormPack, constants
from formpack.schema import fields

KEPT = ("_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "__version__",
        "_tags", "meta/rootUuid")  # fmt: skip
"""What Kobo's own server has formpack copy beside the answers, in its order (X1)."""
CLASSES = {"_id": "IdCopyField", "_submission_time": "SubmissionTimeCopyField", "_notes": "NotesCopyField",
           "_validation_status": "ValidationStatusCopyField", "_tags": "TagsCopyField"}  # fmt: skip


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    made = []
    for wish in asked["wishes"]:
        pack = FormPack(
            [{"content": asked["content"], "version": asked["version"]}], asked["title"], id_string="thu"
        )
        export = pack.export(
            versions=pack.versions.keys(),
            lang=wish["lang"] if wish["lang"] is not None else constants.UNSPECIFIED_TRANSLATION,
            group_sep="/",
            multiple_select=wish["multiple_select"],
            hierarchy_in_labels=wish["hierarchy_in_labels"],
            copy_fields=tuple(getattr(fields, CLASSES.get(name, ""), name) for name in KEPT),
            force_index=True,
        )
        made.append("".join(f"{line}\r\n" for line in export.to_csv(asked["submissions"])))
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
