"""What pyodk, as it is installed, gets from a server: run by its own Python, writes JSON of each call."""

import json
import sys
from pathlib import Path

from pyodk.client import Client
from pyodk.errors import PyODKError

url, username, password, folder, code = sys.argv[1:]


def client_of(name: str, secret: str) -> Client:
    config = Path(folder) / f"{name}.toml"
    config.write_text(
        f'[central]\nbase_url = "{url}"\nusername = "{name}"\npassword = "{secret}"\ndefault_project_id = 11629\n'
    )
    return Client(config_path=str(config), cache_path=str(Path(folder) / f"{name}.cache"))


first = "uuid:00000000-0000-4000-8000-000000000001"
told = {}
with client_of(username, password) as client:
    told["projects"] = [each.id for each in client.projects.list()]
    told["project"] = client.projects.get(11629).name
    told["forms"] = [each.xmlFormId for each in client.forms.list()]
    told["form"] = client.forms.get("khao_sat").version
    told["xml"] = client.forms.get_xml("khao_sat")[:5]
    told["submissions"] = [each.instanceId for each in client.submissions.list(form_id="khao_sat")]
    told["submission"] = client.submissions.get(first, form_id="khao_sat").instanceId
    table = client.submissions.get_table(form_id="khao_sat", count=True)
    told["table"] = [table["@odata.count"], [row["__id"] for row in table["value"]]]
    told["filtered"] = len(
        client.submissions.get_table(form_id="khao_sat", filter="ho/so_nguoi gt 10", top=1)["value"]
    )
    told["expanded"] = [
        len(row["tv"]) for row in client.submissions.get_table(form_id="khao_sat", expand="*")["value"]
    ]
    told["rounds"] = len(
        client.submissions.get_table(form_id="khao_sat", table_name="Submissions.tv")["value"]
    )
    client.submissions.review(instance_id=first, form_id="khao_sat", review_state="approved")
    told["reviewed"] = client.submissions.get(first, form_id="khao_sat").reviewState
    told["comments"] = len(client.submissions.list_comments(first, form_id="khao_sat"))
    told["app_users"] = [each["type"] for each in client.get("projects/11629/app-users").json()]
    told["attachments"] = client.get(f"projects/11629/forms/khao_sat/submissions/{first}/attachments").json()
    csv = client.get("projects/11629/forms/khao_sat/submissions.csv")
    told["csv"] = [csv.status_code, csv.text.count("\n")]
    client.submissions.edit(
        first,
        client.get(f"projects/11629/forms/khao_sat/submissions/{first}.xml")
        .text.replace(">007<", ">8<")
        .replace("<instanceID>", "<deprecatedID>" + first + "</deprecatedID><instanceID>")
        .replace(f"<instanceID>{first}", "<instanceID>uuid:00000000-0000-4000-8000-0000000000b1"),
        form_id="khao_sat",
        comment="Gõ nhầm",
    )
    told["edited"] = [
        client.submissions.get(first, form_id="khao_sat").reviewState,
        client.submissions.list_comments(first, form_id="khao_sat")[0].body,
    ]
    book, picture = (str(Path(folder) / name) for name in ("cua_xa.xlsx", "hinh.png"))
    told["made"] = client.forms.create(definition=book, attachments=[picture]).xmlFormId
    client.forms.update("cua_xa", definition=str(Path(folder) / "cua_xa_2.xlsx"), attachments=[picture])
    told["version"] = client.forms.get("cua_xa").version
    client.entities.default_entity_list_name = "ho_dan"
    made = client.entities.create(label="Lương Thị Nụ, Ngõ 14, số 3", data={"thon": "11629001"})
    told["entity"] = client.entities.update(
        made.uuid, label="Lương Thị Na", base_version=1
    ).currentVersion.version
    some = [{"label": f"Đỗ Văn {each}, Ngõ 5{each}", "thon": "11629002"} for each in range(3)]
    told["many"] = client.entities.create_many(some, create_source="danh sách")
    told["listed"] = len(client.entities.list())
    told["deleted"] = client.entities.delete(made.uuid)
    told["rows"] = client.entities.get_table(count=True)["@odata.count"]
    merged = client.entities.merge(
        [{"thon": "11629001", "label": "Trần Thị Tám, Ngõ 8"}], match_keys=["label"], delete_not_matched=False
    )
    told["merged"] = [len(merged.to_insert), len(client.entities.list())]
    told["lists"] = [each.name for each in client.entity_lists.list()]
    told["list"] = client.entity_lists.get("ho_dan").name
    place = client.entities.create(
        label="Nhà văn hóa",
        data={"thon": "11629002", "loai": "nhà văn hóa"},
        entity_list_name="diem_cong_cong",
    )
    client.entities.update(
        place.uuid, data={"loai": "trường học"}, force=True, entity_list_name="diem_cong_cong"
    )
    places = client.entities.get_table(
        entity_list_name="diem_cong_cong", filter="loai eq 'truong_hoc'", select="label,__system/version"
    )["value"]
    told["places"] = [[each["label"], each["__system"]["version"]] for each in places]
    users = client.projects.create_app_users(["Lê Thị Tư (11629001)"], forms=["khao_sat"])
    told["added"] = [[each.displayName, bool(each.token)] for each in users]
    told["refused"] = []
    for call in (
        lambda: client.entity_lists.create(entity_list_name="moi"),
        lambda: client.entity_lists.add_property("moi", entity_list_name="ho_dan"),
    ):
        try:
            call()
        except PyODKError as refused:
            told["refused"].append("biểu mẫu đã phát hành" in str(refused))
with client_of("nguoi_di", code) as client:
    photo = Path(folder) / "1.jpg"
    made = client.submissions.create(
        xml=(
            '<data id="khao_sat" version="1"><thon>11629001</thon><ho><so_nguoi>3</so_nguoi><anh>1.jpg</anh></ho>'
            "<meta><instanceID>uuid:00000000-0000-4000-8000-0000000000a1</instanceID></meta></data>"
        ),
        form_id="khao_sat",
        device_id="may-1",
        attachments=[photo],
    )
    told["sent"] = [made.instanceId, made.attachments[0].exists]
sys.stdout.write(json.dumps(told))
