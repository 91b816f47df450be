"""An entity list as one table of OData, asked of exactly what the reader is told (O8)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from forms.odata_names import identifiers
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers.expression import ALL, AnswerAt, Key
from server.api.central.central_datasets import (
    data_of,
    is_whole,
    label_of,
    named_list,
    note_reading,
    properties_of,
    rows_of,
)
from server.api.central.central_projects import own_commune
from server.api.odata import filter_text, odata_answers, query_options, row_filter
from server.api.odata.filter_text import TableNames
from server.api.odata.form_rows import moment
from server.api.odata.odata_problems import ODataProblem
from server.api.odata.query_options import QueryOptions
from server.errors import Problem
from server.models import Commune, Entity, EntityList

blueprint = Blueprint(
    "central_entity_tables", __name__, url_prefix="/v1/projects/<code>/datasets/<list_name>.svc"
)

Json = dict[str, Any]
_SYSTEM = ("createdAt", "creatorId", "creatorName", "updates", "updatedAt", "version", "conflict")
_MOMENTS = frozenset(("createdAt", "updatedAt"))
_NUMBERS = frozenset(("updates", "version"))
_SPACE = "org.opendatakit.user"


@blueprint.get("/")
@client(Right.READ_LABELS)
def document(code: str, list_name: str) -> Response:
    """What the service has: one table."""
    own_commune(code)
    named_list(list_name)
    odata_answers.refuse_other_forms(is_xml=False)
    sets = [{"name": "Entities", "kind": "EntitySet", "url": "Entities"}]
    return odata_answers.json({"@odata.context": f"{request.base_url.rstrip('/')}/$metadata", "value": sets})


@blueprint.get("/$metadata")
@client(Right.READ_LABELS)
def metadata(code: str, list_name: str) -> Response:
    """Its columns, in EDMX 4.0."""
    commune, listed = own_commune(code), named_list(list_name)
    odata_answers.refuse_other_forms(is_xml=True)
    columns = identifiers(properties_of(rows_of(listed, commune), is_whole(listed)))
    return odata_answers.xml(_edmx(columns.values()))


@blueprint.get("/Entities")
@client(Right.READ_LABELS, records=True)
def table(code: str, list_name: str) -> Response:
    """The rows: `$filter`, `$orderby`, `$top`, `$skip`, `$count` and `$select` over what the reader is told."""
    commune, listed = own_commune(code), named_list(list_name)
    odata_answers.refuse_other_forms(is_xml=False)
    asked = query_options.asked()
    if asked.expands or asked.after:
        raise Problem(ODataProblem.OPTION_UNSUPPORTED, option="$expand, $skiptoken")
    rows = _asked(_rows(listed, commune), asked)
    end = len(rows) if asked.top is None else min(len(rows), asked.skip + asked.top)
    shown = rows[asked.skip : end]
    note_reading(list_name, commune, len(shown), is_whole(listed))
    told: Json = {
        "value": [_selected(each, asked.select) for each in shown],
        "@odata.context": f"{request.base_url.removesuffix('/Entities')}/$metadata#Entities",
    }
    if asked.is_counted:
        told["@odata.count"] = len(rows)
    if asked.top and shown and end < len(rows):
        told["@odata.nextLink"] = f"{request.base_url}?{urlencode({**request.args, '$skip': end}, safe='$')}"
    return odata_answers.json(told)


def _rows(listed: EntityList, commune: Commune) -> list[Json]:
    rows, whole = rows_of(listed, commune), is_whole(listed)
    names = identifiers(properties_of(rows, whole))
    return [_flat(each, whole, names) for each in rows]


def _flat(each: Entity, whole: bool, names: Mapping[str, str]) -> Json:
    """A row as it is told; every property of the list is there, so that programs see the column."""
    updated = moment(each.changed_at) if each.version > 1 else None
    system = (moment(each.created_at), "0", "", each.version - 1, updated, each.version, None)
    data = data_of(each.data, whole)
    return {
        "__id": str(each.id),
        "label": label_of(each, whole),
        **{told: data.get(name) for name, told in names.items()},
        "__system": dict(zip(_SYSTEM, system, strict=True)),
    }


def _asked(rows: Sequence[Json], asked: QueryOptions) -> Sequence[Json]:
    """Those that the filter leaves, in the order that is asked for; else as they were listed."""
    names = TableNames({name: AnswerAt(name) for name in _named(rows)})
    wanted, orders = filter_text.expression(asked.filter, names), filter_text.orders(asked.orderby, names)
    found = rows if wanted is ALL else [row for row in rows if row_filter.holds(wanted, _look(row))]
    return row_filter.ordered(found, orders, _look) if orders else found


def _named(rows: Sequence[Json]) -> list[str]:
    columns = dict.fromkeys(("__id", "label", *(name for row in rows[:1] for name in row)))
    return [*(name for name in columns if name != "__system"), *(f"__system/{name}" for name in _SYSTEM)]


def _look(row: Json) -> Callable[[Key], Any]:
    def look(key: Key) -> Any:
        if not isinstance(key, AnswerAt):
            return None
        group, _, name = key.path.partition("/")
        return row["__system"].get(name) if group == "__system" else row.get(key.path)

    return look


def _selected(row: Json, chosen: Sequence[str]) -> Json:
    if not chosen:
        return row
    told: Json = {name: row.get(name) for name in chosen if "/" not in name}
    inside = [name.partition("/")[2] for name in chosen if name.startswith("__system/")]
    if inside:
        told["__system"] = {name: row["__system"].get(name) for name in inside}
    return told


def _edmx(columns: Any) -> str:
    own = "".join(f'<Property Name="{name}" Type="Edm.String"/>' for name in ("label", *columns))
    system = "".join(f'<Property Name="{name}" Type="{_type(name)}"/>' for name in _SYSTEM)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="org.opendatakit.entity">'
        f'<ComplexType Name="metadata">{system}</ComplexType></Schema>'
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{_SPACE}"><EntityType Name="Entities">'
        '<Key><PropertyRef Name="__id"/></Key><Property Name="__id" Type="Edm.String" Nullable="false"/>'
        f'{own}<Property Name="__system" Type="org.opendatakit.entity.metadata"/></EntityType>'
        f'<EntityContainer Name="Entities"><EntitySet Name="Entities" EntityType="{_SPACE}.Entities"/>'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(name: str) -> str:
    if name in _MOMENTS:
        return "Edm.DateTimeOffset"
    return "Edm.Int64" if name in _NUMBERS else "Edm.String"
