"""The databases of the IM server, and where a consumer finds them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.plan import Endpoint, Role

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 5432
REST_PORT = 8008
"""Where Patroni tells whether its member is the primary."""
ENDPOINT = Endpoint("127.0.0.1", PORT)
"""Where a consumer finds the primary: on its own loopback, by `haproxy-local`. `sslmode=verify-full` works there."""
CONSUMERS: tuple[Role, ...] = ("im",)


@dataclass(frozen=True)
class Database:
    """A database and the role that owns it. `password` is the name of its password in `plan.passwords`."""

    name: str
    user: str
    password: str
    host: str = ENDPOINT.host
    port: int = ENDPOINT.port


IM_DATABASE = Database("im", "ejabberd", "ejabberd_sql_password")
PACKAGE_DATABASE = Database("package", "package", "package_sql_password")


def databases(settings: "DeploymentSettings") -> tuple[Database, ...]:
    """The database of the IM adapter that the stack has chosen."""
    return (PACKAGE_DATABASE,) if settings.im.kind == "package" else (IM_DATABASE,)
