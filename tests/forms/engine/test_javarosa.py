"""Forms filled by JavaRosa and by the engine with the same answers: every leaf is the same.

What a clock or chance decides is told by filling twice; what only the phone knows (preloads) is left out.
"""

import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from lxml import etree
from pyxform.xls2xform import convert

from forms import form_blocks, library
from forms.engine import choice_lists, engine
from forms.engine.answer_tree import AnswerNode
from forms.engine.correction import Correction, alike
from forms.engine.fill_visit import Filling
from forms.engine.unfillable import Unfillable
from tests import javarosa
from tests.forms.engine.test_expression import CONTEXT, ROWS, xform
from tests.javarosa import JavaRosa

DATA = Path(__file__).parents[2] / "data"
SEEDS = 10
_ENTITIES = "name,label,__version,__trunkVersion,__branchId,thon,dia_chi,tinh_trang,ket_qua,lan_tham,ngay_cuoi," \
    "g5_viettel,g5_vinaphone,g5_mobifone,g5_khac,tim,hien_ten,marker-color,loai,nganh\n" \
    "{0}1,Bà Ấm,2,2,b1,t1,\"Ngõ 1, số 2\",chua_tham,,3,,5g,,4g,,a,Bà Ấm,#fff,nha_van_hoa,i\n" \
    "{0}2,Ông Bền,1,1,b2,t2,Ngõ 3,da_gap,gap,,2026-01-02,,,,,b,✓ Ông Bền,#000,khac,ii\n"  # fmt: skip
MEDIA = {
    "thon.csv": "name,label\nt1,Thôn Một\nt2,Thôn Hai\n",
    "ho_dan.csv": _ENTITIES.format("h"),
    "diem_cong_cong.csv": _ENTITIES.format("d"),
    "doanh_nghiep.csv": _ENTITIES.format("n"),
    "phuc_tra.csv": "name,label,thon,ngay\np1,Bà Ấm,t1,2026-11-01\np2,Ông Bền,t2,2026-11-02\n",
    "ben_xe.csv": "name,label\nb1,Bến Gốc Gạo\nb2,Bến Cầu Đá\n",
}
TYPED = {
    "int": lambda dice: str(dice.randint(0, 9)), "decimal": lambda dice: f"{dice.randint(0, 90)}.{dice.randint(1, 9)}",
    "date": lambda dice: f"{dice.randint(1950, 2026)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}",
    "geopoint": lambda dice: f"20.8{dice.randint(1, 9)} 106.4{dice.randint(1, 9)} 0 {dice.randint(1, 9)}",
    "time": lambda dice: f"{dice.randint(10, 23)}:{dice.randint(10, 59)}:00.000+07:00",
    "dateTime": lambda dice: dice.choice(["2026-05-06T07:08:09.000+07:00", "1968-05-06T23:30:00.000+08:00"]),
    "geotrace": lambda dice: f"20.81 106.41 0 0; 20.8{dice.randint(2, 9)} 106.43 0 0; 20.85 106.44 1 2",
    "geoshape": lambda dice: f"20.81 106.41 0 0; 20.8{dice.randint(2, 9)} 106.45 0 0; 20.9 106.4 0 0; 20.81 106.41 0 0",
    "string": lambda dice: dice.choice(["Ấm", "a b", "0912345678", "x"]),
}  # fmt: skip
CASES = sorted(
    path for folder in ("corrections", "engine", "review", "exports") for path in (DATA / folder).glob("*.md")
)
FORMS = {f"library {name}": library.read(name) for name in library.LIBRARY} | {
    f"{path.parent.name} {path.stem}": path.read_text(encoding="utf-8") for path in CASES
}
COMPOSED = "library ho_gia_dinh with every block"


@pytest.fixture(scope="module")
def java() -> Iterator[JavaRosa]:
    with javarosa.running() as process:
        yield process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in MEDIA.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def leaves(xml: bytes) -> dict[str, str]:
    """Each leaf and each attribute of an entity by its path with rounds."""
    tree = etree.fromstring(xml).getroottree()
    found = {}
    for each in tree.iter(etree.Element):
        path = re.sub(r"\{[^}]*\}", "", tree.getelementpath(each))
        if not len(each):
            found[path] = each.text or ""
        if etree.QName(each).localname == "entity":
            found |= {f"{path}/@{etree.QName(key).localname}": value for key, value in each.attrib.items()}
    return found


