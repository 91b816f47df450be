"""How the page is told of a form, its files, and what the web cannot show of it; for collectors and for drafts."""

from collections.abc import Iterable
from typing import Any

from flask import url_for

from forms.check import phone_and_web_limits


def form(
    form_id: str,
    version: str,
    title: str,
    xform: bytes,
    digest: str,
    files: Iterable[tuple[str, str]],
    of: str,
) -> dict[str, Any]:
    """A form with the files that it needs (name, MD5), and why the web cannot show it, if so.

    `of` begins the names of the views that give out form and files: `` or `trial_`.
    """
    return {
        "id": form_id,
        "version": version,
        "title": title,
        "md5": digest,
        "url": url_for(f".{of}form", form_id=form_id, version=version),
        "impossible": [need.words for need in phone_and_web_limits.of(xform) if not need.web],
        "files": [
            {
                "name": name,
                "md5": md5,
                "url": url_for(f".{of}media", form_id=form_id, version=version, name=name),
            }
            for name, md5 in files
        ],
    }
