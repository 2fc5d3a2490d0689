"""A client stream inside a WebSocket, by somebody without an account: `probe_websocket.py ADDRESS DOMAIN CA_FILE`."""

import asyncio
import json
import sys
from pathlib import Path

from commands.verify.framing import NAMESPACE
from commands.verify.network import trusting, web
from tests.lab.probe_xmpp import REGISTER

OPEN = f"<open xmlns='{NAMESPACE}' to='{{domain}}' version='1.0'/>"


async def main(address: str, domain: str, ca_file: str) -> dict[str, str]:
    """What is offered, and what is answered to a registration."""
    async with (
        web(domain, address, trusting(Path(ca_file).read_text())) as client,
        client.ws_connect(f"wss://{domain}/ws", protocols=["xmpp"]) as stream,
    ):
        await stream.send_str(OPEN.format(domain=domain))
        await stream.receive_str()
        features = await stream.receive_str()
        await stream.send_str(REGISTER.format(kind="set", domain=domain).replace("<iq ", "<iq xmlns='jabber:client' "))
        return {"features": features, "register": await stream.receive_str()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
