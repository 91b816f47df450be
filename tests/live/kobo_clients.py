"""Run in a Python of its own by test_kobo_clients: what six clients of KoboToolbox read from a server, as JSON.

Nothing of a client is changed. Told on standard input: `url`, `secure` (the same server behind TLS), `token`, `uid`.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from pathlib import Path

import openpyxl
import pykobo as of_pykobo
from kobo import KoboClient
from kobo2pandas import KoboAPI
from kobo_mcp import server as mcp
from kobodata import KoboData
from koboextractor import KoboExtractor


def koboextractor(told):
    client = KoboExtractor(told["token"], f"{told['url']}/api/v2")
    asset = client.get_asset(told["uid"])
    whole = client.get_data(told["uid"])
    page = client.get_data(told["uid"], query='{"ho/so_nguoi": {"$gt": 10}}', start=5, limit=7)
    since = client.get_data(told["uid"], submitted_after="2020-01-01T00:00:00")
    choices = client.get_choices(asset)
    questions = client.get_questions(asset, unpack_multiples=True)
    labelled = client.label_result(whole["results"][0], choices, questions, unpack_multiples=True)
    return {
        "forms": [each["uid"] for each in client.list_assets()["results"]],
        "rows": client.sort_results_by_time(whole["results"]),
        "counts": [whole["count"], page["count"], len(page["results"]), since["count"]],
        "choices": {
            name: {key: each["label"] for key, each in list_.items()} for name, list_ in choices.items()
        },
        "label": labelled["results"]["thon"]["answer_label"],
    }


def kobo2pandas(told):
    client = KoboAPI(told["token"], told["url"])
    tables = dict(enumerate(client.get_dataframes(told["uid"])))
    return {
        "forms": client.list_uid(),
        "tables": {name: len(table) for name, table in tables.items()},
        "rows": json.loads(tables[0].to_json(orient="records")),
        "excel": client.export_excel(told["uid"], str(Path(tempfile.mkdtemp()) / "a.xlsx")),
    }


def pykobo(told):
    manager = of_pykobo.Manager(told["url"], 2, told["token"])
    form = manager.get_form(told["uid"])
    form.fetch_data()
    names = list(form.data.columns)
    rows = json.loads(form.data.to_json(orient="records"))
    repeats = {name: len(table) for name, table in form.repeats.items()}
    folder = Path(tempfile.mkdtemp())
    with contextlib.chdir(folder):
        form.download_form("xls")
        form.download_form("xml")
    form.fetch_media()
    saved = {each.suffix: each.read_bytes()[:5].hex() for each in folder.iterdir()}
    return {
        "metadata": form.metadata, "names": names, "rows": rows, "repeats": repeats, "saved": saved,
    }  # fmt: skip


def kobo_api_v2(told):
    client = KoboClient(told["token"], told["url"])
    saved = client.get_excel(told["uid"], path=Path(tempfile.mkdtemp()) / "a.xlsx", poll_interval=0.2)
    book = openpyxl.load_workbook(saved)
    return {
        "workbook": {sheet.title: sheet.max_row for sheet in book.worksheets},
        "forms": [each["uid"] for each in client.get_surveys()],
        "name": client.get_survey(told["uid"])["name"],
        "questions": len(client.get_survey_content(told["uid"])["data"]["survey"]),
    }


def kobodata(told):
    client = KoboData(told["secure"].removeprefix("https://"), told["uid"], told["token"])
    return {"count": client.counts, "rows": client.get_data}


def kobo_mcp(told):
    async def ask():
        found = json.loads(await mcp.get_submissions(told["uid"], limit=3, query='{"ho/so_nguoi": 7}'))
        place = str(Path(tempfile.mkdtemp()) / "form.xlsx")
        return {
            "forms": json.loads(await mcp.list_forms()),
            "found": json.loads(await mcp.list_forms(search="Khảo sát")),
            "form": json.loads(await mcp.get_form(told["uid"])),
            "submissions": found,
            "data": json.loads(await mcp.export_data(told["uid"])),
            "exported": json.loads(await mcp.export_form(told["uid"], place)),
        }

    return asyncio.run(ask())


CLIENTS = (koboextractor, kobo2pandas, pykobo, kobo_api_v2, kobodata, kobo_mcp)


def main():
    told, out = json.load(sys.stdin), sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        found = {client.__name__: client(told) for client in CLIENTS}
    json.dump(found, out, default=str)


if __name__ == "__main__":
    main()