def answered(filling: Filling, node: AnswerNode, dice: random.Random) -> str:
    """Some answer of the question's kind, "" for none."""
    control, bind = filling.form.controls[node.path], filling.form.nodes[node.path].bind
    if control.kind in {"select1", "select"}:
        offered = [choice.name for choice in filling.choices(node.address)]
        most = 1 if control.kind == "select1" else 2
        return " ".join(dice.sample(offered, min(most, len(offered))))
    typed = TYPED.get(bind.type) if control.kind == "input" else None
    return typed(dice) if typed and not bind.readonly else ""


def fill(form: engine.Fillable, seed: int, later: int = 0) -> tuple[Filling, list[tuple[str, ...]]]:
    """A visit with answers by that seed, and what was done, as commands for JavaRosa."""
    dice, number = random.Random(seed), count()
    now = datetime.now(engine.HANOI) + timedelta(seconds=later)
    filling = form.start(now, uuid=lambda: f"{later}-{next(number)}")
    done: list[tuple[str, ...]] = []
    asked: set[int] = set()
    while node := next((n for n in filling.questions() if n.live and id(n) not in asked), None):
        asked.add(id(node))
        text = answered(filling, node, dice)
        if text and dice.random() < 0.85:
            filling.answer(node.address, text)
            done.append(("set", node.address, text))
        repeat = next((n for n in node.chain if filling.form.nodes[n.path].rounds is not None), None)
        if repeat is None or filling.form.nodes[repeat.path].count is not None or repeat.parent is None:
            continue
        if dice.random() < 0.2 and repeat.index < 2:
            address = f"{repeat.parent.address}/{repeat.name}"
            filling.add_round(address)
            done.append(("add", address))
    return filling, done


@cache
def opened(name: str) -> tuple[bytes, engine.Fillable]:
    """A form's XForm, and the form opened with the lists."""
    if name == COMPOSED:
        workbook = form_blocks.composed(form_blocks.BLOCKS, version="1")
        document = convert(workbook, file_type=".xlsx").xform.encode()
    else:
        document = convert(FORMS[name], file_type=".md").xform.encode()
    return document, engine.open_form(document, {file: content.encode() for file, content in MEDIA.items()})


@pytest.mark.parametrize("name", sorted([*FORMS, COMPOSED]))
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_visit_is_on_the_phone_what_it_is_here(java: JavaRosa, folder: Path, name: str, seed: int) -> None:
    document, here = opened(name)
    (folder / "form.xml").write_bytes(document)
    filling, done = fill(here, seed)
    again, _ = fill(here, seed, later=90)
    java.must("form", str(folder / "form.xml"), str(folder))
    counted = any(node.count is not None for node in here.form.nodes.values())
    for command in done:
        java.must(*command)
        if counted:
            java.must("walk")
    there, ours, other = (
        leaves(java.must("write").encode()),
        leaves(filling.submission()),
        leaves(again.submission()),
    )
    preloaded = {
        path.removeprefix(f"{here.form.root}/") for path, node in here.form.nodes.items() if node.bind.preload
    }
    moved = {path for path in ours if ours[path] != other.get(path)}
    assert there.keys() == ours.keys()
    compared = [path for path in ours if path not in moved and re.sub(r"\[\d+\]", "", path) not in preloaded]
    unlike = {path: (ours[path], there[path]) for path in compared if not same(ours[path], there[path])}
    assert unlike == {}, done
    assert Correction(here.form, filling.submission(), filling.began).differences() == []


def same(ours: str, theirs: str) -> bool:
    """Alike; the numbers of a place one by one."""
    parts = [text.replace(";", " ; ").split() for text in (ours, theirs)]
    return alike(ours, theirs) or (
        len(parts[0]) == len(parts[1]) > 1 and all(alike(a, b) for a, b in zip(*parts, strict=True))
    )


