"""Who sends a submission."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Sender:
    """The collector behind a request. `villages` are his thôn, key by code; nothing else is his to change."""

    collector_id: int
    commune_id: int
    villages: Mapping[str, int]
    device: str | None = None
    user_agent: str | None = None
    address: str | None = None
    person: str | None = None
    """Who corrects on a page what this collector sent, as the audit names him."""

    decides: bool = False
    """Somebody looked at the submission and lets it count: what only asks for a look is past."""

    @property
    def actor(self) -> str:
        """How the audit names him."""
        return self.person or f"collector:{self.collector_id}"
