"""What a stack file may say of RabbitMQ."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from components.model import Settings, Size

USER = "im"


def queue_names(queues: dict[str, "QueueSettings"]) -> dict[str, "QueueSettings"]:
    """Names that RabbitMQ does not keep for itself."""
    for name in queues:
        if not name or name.startswith("amq.") or len(name) > 200 or not name.isprintable():
            raise ValueError(f"{name!r} is no name for a queue; use letters, digits, dots and hyphens, not amq.…")
    return queues


def a_user(text: str) -> str:
    """A name that needs no quotes anywhere; `guest` has a password that everybody knows."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) or text in ("guest", USER):
        raise ValueError(f"{text} cannot stay as a user; name others by letters, digits, dot, underscore and hyphen")
    return text


class QueueSettings(Settings):
    """One quorum queue."""

    max_length: int = Field(100_000, ge=1, description="messages it holds; more are refused, so publishers notice")
    consumers: int = Field(2, ge=1, le=100, description="consumers of the IM server, per IM host")


class RabbitMQSettings(Settings):
    """Queues and memory."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"memory_megabytes": 256},
        "medium": {"memory_megabytes": 2_048},
        "large": {"memory_megabytes": 8_192},
    }

    queues: Annotated[dict[str, QueueSettings], AfterValidator(queue_names)] = Field(
        default_factory=lambda: {"events": QueueSettings()}, description="the queues by name"
    )
    memory_megabytes: int = Field(256, ge=128, description="publishers wait when RabbitMQ uses more")
    free_disk_megabytes: int = Field(512, ge=64, description="publishers wait when the disk has less room")
    delivery_limit: int = Field(20, ge=1, description="a message that was returned so often is dropped")
    host_names: bool = Field(
        False, description="members are called by their hosts' names, as those that exist already; else by address"
    )
    other_users: tuple[Annotated[str, AfterValidator(a_user)], ...] = Field(
        (), description="users of other applications, which stay; all others that nobody declared are removed"
    )
    tick_seconds: int = Field(15, ge=5, le=120, description="a silent member counts as lost after about so long")
