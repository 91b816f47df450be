"""pyodk, as anybody installs it, against a server on this machine (O1 to O10)."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from server.db import db
from server.models import Commune
from tests import sample
from tests.client_venv import python_with
from tests.people import PASSWORD
from tests.server.api.central.test_central_publishing import WITH_PICTURE, workbook
from tests.server.api.conftest import FIRST, SECOND, THIRD

CALLS = Path(__file__).parents[3] / "data" / "pyodk_calls.py"
PYODK = "pyodk==1.3.0"


@pytest.mark.live
def test_pyodk_reads_reviews_and_writes_unmodified(
    app: Flask, commune: Commune, visits: str, tmp_path: Path
) -> None:
    here = db.session.merge(commune)
    sample.make_entity(here.villages[0], "Cổng làng", "diem_cong_cong", {"thon": "11629001"})
    code = sample.make_collector(here, list(here.villages), "nguoi_di").token
    for name, version in (("cua_xa", "1"), ("cua_xa_2", "2")):
        (tmp_path / f"{name}.xlsx").write_bytes(workbook(version, WITH_PICTURE))
    for name in ("hinh.png", "1.jpg"):
        (tmp_path / name).write_bytes(sample.photo(b"x"))
    told = _told(app, tmp_path, code)
    every = [FIRST, SECOND, THIRD]
    assert told == {
        "projects": [11629], "project": "Xã An Lão", "forms": ["khao_sat"], "form": "1", "xml": "<?xml",
        "submissions": every[::-1], "submission": FIRST, "table": [3, every], "filtered": 1, "expanded": [2, 0, 0],
        "rounds": 2, "reviewed": "approved", "comments": 1, "app_users": ["field_key"] * 2, "csv": [200, 4],
        "attachments": [{"name": "1763.jpg", "exists": True}, {"name": "may 1.jpg", "exists": True}],
        "edited": ["approved", "Gõ nhầm"], "made": "cua_xa", "version": "2", "entity": 2, "many": True, "listed": 4,
        "deleted": True, "rows": 3, "merged": [1, 4], "lists": ["diem_cong_cong", "ho_dan"], "list": "ho_dan",
        "places": [["Nhà văn hóa", 2]], "added": [["Lê Thị Tư", True]], "refused": [True, True],
        "sent": ["uuid:00000000-0000-4000-8000-0000000000a1", True],
    }  # fmt: skip


def _told(app: Flask, folder: Path, code: str) -> Any:
    python = python_with(PYODK)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        command = [str(python), str(CALLS), url, "officer", PASSWORD, str(folder), code]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)
