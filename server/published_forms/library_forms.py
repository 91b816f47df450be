"""The library's forms published: which of them are new or newer than what is in use, made ready together."""

from collections.abc import Iterable
from dataclasses import dataclass

from forms import form_blocks, library
from forms.definition import IndicatorDeclaration
from server.models import FormVersion
from server.published_forms import catalogue, form_versions, publishing, visit_minutes
from server.published_forms.publish_answers import Terms
from server.published_forms.publishing import Published, ReadyForm


@dataclass(frozen=True)
class LibraryForms:
    """The library's forms that may become versions, and the versions that stay the newest: officers changed them."""

    ready: list[ReadyForm]
    kept: list[FormVersion]


def library_ready(form_ids: Iterable[str] = library.LIBRARY) -> LibraryForms:
    """The forms of the library, read one after the other: what one declares the next may state."""
    declared: tuple[IndicatorDeclaration, ...] = ()
    found, kept = list[ReadyForm](), list[FormVersion]()
    for form_id in form_ids:
        read = publishing.ready(_library_workbook(form_id), f"{form_id}.xlsx", Terms(declared=declared))
        form = publishing.owned(read.converted.definition, None)
        known = form_versions.version_of(form, read.converted.definition.version)
        if known is not None and not form_versions.is_same(known, read.workbook, read.converted):
            # an earlier installation published this version otherwise: the form of today is the next free one (C17)
            read = publishing.ready(
                _library_workbook(form_id, ""), f"{form_id}.xlsx", Terms(declared=declared)
            )
        declared += read.converted.definition.declared
        newest = form.versions[-1] if form.versions else None
        if newest is not None and not catalogue.is_of_library(newest):
            kept.append(newest)
        else:
            found.append(read)
    return LibraryForms(found, kept)


def _library_workbook(form_id: str, version: str | None = None) -> bytes:
    """A form of the library, under its own version or another ("": the next that is free).

    The household form comes with the blocks that its newest version has, so that none is lost.
    """
    if form_id != form_blocks.HOUSEHOLD_FORM:
        return library.workbook(library.read(form_id), version)
    blocks = visit_minutes.held(form_id)
    return form_blocks.composed(blocks, version=form_blocks.library_version() if version is None else version)


def publish_library(form_ids: Iterable[str] = library.LIBRARY) -> tuple[Published, ...]:
    """Publish the forms of the library for all communes; what is published already and what officers changed stays."""
    return tuple(map(publishing.add, library_ready(form_ids).ready))
