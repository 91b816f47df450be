"""demo.json: all that one needs to try the demonstration (R16); it is written last."""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from server.demo.people import Everyone, Walker
from server.demo.scale import COMMUNES

NAME = "demo.json"
QrText = Callable[[str, str], str]
"""(user name of a collector, address of the server) → the text of their QR code."""


def described(everyone: Everyone, url: str, qr_text: QrText) -> dict[str, Any]:
    """What demo.json holds, for a server at `url`."""
    return {
        "url": url,
        "communes": list(COMMUNES),
        "accounts": {
            each.key: {"username": each.username, "password": each.password} for each in everyone.accounts
        },
        "collectors": [_collector(walker, url, qr_text) for walker in everyone.walkers],
        "api_token": everyone.api_token,
    }


def _collector(walker: Walker, url: str, qr_text: QrText) -> dict[str, Any]:
    return {
        "name": walker.name,
        "commune": walker.commune,
        "villages": list(walker.villages),
        "server_url": f"{url}/key/{walker.token}",
        "username": walker.username,
        "password": walker.password,
        "qr": qr_text(walker.username, url),
    }


def moved(record: Mapping[str, Any], url: str, qr_text: QrText) -> dict[str, Any]:
    """The same demonstration served at another address."""
    if record["url"] == url:
        return dict(record)
    collectors = [
        {
            **each,
            "server_url": f"{url}/key/{each['server_url'].rpartition('/')[2]}",
            "qr": qr_text(each["username"], url),
        }
        for each in record["collectors"]
    ]
    return {**record, "url": url, "collectors": collectors}


def read(instance: Path) -> dict[str, Any] | None:
    """What an earlier run wrote; None where there is nothing, or nothing that could be used."""
    try:
        found = json.loads((instance / NAME).read_bytes())
    except (OSError, ValueError):
        return None
    wanted = {"url", "communes", "accounts", "collectors", "api_token"}
    return found if isinstance(found, dict) and wanted <= found.keys() else None


def write(instance: Path, record: Mapping[str, Any]) -> Path:
    """Write it whole or not at all, readable by the owner alone: it holds passwords."""
    path = instance / NAME
    fresh = instance / f"{NAME}.{secrets.token_hex(4)}"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)
    return path
