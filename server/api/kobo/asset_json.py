"""A form as Kobo's clients know it: an asset, in a list and by itself (K3, K4)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forms.definition import Definition
from server.answers.who_may_read import AnswersReader, FormCount
from server.api.kobo import kobo_addresses, kobo_ids
from server.models import Form, FormVersion

Json = dict[str, Any]
CITY = "thanh-pho"
"""Stands as the owner of the city's forms."""
_FEW = 5
NONE_SENT = FormCount(0)


@dataclass(frozen=True)
class Asset:
    """A form with what its JSON is made of."""

    form: Form
    definition: Definition
    sent: FormCount
    owner: str

    @property
    def uid(self) -> str:
        return kobo_ids.of_form(self.form)

    @property
    def newest(self) -> FormVersion:
        return self.form.versions[-1]

    @property
    def is_active(self) -> bool:
        return self.form.retired_at is None


def of(form: Form, reader: AnswersReader, sent: Mapping[int, FormCount]) -> Asset:
    """An asset; reads the definition of its newest version."""
    names = {each.id: f"xa-{each.code}" for each in reader.communes}
    definition = Definition.from_json(form.versions[-1].definition)
    return Asset(form, definition, sent.get(form.id, NONE_SENT), names.get(form.commune_id or 0, CITY))


def moment(at: dt.datetime | None) -> str | None:
    """As Kobo writes a moment: UTC with a Z."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}Z" if at else None


def listed(asset: Asset, suffix: str) -> Json:
    """An asset in a list; `suffix` ends the addresses in it, as it ended the list's own (pykobo relies on it)."""
    form, newest, uid = asset.form, asset.newest, asset.uid
    first, version = form.versions[0], kobo_ids.of_form_version(asset.newest)
    path = f"/assets/{uid}"
    return {
        "url": kobo_addresses.address(path, suffix),
        "uid": uid,
        "name": form.title,
        "kind": "asset",
        "asset_type": "survey",
        "owner": kobo_addresses.address(f"/users/{asset.owner}"),
        "owner__username": asset.owner,
        "owner_label": asset.owner,
        "parent": None,
        "date_created": moment(first.published_at),
        "date_modified": moment(newest.published_at),
        "date_deployed": moment(newest.published_at),
        "version_id": version,
        "version__content_hash": newest.md5,
        "has_deployment": True,
        "deployed_version_id": version,
        "deployment__identifier": kobo_addresses.address(path),
        "deployment__active": asset.is_active,
        "deployment_status": "deployed" if asset.is_active else "archived",
        "deployment__submission_count": asset.sent.count,
        "deployment__last_submission_time": moment(asset.sent.last),
        "deployment__uuid": kobo_ids.uuid_of_form(form.form_id),
        "deployment__encrypted": asset.definition.encrypted,
        "summary": summary(asset.definition),
        "settings": {"description": form.purpose or "", "sector": {}, "country": []},
        "tag_string": "",
        "tags": [],
        "data": kobo_addresses.address(f"{path}/data", suffix),
        "downloads": downloads(path),
        "permissions": [],
        "export_settings": [],
        "subscribers_count": 0,
        "status": "private",
        "access_types": None,
        "children": {"count": 0},
        "data_sharing": {},
    }


def detailed(asset: Asset, suffix: str, content: Json, may_change: bool) -> Json:
    """An asset by itself: with its content, its versions, and where everything about it is."""
    path = f"/assets/{asset.uid}"
    own = {name: kobo_addresses.address(f"{path}/{name}") for name in ("submissions", "reports", "hooks")}
    return listed(asset, suffix) | {
        "content": content,
        "version_count": len(asset.form.versions),
        "deployment__links": _links(),
        "deployed_versions": {
            "count": len(asset.form.versions), "next": None, "previous": None, "results": versions(asset),
        },
        "deployment__data_download_links": {},
        "files": [],
        "exports": kobo_addresses.address(f"{path}/exports"),
        "hooks_link": own["hooks"],
        "xls_link": kobo_addresses.address(path, ".xls"),
        "xform_link": kobo_addresses.address(path, ".xml"),
        "assignable_permissions": [],
        "effective_permissions": [{"codename": each} for each in permissions(may_change=may_change)],
        "advanced_features": {},
        "map_styles": {},
        "map_custom": {},
        "report_styles": {},
        "report_custom": {},
    }  # fmt: skip


def permissions(*, may_change: bool) -> tuple[str, ...]:
    """What the reader may do, in Kobo's words."""
    reading = ("view_asset", "view_submissions")
    return (*reading, "change_submissions", "validate_submissions") if may_change else reading


def versions(asset: Asset) -> list[Json]:
    """The versions of a form, the newest first (K7)."""
    return [
        {
            "uid": kobo_ids.of_form_version(each),
            "url": kobo_addresses.address(f"/assets/{asset.uid}/versions/{kobo_ids.of_form_version(each)}"),
            "content_hash": each.md5,
            "date_deployed": moment(each.published_at),
            "date_modified": moment(each.published_at),
            "version_number": number,
            "version": each.version,
        }
        for number, each in reversed(list(enumerate(asset.form.versions, 1)))
    ]


def downloads(path: str) -> list[Json]:
    """Where the form itself is to be had."""
    return [{"format": kind, "url": kobo_addresses.address(path, f".{kind}")} for kind in ("xls", "xml")]


def summary(definition: Definition) -> Json:
    """What a form holds, in a few words."""
    asked = [field for field in definition.fields if field.kind not in ("calculate", "meta")]
    return {
        "geo": any(field.kind == "geopoint" for field in definition.fields),
        "labels": [field.label for field in asked[:_FEW]],
        "columns": ["type", "name", "label"],
        "languages": list(definition.languages) or [None],
        "default_translation": definition.default_language or None,
        "row_count": len(asked),
        "name_quality": {"ok": len(asked), "bad": 0, "good": 0, "total": len(asked), "firsts": {}},
        "lock_all": False,
        "lock_any": False,
        "naming_conflicts": [],
    }


def _links() -> Json:
    """Where a person opens the form in a browser; collectors have it by their own code alone."""
    page = f"{kobo_addresses.root()}/phieu/"
    return dict.fromkeys(("url", "offline_url", "single_url", "preview_url", "iframe_url"), page)
