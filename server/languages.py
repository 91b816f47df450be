"""Vietnamese first, English on request: which language a page is in, and the catalogues of translations."""

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, has_request_context, request, session
from flask_babel import Babel, Domain, get_babel, get_locale

LANGUAGES = ("vi", "en")
"""The words in code and templates are Vietnamese; every other language has a catalogue `<language>.po`."""

CHOICE = "ngon_ngu"
"""`?ngon_ngu=en` on any page changes the language of this browser until it is changed again."""


class Catalogues(Domain):
    """Translations read from the .po files that people edit, so that nothing compiled lies in the repository."""

    def get_translations(self) -> Translations:
        wanted = str(get_locale() or LANGUAGES[0])
        if wanted not in self.cache:
            self.cache[wanted] = read(wanted, [Path(p) for p in get_babel().translation_directories])
        found: Translations = self.cache[wanted]
        return found


class _Babel(Babel):
    domain_instance = Catalogues()


def read(into: str, folders: list[Path]) -> Translations:
    """All translations into a language; texts without one stay Vietnamese."""
    every = Translations()
    for path in (folder / f"{into}.po" for folder in folders):
        if path.exists():
            compiled = io.BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=into))
            compiled.seek(0)
            every.merge(Translations(compiled))
    return every


def register(app: Flask) -> None:
    """Let pages and sentences be told in the reader's language."""
    _Babel(app, default_locale=LANGUAGES[0], locale_selector=_choose)
    app.jinja_env.globals["get_locale"] = get_locale


def add(app: Flask, folder: Path) -> None:
    """Read the catalogues of another package's pages too."""
    app.extensions["babel"].translation_directories.append(str(folder))


def _choose() -> str:
    """What this browser asked for last; Vietnamese, whatever the browser's own language, until it asks."""
    if not has_request_context():
        return LANGUAGES[0]
    asked = request.args.get(CHOICE)
    if asked in LANGUAGES and session.get(CHOICE) != asked:
        session[CHOICE] = asked
    chosen = session.get(CHOICE)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
