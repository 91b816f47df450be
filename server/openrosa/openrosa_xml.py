"""The XML that phones get: form list, manifest, integrity, and the envelope of every answer to a submission."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

CONTENT_TYPE = "text/xml; charset=utf-8"
"""Never application/xml, which phones refuse (C4)."""

MESSAGE_LENGTH = 200
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class ListedForm:
    """One form of the list: the version that phones should have; `manifest_url` None where it has no media."""

    form_id: str
    name: str
    version: str
    md5: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True)
class ListedFile:
    """One file of a manifest; with `integrity_url` it is an entity list (C28)."""

    filename: str
    md5: str
    download_url: str
    integrity_url: str | None = None


def form_list(forms: Iterable[ListedForm]) -> bytes:
    """`formList`: the elements that phones read, in the default namespace (C14, C15)."""
    return _document("xforms", "http://openrosa.org/xforms/xformsList", "".join(map(_form, forms)))


def manifest(files: Iterable[ListedFile]) -> bytes:
    """The files that a form version needs beside itself (C24, C25)."""
    return _document("manifest", "http://openrosa.org/xforms/xformsManifest", "".join(map(_file, files)))


def integrity(deleted: Iterable[tuple[str, bool]]) -> bytes:
    """Which entities are gone; this one document has no namespace (E10)."""
    entities = "".join(
        f'<entity id="{_text(key)}"><deleted>{"true" if gone else "false"}</deleted></entity>'
        for key, gone in deleted
    )
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<data><entities>{entities}</entities></data>".encode()


def id_chunk(ids: Iterable[str], cursor: str) -> bytes:
    """Some ids of a pulled form and where to go on; ids stand as they are (C50)."""
    listed = "".join(_element("id", each) for each in ids)
    inside = f"<idList>{listed}</idList>{_element('resumptionCursor', cursor)}"
    return _document("idChunk", "http://opendatakit.org/submissions", inside)


def submission(element: str, files: Iterable[ListedFile]) -> bytes:
    """A pulled submission, already XML, and its files (C52)."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<submission xmlns="http://opendatakit.org/submissions" xmlns:orx="http://openrosa.org/xforms">'
        f"<data>{element}</data>{''.join(map(_file, files))}</submission>"
    ).encode()


def message(sentence: str) -> bytes:
    """What a phone shows of an answer, good or bad: plain text in an element without a prefix (C38)."""
    return _document(
        "OpenRosaResponse", "http://openrosa.org/http/response", _element("message", _short(sentence))
    )


def _form(form: ListedForm) -> str:
    parts = (
        ("formID", form.form_id),
        ("name", form.name),
        ("version", form.version),
        ("hash", f"md5:{form.md5}"),
        ("downloadUrl", form.download_url),
        ("manifestUrl", form.manifest_url),
    )
    return "<xform>" + "".join(_element(name, text) for name, text in parts if text is not None) + "</xform>"


def _file(file: ListedFile) -> str:
    opening = "<mediaFile>" if file.integrity_url is None else '<mediaFile type="entityList">'
    parts = (
        ("filename", file.filename),
        ("hash", f"md5:{file.md5}"),
        ("downloadUrl", file.download_url),
        ("integrityUrl", file.integrity_url),
    )
    return (
        opening + "".join(_element(name, text) for name, text in parts if text is not None) + "</mediaFile>"
    )


def _document(root: str, namespace: str, inside: str) -> bytes:
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<{root} xmlns=\"{namespace}\">{inside}</{root}>".encode()


def _element(name: str, text: str) -> str:
    return f"<{name}>{_text(text)}</{name}>"


def _text(text: str) -> str:
    return escape(_UNFIT.sub("", text), {'"': "&quot;"})


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= MESSAGE_LENGTH else sentence[: MESSAGE_LENGTH - 1] + "…"
