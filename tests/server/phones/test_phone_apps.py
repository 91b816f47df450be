"""How many phones are too old for what a form uses, as publication tells it."""

import pytest
from flask import Flask

from forms.check import phone_and_web_limits
from server import clock
from server.db import db
from server.models import Commune, Device
from server.phones import phone_apps
from tests import sample

ENTITIES = next(each for each in phone_and_web_limits.NEEDS if each.code == "entities_2025")
AGENTS = (
    "org.odk.collect.android/v2026.1.0 Dalvik/2.1.0", "org.odk.collect.android/v2025.4.1 Dalvik/2.1.0",
    "org.koboc.collect.android/v2025.3.3 Dalvik/2.1.0", "curl/8.5",
)  # fmt: skip


def phones(commune: Commune, *agents: str) -> None:
    made = sample.make_collector(commune, [sample.make_village(commune)])
    for place, agent in enumerate(agents):
        now = clock.now()
        device = Device(
            collector_id=made.collector.id,
            device_id=f"collect:{place}",
            user_agent=agent,
            first_seen=now,
            last_seen=now,
        )
        db.session.add(device)
    db.session.commit()


@pytest.mark.parametrize(
    ("agent", "found"),
    [
        (AGENTS[0], ("ODK Collect", (2026, 1, 0))),
        (AGENTS[2], ("KoboCollect", (2025, 3, 3))),
        ("org.odk.collect.android/v2026.3.0-beta.1 Dalvik", ("ODK Collect", (2026, 3, 0))),
        ("org.odk.collect.android/dirty Dalvik", None),
        ("curl/8.5", None),
        ("", None),
    ],
)
def test_a_phone_tells_its_app_and_version(agent: str, found: object) -> None:
    assert phone_apps.version_of(agent) == found


def test_older_phones_of_the_commune_are_counted_and_those_unknown_told(app: Flask) -> None:
    commune = sample.make_commune()
    phones(commune, *AGENTS)
    [told] = phone_apps.behind([ENTITIES], commune.id)
    assert (told.older, told.unknown, told.phones) == (2, 1, 4)
    assert phone_apps.behind([ENTITIES], commune.id + 1)[0].phones == 0
    assert phone_apps.behind([each for each in phone_and_web_limits.NEEDS if not each.of_phones], None) == []
