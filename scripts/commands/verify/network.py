"""Connections to one given address under the domain's name: what DNS will say once it points there."""

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


class OneAddress(AbstractResolver):
    """Answers for `domain` only."""

    def __init__(self, domain: str, address: str) -> None:
        self._domain = domain
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != self._domain:
            raise OSError(f"{host} is not {self._domain}")
        kind = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host, host=self._address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


def trusting(authority: str) -> ssl.SSLContext:
    """Trusts the deployment's own authority and nobody else, and checks names."""
    context = ssl.create_default_context(cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def web(domain: str, address: str, context: ssl.SSLContext) -> aiohttp.ClientSession:
    """An HTTP client that finds `domain` at `address`."""
    connector = aiohttp.TCPConnector(resolver=OneAddress(domain, address), ssl=context, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))
