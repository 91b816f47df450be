"""The sender of a submission: a collector, a person on a page, or a poster."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Sender:
    """The collector behind a request, or the poster that somebody answers: then there is no collector.

    `villages` are their thôn, key by code; nothing else is theirs to change.
    """

    collector_id: int | None
    commune_id: int
    villages: Mapping[str, int]
    device: str | None = None
    user_agent: str | None = None
    address: str | None = None
    person: str | None = None
    """Who corrects on a page what this collector sent, as the audit names them."""

    decides: bool = False
    """Somebody looked at the submission and lets it count: what only asks for a look is past."""
    poster_id: int | None = None
    """The poster by which somebody answers by themselves: what they say is counted apart."""

    @property
    def actor(self) -> str:
        """How the audit names them."""
        if self.poster_id is not None:
            return self.person or f"poster:{self.poster_id}"
        return self.person or f"collector:{self.collector_id}"

    @property
    def facts(self) -> dict[str, Any]:
        """What of them is known only now, to be kept until the submission is applied."""
        return {
            "commune": self.commune_id, "villages": dict(self.villages), "address": self.address, "person": self.person,
            "poster": self.poster_id,
        }  # fmt: skip


def of_facts(facts: Mapping[str, Any], collector_id: int | None) -> Sender:
    """The sender as they were when the submission came."""
    return Sender(
        collector_id,
        facts["commune"],
        facts["villages"],
        address=facts["address"],
        person=facts["person"],
        poster_id=facts.get("poster"),  # what an older program accepted has none
    )
