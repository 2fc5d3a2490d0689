"""The gate before data stores: changed only while a restore test is recent, or somebody answers for it."""

from typing import TYPE_CHECKING

import pulumi
from pydantic import Field

from components.model import Settings
from components.operations.backups import NEWEST_REPORT, repository
from components.resources import Proof

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

SECONDS = {"d": 24 * 3600, "h": 3600}


class OverrideSettings(Settings):
    """A person's word. It stands in the stack file, where it is reviewed, and in the state."""

    reason: str = Field(min_length=8, description="why data stores may change without a recent restore test")
    until: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the last day on which that holds, in UTC")


def proof(settings: "DeploymentSettings") -> Proof | None:
    """What a change of a data store needs; nothing unless the stack file asks for it."""
    if not (allowed := settings.require_restore_test):
        return None
    given = settings.restore_test_override
    return Proof(
        host=repository(settings).name,
        path=NEWEST_REPORT,
        seconds=int(allowed[:-1]) * SECONDS[allowed[-1]],
        what="restore test",
        how=f"scripts/restore-test {pulumi.get_stack()}",
        **(given.model_dump() if given else {}),
    )
