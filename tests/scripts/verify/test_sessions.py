"""What verify says when a way in does not work."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from commands.apply.generated import generate
from commands.verify import VerifyError
from commands.verify import sessions as module
from commands.verify.accounts import Account
from commands.verify.sessions import Place, Way, session

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _authority() -> dict[str, Any]:
    key = generate("tls:index/privateKey:PrivateKey", {"algorithm": "ECDSA", "ecdsaCurve": "P256"}, None)
    inputs = {
        "privateKeyPem": key.outputs["privateKeyPem"],
        "allowedUses": ["cert_signing", "digital_signature", "server_auth"],
        "validityPeriodHours": 24,
        "subject": {"commonName": "chat.test"},
        "dnsNames": ["chat.test"],
        "isCaCertificate": True,
    }
    return dict(generate("tls:index/selfSignedCert:SelfSignedCert", inputs, None).outputs)


def _context(authority: dict[str, Any], folder: Path) -> ssl.SSLContext:
    (folder / "both.pem").write_text(authority["certPem"] + authority["privateKeyPem"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def _where(way: Way, port: int, authority: str) -> Place:
    return Place(way, "chat.test", "127.0.0.1", port, authority)


async def _log_in(where: Place) -> str:
    one = session(Account("alice", "password"), where)
    try:
        await one.log_in()
    except VerifyError as error:
        return str(error)
    finally:
        await one.log_out()
    return "logged in"


@asynccontextmanager
async def _serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize(("way", "name"), [("starttls", "STARTTLS"), ("tls", "direct TLS"), ("web", "WebSocket")])
def test_nothing_listens(way: Way, name: str) -> None:
    async def run() -> tuple[int, str]:
        async with _serving(_silent) as port:
            pass
        return port, await _log_in(_where(way, port, _authority()["certPem"]))

    port, said = asyncio.run(run())

    hint = "nothing listens there; is HAProxy running, and does the firewall let you in?"
    assert said == f"{name}, 127.0.0.1 port {port}: {hint}"


@pytest.mark.parametrize("way", ["tls", "web"])
def test_a_certificate_of_another_authority_is_refused(way: Way, tmp_path: Path) -> None:
    context = _context(_authority(), tmp_path)

    async def run() -> str:
        async with _serving(_silent, context) as port:
            return await _log_in(_where(way, port, _authority()["certPem"]))

    assert ": the certificate is not to be trusted: " in asyncio.run(run())


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOGIN_SECONDS", 0.2)

    async def run() -> tuple[int, str]:
        async with _serving(_silent) as port:
            return port, await _log_in(_where("starttls", port, _authority()["certPem"]))

    port, said = asyncio.run(run())

    assert said == f"STARTTLS, 127.0.0.1 port {port}: no login within 0.2 s"


def test_a_server_that_hangs_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async def run() -> str:
        async with _serving(hang_up) as port:
            return await _log_in(_where("starttls", port, _authority()["certPem"]))

    assert "the server ended the connection" in asyncio.run(run())


def test_a_web_server_without_websocket(tmp_path: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def run() -> str:
        authority = _authority()
        async with _serving(refuse, _context(authority, tmp_path)) as port:
            return await _log_in(_where("web", port, authority["certPem"]))

    assert asyncio.run(run()).endswith(": the web server answers 503 and no WebSocket; is the IM server running?")
