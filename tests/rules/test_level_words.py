"""Xã, phường or đặc khu: what a commune is, its row alone knows; a sentence that has no commune names no level."""

import re
from pathlib import Path

import pytest

from server.coverage.bundle_problems import BundleProblem
from server.review import waiting_reasons
from tests.rules.test_problems import kinds

SERVER = Path(__file__).parents[2] / "server"
LEVEL = re.compile(r"(?<!hợp tác )(?<!mã )\bxã\b(?!, phường| hội)", re.IGNORECASE)
"""One level alone; “xã, phường” names them all, “hợp tác xã” and “xã hội” none, “mã xã” is what a column is called."""
SENTENCES = {
    "problems": [kind.sentence for kind in kinds() if not isinstance(kind, BundleProblem)],
    "receipts of phones": [(SERVER / "intake" / "receipt_sentences.py").read_text(encoding="utf-8")],
    "reasons to wait": list(waiting_reasons.WORDS.values()),
    "the web form": [(SERVER / "webform" / "static" / "words.js").read_text(encoding="utf-8")],
}
"""Bundles come from a commune with a machine of its own, which its feature calls “xã chạy máy riêng”."""


@pytest.mark.parametrize("where", SENTENCES)
def test_a_sentence_without_its_commune_names_no_level(where: str) -> None:
    assert [found for found in SENTENCES[where] if LEVEL.search(found)] == []