@pytest.mark.parametrize(("expression", "value"), [(row[0], row[2]) for row in ROWS if not row[1]])
def test_the_values_that_tests_hold_are_those_of_javarosa(
    java: JavaRosa, tmp_path: Path, expression: str, value: str
) -> None:
    """So that nobody mends the list instead of the engine."""
    (tmp_path / "form.xml").write_bytes(xform(expression))
    verdict, _ = java.ask("form", str(tmp_path / "form.xml"), str(tmp_path))
    if value == "ERROR":
        assert verdict == "refused"
        return
    for name, answer in CONTEXT["answers"].items():
        java.must("set", f"/data/{name}", answer)
    assert leaves(java.must("write").encode())["x"] == value


LIST_FORM = """
| survey |
| | type | name | label | calculation |
| | csv-external | xa | | |
| | text | a | A | |
| | calculate | ten | | instance('xa')/root/item[name = ${a}]/label |
| | calculate | bao_nhieu | | count(instance('xa')/root/item) |
| settings |
| | form_title | form_id | version |
| | X | x | 1 |
"""
LISTS = {
    "name,label\n1,Một\n2,Hai\n": ("Một", "2"),
    "\ufeffname;label\n1;Một, hai\n": ("Một, hai", "1"),
    'name,"label;x",label\n1,b,Một\n': ("", "1"),
    "name,label\n1,Một;x\n": ("Một;x", "1"),
    "name,label\r\n1,Một\r\n\r\n  \r\n2,Hai\r\n": ("Một", "3"),
    "name,label\n1\n2,Hai,thừa\n": ("", "2"),
    "name,label,label\n1,Một,Hai\n": None,
    "name,,,label\n1,x,y,Một\n": None,
    "": None,
}
"""What stands in a CSV list; the label of 1 and the number of items, None where phones do not open the form."""


@pytest.mark.parametrize("text", LISTS)
def test_a_list_in_a_file_is_what_it_is_on_the_phone(java: JavaRosa, tmp_path: Path, text: str) -> None:
    document = convert(LIST_FORM, file_type=".md").xform.encode()
    (tmp_path / "form.xml").write_bytes(document)
    (tmp_path / "xa.csv").write_text(text, encoding="utf-8", newline="")
    verdict, _ = java.ask("form", str(tmp_path / "form.xml"), str(tmp_path))
    if LISTS[text] is None:
        assert verdict == "refused"
        with pytest.raises(Unfillable, match="không mở được biểu mẫu"):
            engine.open_form(document, {"xa.csv": text.encode()}).start()
        return
    java.must("set", "/data/a", "1")
    there = leaves(java.must("write").encode())
    filling = engine.open_form(document, {"xa.csv": text.encode()}).start()
    filling.answer("a", "1")
    ours = (filling.value("ten"), filling.value("bao_nhieu"))
    assert ours == (there["ten"], there["bao_nhieu"]) == LISTS[text]


FILE_FORM = """
| survey |
| | type | name | label | parameters | calculation |
| | select_one_from_file {file} | c | Chọn | value=ma, label=ten | |
| | calculate | ten | | | instance('ds')/root/item[ma = ${{c}}]/ten |
| | calculate | x | | | instance('ds')/root/item[ma = ${{c}}]/x |
| | calculate | hinh | | | instance('ds')/root/item[ma = ${{c}}]/geometry |
| | calculate | dem | | | count(instance('ds')/root/item) |
| | calculate | het | | | join(' ~ ', instance('ds')/root/item/ten) |
| | calculate | tong | | | sum(instance('ds')/root/item/x) |
| settings |
| | form_title | form_id | version |
| | X | x | 1 |
"""
"""A choice from a file, its other columns, and what is reckoned over the whole file."""


def feature(properties: str, place: str = '"Point", "coordinates": [106.5, 20.8]') -> str:
    """A GeoJSON file of one place, called a."""
    one = f'{{"type": "Feature", "id": "f", "geometry": {{"type": {place}}}, "properties": {properties}}}'
    return f'{{"type": "FeatureCollection", "features": [{one}]}}'


