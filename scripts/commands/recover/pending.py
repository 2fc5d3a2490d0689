"""What was under way when a run ended: the operations that a state calls pending."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commands.recover import RecoverError

GENERATED = ("random:", "tls:")
ON_HOSTS = "onprem:"


@dataclass(frozen=True)
class Operation:
    """`doing`: creating, updating, deleting, reading or importing."""

    name: str
    kind: str
    doing: str

    def __str__(self) -> str:
        return f"{self.name}: {self.doing} ({self.kind}): {self._outcome}"

    @property
    def _outcome(self) -> str:
        if self.doing == "creating" and self.kind.startswith(ON_HOSTS):
            return "forgotten; pulumi up takes over what is on the host already"
        if self.doing == "creating" and self.kind.startswith(GENERATED):
            return "forgotten; no host has it yet, pulumi up makes another one"
        if self.doing == "creating":
            return "forgotten; pulumi up does it again"
        if self.kind.startswith(ON_HOSTS):
            return "forgotten; pulumi up --refresh looks at the host and goes on from there"
        return "forgotten; pulumi up goes on from the last known state"


def operations(stack: str, state: str) -> list[Operation]:
    """What is pending in the JSON text of an exported state; raises when that is none."""
    try:
        deployment: Mapping[str, Any] = json.loads(state).get("deployment") or {}
        return [_operation(each) for each in deployment.get("pending_operations") or ()]
    except (ValueError, KeyError, AttributeError) as error:
        raise RecoverError(f"{stack}: its state is not understood ({error!r}); look at: pulumi stack export") from None


def _operation(told: Mapping[str, Any]) -> Operation:
    urn = told["resource"]["urn"]
    kind = urn.split("::")[2].rsplit("$", 1)[-1]
    return Operation(urn.split("::", 3)[3], kind, told["type"])
