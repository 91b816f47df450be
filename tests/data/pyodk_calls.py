"""What pyodk, as it is installed, gets from a server: run by its own Python, writes JSON of each call."""

import json
import sys
from pathlib import Path

from pyodk.client import Client

url, username, password, folder = sys.argv[1:]
config = Path(folder) / "pyodk.toml"
config.write_text(
    f'[central]\nbase_url = "{url}"\nusername = "{username}"\npassword = "{password}"\ndefault_project_id = 11629\n'
)
first = "uuid:00000000-0000-4000-8000-000000000001"
told = {}
with Client(config_path=str(config), cache_path=str(Path(folder) / "cache.toml")) as client:
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
sys.stdout.write(json.dumps(told))
