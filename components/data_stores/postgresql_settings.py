"""What a stack file may say of PostgreSQL."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from components.model import Settings, Size

DATA = "/var/lib/postgresql/15/im"
OURS = {"ssl", "port", "max_connections", "listen_addresses", "unix_socket_directories", "password_encryption", "fsync"}
"""Parameters that a stack file cannot set by name: they belong to a field of their own, or to this component."""


def not_ours(parameters: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
    """Free parameters, without those that would undo what this component promises."""
    for name in sorted(OURS & {name.lower() for name in parameters}):
        raise ValueError(f"{name} is not free to set; remove it, im:postgresql or the deployment decides on it")
    return parameters


class PostgreSQLSettings(Settings):
    """Connections and memory. Memory is written as PostgreSQL does: 64MB, 4GB."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"max_connections": 100, "shared_buffers": "64MB", "effective_cache_size": "256MB"},
        "medium": {"max_connections": 200, "shared_buffers": "2GB", "effective_cache_size": "6GB"},
        "large": {"max_connections": 400, "shared_buffers": "8GB", "effective_cache_size": "24GB"},
    }

    max_connections: int = Field(100, ge=20, le=10_000, description="connections at once; a change restarts PostgreSQL")
    shared_buffers: str = Field("64MB", description="PostgreSQL's own cache; a quarter of the memory is usual")
    effective_cache_size: str = Field("256MB", description="what the planner may expect the system to cache")
    work_mem: str = Field("4MB", description="memory of one sort or hash")
    maintenance_work_mem: str = Field("64MB", description="memory of vacuum and index builds")
    parameters: Annotated[dict[str, str | int | float | bool], AfterValidator(not_ours)] = Field(
        default_factory=dict, description="any other parameters of PostgreSQL, by name"
    )
    data_directory: str = Field(
        DATA,
        pattern=r"^/var/lib/postgresql/15/[a-z][a-z0-9_]*$",
        description="where the data is; that of a cluster of Debian's (…/15/main) is served as it is",
    )
    failover_seconds: int = Field(20, ge=15, le=300, description="a primary that is silent so long loses its place")
    watchdog: Literal["off", "automatic", "required"] = Field(
        "automatic", description="a device that resets a host whose Patroni hangs; required where there is one"
    )


def existing_cluster(own: PostgreSQLSettings) -> str:
    """`main` when Debian's cluster of that name is served, empty when the data is our own."""
    return "" if own.data_directory == DATA else own.data_directory.rpartition("/")[2]
