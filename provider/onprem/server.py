"""The gRPC server that the engine talks to: the SDK's, but for what is asked about resources; errors are sentences."""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc, status_pb2

from onprem.errors import OnPremError
from onprem.provider import OnPrem, PartlyCreatedError
from onprem.schema import VERSION

MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
WAIT_MILLISECONDS = 30 * 60 * 1000
OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.server_max_unrequested_time_in_server", WAIT_MILLISECONDS),
]

Method = Callable[[Any], Awaitable[Any]]


class EngineReport:
    """Shows what is said about one resource in the engine's display."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub, urn: str) -> None:
        self._engine = engine
        self._urn = urn

    async def status(self, text: str) -> None:
        await self._log(engine_pb2.INFO, text, ephemeral=True)

    async def note(self, text: str) -> None:
        await self._log(engine_pb2.INFO, text)

    async def warning(self, text: str) -> None:
        await self._log(engine_pb2.WARNING, text)

    async def _log(self, severity: Any, text: str, *, ephemeral: bool = False) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=text, urn=self._urn, ephemeral=ephemeral)
        await self._engine.Log(request)


class Servicer(ProviderServicer):
    """The SDK's servicer raises errors with a Python traceback, and takes long to translate property values."""

    _provider: OnPrem

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names, here and below
        return await _answer(self._provider.check_config, request, context)

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.configure, request, context)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.check, request, context)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.diff, request, context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.create, request, context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.read, request, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        return await _answer(self._provider.update, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        await _answer(self._provider.delete, request, context)
        return empty_pb2.Empty()


async def _answer(method: Method, request: Any, context: Any) -> Any:
    try:
        return await method(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the engine gets a sentence
        cause = error
    if isinstance(cause, PartlyCreatedError):
        context.set_trailing_metadata(_partly_created(cause))
    return await context.abort(grpc.StatusCode.UNKNOWN, _sentence(cause))


def _partly_created(error: PartlyCreatedError) -> tuple[tuple[str, bytes]]:
    """The one error that makes the engine keep the resource, try it again on `up` and delete it on `destroy`."""
    detail = proto.ErrorResourceInitFailed(id=error.identity, properties=error.state, reasons=[str(error)])
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    return (("grpc-status-details-bin", status.SerializeToString()),)


def _sentence(error: BaseException) -> str:
    if isinstance(error, OnPremError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"onprem: a defect in the provider: {error!r} ({place.name}, line {place.lineno}); please report it"


def engine_reports(engine_address: str) -> Callable[[str], EngineReport]:
    """Reports to the engine, by the URN of the resource."""
    engine = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(engine_address, options=OPTIONS))
    return lambda urn: EngineReport(engine, urn)


async def start(provider: OnPrem, engine_address: str) -> tuple[grpc.aio.Server, int]:
    """A server that answers for `provider`, and its port on the loopback."""
    server = grpc.aio.server(options=OPTIONS)
    servicer = Servicer([], VERSION, provider, engine_address=engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def serve(engine_address: str) -> None:
    """Answers the engine until it ends this process, or is gone itself. It reads the port from standard output."""
    provider = OnPrem(engine_reports(engine_address))
    server, port = await start(provider, engine_address)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await engine_is_gone(engine_address)
    await provider.cancel()
    await server.stop(None)


async def engine_is_gone(engine_address: str) -> None:
    """Returns once nobody listens there any more: a killed engine ends no plugin, and hosts must not wait for it."""
    async with grpc.aio.insecure_channel(engine_address) as channel:
        while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            await channel.wait_for_state_change(state)


def main(arguments: list[str]) -> None:
    """Serves the engine named in `arguments`."""
    parser = argparse.ArgumentParser(description="Pulumi provider onprem; started by the Pulumi engine")
    parser.add_argument("engine", help="address of the Pulumi engine")
    engine_address = parser.parse_known_args(arguments)[0].engine
    try:
        asyncio.run(serve(engine_address))
    except KeyboardInterrupt:
        return