ITEM = "<item><ma>a</ma><ten>Ấm</ten><x>2</x></item>"
PREFIXED = f"<n:root xmlns:n='http://vd.vn'>{ITEM}</n:root>".replace("<item", "<n:item").replace(
    "</item", "</n:item"
)
AM = '{"ma": "a", "ten": "Ấm"}'
AREA = '"Polygon", "coordinates": [[[1, 2, 3], [1, 3, 3], [2, 2, 3], [1, 2, 3]]]'
FILES = {
    "an empty line": ("ds.csv", "ma,ten,x\na,Ấm,2\n\nb,Bền,3\n"),
    "blanks in a line": ("ds.csv", "ma,ten,x\r\na,Ấm,2\r\n   \r\n"),
    "too few cells": ("ds.csv", "ma,ten,x\na,Ấm\nb,Bền,3\n"),
    "too many cells": ("ds.csv", "ma,ten,x\na,Ấm,2,4,5\nb,Bền,3\n"),
    "an empty cell": ("ds.csv", "ma,ten,x\na,Ấm,\nb,,3"),
    "semicolons": ("ds.csv", "\ufeffma;ten;x\na;Ấm, Bền;2\n"),
    "quotes and lines within": ("ds.csv", 'ma,ten,x\na,"Ông ""Ấm"",\nxóm 2",2\n'),
    "quotes amid a cell": ("ds.csv", 'ma,ten,x\na,Ông "Ấm",2\n'),
    "signs of XML": ("ds.csv", "ma,ten,x\na,<b>&amp;,2\n"),
    "a declaration": ("ds.xml", f"<?xml version='1.0' encoding='UTF-8'?>\n<!-- x --><root>{ITEM}</root>"),
    "a namespace": ("ds.xml", f"<root xmlns='http://vd.vn'>{ITEM}</root>"),
    "a prefix": ("ds.xml", PREFIXED),
    "blanks around texts": ("ds.xml", "<root>\n <item><ma> a </ma>\n<ten>\n Ấm </ten><x>2</x></item></root>"),
    "a section of signs": ("ds.xml", f"<root>{ITEM.replace('Ấm', '<![CDATA[Ấm & <Bền>]]>')}</root>"),
    "no value": ("ds.geojson", feature('{"ma": "a", "ten": null, "x": 2}')),
    "numbers and truths": ("ds.geojson", feature('{"ma": "a", "ten": true, "x": 2.5}')),
    "a height": ("ds.geojson", feature(AM, '"Point", "coordinates": [106.5, 20.8, 7.5]')),
    "an area with heights": ("ds.geojson", feature(AM, AREA)),
    "a list within": ("ds.geojson", feature('{"ma": "a", "ten": [1, 2]}')),
    "a mark of bytes before XML": ("ds.xml", f"\ufeff<root>{ITEM}</root>"),
    "several places in one": ("ds.geojson", feature(AM, '"MultiPoint", "coordinates": [[1, 2]]')),
}  # fmt: skip
"""Files as people and programs write them; those that end the list open on no phone."""
UNOPENED = {"a list within", "a mark of bytes before XML", "several places in one"}


@pytest.mark.parametrize("name", FILES)
def test_a_choice_from_a_file_is_what_it_is_on_the_phone(java: JavaRosa, tmp_path: Path, name: str) -> None:
    file, text = FILES[name]
    document = convert(FILE_FORM.format(file=file), file_type=".md").xform.encode()
    (tmp_path / "form.xml").write_bytes(document)
    (tmp_path / file).write_text(text, encoding="utf-8", newline="")
    if name in UNOPENED:
        assert java.ask("form", str(tmp_path / "form.xml"), str(tmp_path))[0] == "refused"
        with pytest.raises(Unfillable):
            choice_lists.check(file, text.encode())
        return
    java.must("form", str(tmp_path / "form.xml"), str(tmp_path))
    java.must("set", "/data/c", "a")
    choice_lists.check(file, text.encode())
    there, ours = leaves(java.must("write").encode()), chosen(document, file, text)
    assert ours == {path: text for path, text in there.items() if path in ours}


def chosen(document: bytes, file: str, text: str) -> dict[str, str]:
    """What our own engine writes where `a` is chosen; without the ids."""
    filling = engine.open_form(document, {file: text.encode()}).start()
    filling.answer("c", "a")
    return {path: text for path, text in leaves(filling.submission()).items() if not path.startswith("meta")}
