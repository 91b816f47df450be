"""A form's service described in EDMX 4.0: its tables, their groups, and what every submission has (O12)."""

from collections.abc import Iterator, Mapping, Sequence

from forms.odata_names import identifier
from server.api.odata.flat_service import entity_type
from server.api.odata.form_tables import ODataTable
from server.exports.flat_table import FlatColumn

SYSTEM_COLUMN = "__system"
SYSTEM = "org.opendatakit.submission"
TYPES: Mapping[str, str] = {
    "integer": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "date": "Edm.Date",
    "dateTime": "Edm.DateTimeOffset",
    "geopoint": "Edm.GeographyPoint",
    "geotrace": "Edm.GeographyLineString",
    "geoshape": "Edm.GeographyPolygon",
}
"""By the kind of a question; all others are Edm.String."""
METADATA = (
    ("submissionDate", "Edm.DateTimeOffset"), ("updatedAt", "Edm.DateTimeOffset"), ("deletedAt", "Edm.DateTimeOffset"),
    ("submitterId", "Edm.String"), ("submitterName", "Edm.String"), ("attachmentsPresent", "Edm.Int64"),
    ("attachmentsExpected", "Edm.Int64"), ("status", f"{SYSTEM}.Status"), ("reviewState", f"{SYSTEM}.ReviewState"),
    ("deviceId", "Edm.String"), ("edits", "Edm.Int64"), ("formVersion", "Edm.String"),
)  # fmt: skip
"""`__system` of a submission, with their types."""
_STATUSES = ("notDecrypted", "missingEncryptedFormData")
_STATES = ("hasIssues", "edited", "rejected", "approved")


def describe(form_id: str, tables: Sequence[ODataTable], flat: tuple[str, Sequence[FlatColumn]]) -> str:
    """The whole description; `flat` is the name and the columns of the flat table."""
    space = f"org.opendatakit.user.{identifier(form_id)}"
    types = "".join(part for table in tables for part in _table(table, tables, space))
    sets = "".join(
        f'<EntitySet Name="{each}" EntityType="{space}.{each}"/>'
        for each in (*(t.name for t in tables), flat[0])
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        f"{_of_system()}"
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{space}">{types}'
        f"{entity_type(flat[0], flat[1], 1)}"
        f'<EntityContainer Name="{identifier(form_id)}">{sets}</EntityContainer></Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    )


def selectable(table: ODataTable, tables: Sequence[ODataTable]) -> frozenset[str]:
    """What `$select` may name of a table: all that is described of it, groups and parts of groups too."""
    own = (
        ("__id", table.key_of_parent)
        if table.path
        else ("__id", SYSTEM_COLUMN, *(f"{SYSTEM_COLUMN}/{name}" for name, _ in METADATA))
    )
    below = [each.names for each in tables if each.path and each.parent == table.path]
    paths = [*(each.names for each in table.fields), *below]
    parts = ("/".join(names[:place]) for names in paths for place in range(1, len(names) + 1))
    return frozenset((*own, *parts))


def _of_system() -> str:
    properties = "".join(f'<Property Name="{name}" Type="{kind}"/>' for name, kind in METADATA)
    enums = "".join(
        f'<EnumType Name="{name}">{"".join(f"<Member Name={chr(34)}{each}{chr(34)}/>" for each in members)}</EnumType>'
        for name, members in (("Status", _STATUSES), ("ReviewState", _STATES))
    )
    return (
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{SYSTEM}">'
        f'<ComplexType Name="metadata">{properties}</ComplexType>{enums}</Schema>'
    )


def _table(table: ODataTable, tables: Sequence[ODataTable], space: str) -> Iterator[str]:
    """The type of a table's rows and those of its groups, innermost first."""
    own = '<Key><PropertyRef Name="__id"/></Key><Property Name="__id" Type="Edm.String" Nullable="false"/>'
    own += (
        f'<Property Name="{table.key_of_parent}" Type="Edm.String"/>'
        if table.path
        else f'<Property Name="{SYSTEM_COLUMN}" Type="{SYSTEM}.metadata"/>'
    )
    below = [each for each in tables if each.path and each.parent == table.path]
    groups = _groups(table, below)
    for group in sorted(groups, key=len, reverse=True):
        inside = "".join(_members(group, table, below, groups, space))
        if group:
            yield f'<ComplexType Name="{".".join((table.name, *group))}">{inside}</ComplexType>'
        else:
            yield f'<EntityType Name="{table.name}">{own}{inside}</EntityType>'


def _groups(table: ODataTable, below: Sequence[ODataTable]) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], None] = {(): None}
    for names in (*(each.names for each in table.fields), *(each.names for each in below)):
        found |= {names[:place]: None for place in range(1, len(names))}
    return list(found)


def _members(
    group: tuple[str, ...],
    table: ODataTable,
    below: Sequence[ODataTable],
    groups: Sequence[tuple[str, ...]],
    space: str,
) -> Iterator[str]:
    for each in table.fields:
        if each.names[:-1] == group:
            kind = TYPES.get(each.kind, "Edm.String")
            scale = ' Scale="Variable"' if kind == "Edm.Decimal" else ""
            yield f'<Property Name="{each.names[-1]}" Type="{kind}"{scale}/>'
    for name in groups:
        if name and name[:-1] == group:
            yield f'<Property Name="{name[-1]}" Type="{space}.{".".join((table.name, *name))}"/>'
    for repeat in below:
        if repeat.names[:-1] == group:
            yield f'<NavigationProperty Name="{repeat.names[-1]}" Type="Collection({space}.{repeat.name})"/>'
