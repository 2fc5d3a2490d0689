"""Says which ports answer: `port_probe.py SOURCE TARGET tcp|udp PORT…`. Runs inside the lab, with Python alone."""

import asyncio
import sys

SECONDS = 3


class Answer(asyncio.DatagramProtocol):
    """Any datagram, and any word that nobody listens, is an answer: a firewall that drops says nothing."""

    def __init__(self) -> None:
        self.came = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.error_received(None)

    def error_received(self, exc: Exception | None) -> None:
        if not self.came.done():
            self.came.set_result(True)


async def tcp(source: str, target: str, port: int) -> bool:
    try:
        opening = asyncio.open_connection(target, port, local_addr=(source, 0))
        _, writer = await asyncio.wait_for(opening, SECONDS)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    writer.close()
    return True


async def udp(source: str, target: str, port: int) -> bool:
    loop = asyncio.get_running_loop()
    transport, answer = await loop.create_datagram_endpoint(Answer, (source, 0), (target, port))
    transport.sendto(b"\0")
    try:
        return bool(await asyncio.wait_for(answer.came, SECONDS))
    except TimeoutError:
        return False
    finally:
        transport.close()


async def main(source: str, target: str, protocol: str, ports: list[int]) -> None:
    probe = {"tcp": tcp, "udp": udp}[protocol]
    answers = await asyncio.gather(*(probe(source, target, port) for port in ports))
    print(*(port for port, answered in zip(ports, answers, strict=True) if answered))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], [int(port) for port in sys.argv[4:]]))
