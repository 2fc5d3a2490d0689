"""What goes over HTTP: uploaded files (XEP-0363), and the way from port 80 to https."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.xep_0363 import FileUploadError

from commands.verify import VerifyError
from commands.verify.network import trusting, web
from commands.verify.outputs import Outputs
from commands.verify.run import Skip
from commands.verify.sessions import Session, why

UPLOAD_BYTES = 64 * 1024
HTTP_PORT = 80


async def upload(outputs: Outputs, own: Session) -> None:
    """A file goes up and comes back as it was."""
    content = secrets.token_bytes(UPLOAD_BYTES)
    try:
        slot = await _slot(own)
        async with web(outputs.endpoints.domain, own.where.address, trusting(outputs.ca)) as client:
            async with client.put(slot.put, data=content, headers=slot.headers) as answer:
                if answer.status not in (200, 201):
                    raise VerifyError(f"{own.where.address}: the upload is refused with status {answer.status}")
            async with client.get(slot.get) as answer:
                if await answer.read() != content:
                    raise VerifyError(f"{own.where.address}: the upload does not come back (status {answer.status})")
    except (aiohttp.ClientError, OSError) as error:
        raise VerifyError(f"{own.where.address}: upload: {why(error)}") from None


@dataclass(frozen=True)
class Slot:
    """Where to put a file, with which headers, and where to get it."""

    put: str
    headers: Mapping[str, str]
    get: str


async def _slot(own: Session) -> Slot:
    plugin = own["xep_0363"]
    try:
        service = await plugin.find_upload_service(timeout=10)
        if service is None:
            raise Skip("not offered")
        answer = await plugin.request_slot(service["from"], "verify.bin", UPLOAD_BYTES, timeout=10)
    except (IqError, IqTimeout, FileUploadError) as error:
        raise VerifyError(f"{own.where.address}: no place for an upload: {error}") from None
    slot = answer["http_upload_slot"]
    headers = {header["name"]: header["value"] for header in slot["put"]["headers"]}
    return Slot(slot["put"]["url"], {**headers, "Content-Type": "application/octet-stream"}, slot["get"]["url"])


async def redirect(outputs: Outputs) -> None:
    """Every load balancer sends browsers from port 80 to https."""
    domain = outputs.endpoints.domain
    for address in outputs.endpoints.addresses:
        try:
            async with (
                web(domain, address, trusting(outputs.ca)) as client,
                client.get(f"http://{domain}:{HTTP_PORT}/", allow_redirects=False) as answer,
            ):
                where = answer.headers.get("Location", "")
        except (aiohttp.ClientError, OSError) as error:
            raise VerifyError(f"{address}: port {HTTP_PORT}: {why(error)}") from None
        if not where.startswith(f"https://{domain}"):
            raise VerifyError(
                f"{address}: port {HTTP_PORT} answers {answer.status} and does not lead to https://{domain}"
            )
