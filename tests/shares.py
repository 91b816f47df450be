"""Which tests a worker is given together: those of a file on one database, so that what they share is made once."""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling


def share(test: str, databases: Sequence[str]) -> str:
    """What the test of this id is dealt out with: its file, and its database if it asks any."""
    file, _, name = test.partition("::")
    _, _, given = name.partition("[")
    return ":".join((file, *(each for each in databases if each in given)))


class ByShares(LoadScopeScheduling):
    """Deals out shares in the order in which tests were collected, one database after the other: a worker makes all its
    templates anew for a share of another database."""

    def __init__(self, config: pytest.Config, log: Any, databases: Sequence[str]) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self.databases = databases

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid, self.databases)
