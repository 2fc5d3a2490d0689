"""The provider's gRPC server, called as the engine calls it, inside a lab's network.

As a program it reads one call a line from standard input, `{"method", "request"}`, and answers `{"answer"}` or
`{"error"}` with what was logged; `ProviderSession` is its other end.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import grpc.aio  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, json_format  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

from onprem.provider import OnPrem
from onprem.server import engine_reports, start
from onprem.values import plain, properties
from tests.lab.private_lab import ROOT, PrivateLab

SERVICE_URN = "urn:pulumi:lab::try::onprem:index:Service::try"


class ProviderFailedError(Exception):
    """What the engine would show."""


class ProviderSession:
    """One provider process: what one phase of the engine has."""

    def __init__(self, lab: PrivateLab, environ: Mapping[str, str] | None = None) -> None:
        variables = [f"{name}={value}" for name, value in (environ or {}).items()]
        python = [str(ROOT / "scripts/python"), "-m", "tests.lab.provider_session"]
        argv = lab.argv("run", "--", "env", *variables, *python)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        self.logged: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def send(self, method: str, **request: Any) -> None:
        """Starts a call."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"method": method, "request": request}) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The answer to the call that was started last; raises what the engine would be told."""
        assert self.process.stdout is not None
        line = json.loads(self.process.stdout.readline())
        self.logged += line["logged"]
        if "error" in line:
            raise ProviderFailedError(line["error"])
        return dict(line["answer"])

    def call(self, method: str, **request: Any) -> dict[str, Any]:
        """A call about a service, and its answer."""
        self.send(method, urn=SERVICE_URN, **request)
        return self.receive()

    def configure(self, hosts: Mapping[str, Any]) -> None:
        """As the engine does before anything else."""
        self.send("Configure", args={"hosts": json.dumps(hosts)})
        self.receive()


def wire(data: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data as it stands in a request, secrets marked."""
    return dict(json_format.MessageToDict(properties(data)))


def data(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data of a Struct in an answer."""
    return plain(json_format.ParseDict(fields, proto.ReadResponse().properties))


class Engine(engine_pb2_grpc.EngineServicer):
    """Remembers what is logged."""

    def __init__(self) -> None:
        self.logged: list[str] = []

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        self.logged.append(request.message)
        return empty_pb2.Empty()


async def serve() -> None:
    """Passes each line on to the server and its answer back."""
    engine, listener = Engine(), grpc.aio.server()
    engine_pb2_grpc.add_EngineServicer_to_server(engine, listener)
    address = f"127.0.0.1:{listener.add_insecure_port('127.0.0.1:0')}"
    await listener.start()
    provider = OnPrem(engine_reports(address))
    server, port = await start(provider, address)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        while line := await asyncio.to_thread(sys.stdin.readline):
            answer = await _pass_on(stub, json.loads(line))
            sys.stdout.write(json.dumps({**answer, "logged": engine.logged}) + "\n")
            sys.stdout.flush()
            engine.logged = []
    await provider.cancel()
    await server.stop(None)
    await listener.stop(None)


async def _pass_on(stub: Any, call: Mapping[str, Any]) -> dict[str, Any]:
    message = getattr(proto, f"{call['method']}Request")()
    try:
        answer = await getattr(stub, call["method"])(json_format.ParseDict(call["request"], message))
    except grpc.aio.AioRpcError as error:
        return {"error": error.details()}
    return {"answer": json_format.MessageToDict(answer)}


if __name__ == "__main__":
    asyncio.run(serve())
