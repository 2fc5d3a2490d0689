"""What the hosts themselves say of changes that were cut off."""

import asyncio

from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.report import Silence

ANY = "system"
"""The agent lists what is unfinished whichever service it is asked about."""


async def unfinished(connections: Connections) -> list[str]:
    """One line per host and change; a host that cannot be asked says why."""
    try:
        found = await asyncio.gather(*(_of(connections, host) for host in sorted(connections.hosts)))
    finally:
        await connections.close()
    return [line for lines in found for line in lines]


async def _of(connections: Connections, host: str) -> list[str]:
    try:
        connection = await connections.get(host)
        answer = await connection.request("manifest", Silence(), service=ANY)
    except OnPremError as error:
        return [str(error)]
    services = answer["unfinished"]
    if not services:
        return [f"{host}: no change is unfinished"]
    return [f"{host}/{name}: a change was cut off; the next change of {host} undoes it first" for name in services]
