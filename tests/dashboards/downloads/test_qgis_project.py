"""The QGIS project: layers of /ogc in the colours and words of the page's map, and no key in it."""

import io
import zipfile
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from flask import Flask

from dashboards.downloads import qgis_project
from dashboards.maps.map_colours import COLOURS
from server.api.ogc.layers import LAYERS
from server.db import db
from server.models import Commune
from tests import leaders
from tests.people import browser, make_person


def opened(content: bytes) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        [name] = packed.namelist()
        assert name.endswith(".qgs")
        return ElementTree.fromstring(packed.read(name))


def test_each_target_has_a_layer_of_thon_in_the_colours_of_the_map() -> None:
    root = opened(qgis_project.write(leaders.sample(), "https://xa.example.vn/ogc", "Xã An Lão", LAYERS))
    layers = {layer.findtext("id"): layer for layer in root.iter("maplayer")}
    thon = layers["thon_theo_phu_song_5g"].find("renderer-v2")
    assert thon is not None
    assert thon.get("attr") == "phu_song_5g_state"
    met = next(each for each in thon.iter("category") if each.get("value") == "met")
    symbol = thon.find(f"symbols/symbol[@name='{met.get('symbol')}']")
    assert symbol is not None
    red, green, blue = (int(COLOURS["k-met"][n : n + 2], 16) for n in (1, 3, 5))
    colour = symbol.find(".//Option[@name='color']")
    assert colour is not None
    assert colour.get("value") == f"{red},{green},{blue},255"


@pytest.mark.usefixtures("noon")
def test_every_layer_of_the_project_is_served(app: Flask) -> None:
    leaders.sign_up(leaders.fill("11629", villages=2))
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("lanh.dao", leaders.PASSWORD)
    answer = visitor.get("/xa/11629/tai-ve/ban-do.qgz")
    assert answer.status_code == 200
    root = opened(answer.data)
    sources = [layer.findtext("datasource") or "" for layer in root.iter("maplayer")]
    assert len(sources) >= 4
    for source in sources:
        assert "url='http://localhost/ogc'" in source
        assert any(f"typename='{name}'" in source for name in LAYERS)
    assert not [source for source in sources if "'nhiem-vu'" in source or "'dia-diem'" in source]
    make_person("can.bo", "officer", db.session.scalars(sa.select(Commune)).one())
    officer = browser(app)
    officer.sign_in("can.bo")
    assert b"nhiem-vu" in ElementTree.tostring(opened(officer.get("/xa/11629/tai-ve/ban-do.qgz").data))
    assert all(len(layer.findtext("id") or "") > 10 for layer in root.iter("maplayer"))
    listed = [each.get("id") for each in root.iter("layer-tree-layer")]
    assert listed == [layer.findtext("id") for layer in root.iter("maplayer")]
