"""A provider that does nothing, as fast as Python can: what is left is the engine's own time."""

import asyncio
import sys
from typing import Any

import grpc.aio  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

LARGEST = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Nothing(provider_pb2_grpc.ResourceProviderServicer):
    """Every resource is always as it was declared."""

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names, here and below
        return plugin_pb2.PluginInfo(version="0.0.1")

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        same = request.old_inputs == request.news
        changes = provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CreateResponse(id=request.urn.rsplit("::", 1)[-1], properties=request.properties)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.UpdateResponse(properties=request.news)

    async def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return Empty()


async def serve() -> None:
    """The engine reads the port from standard output."""
    server = grpc.aio.server(options=LARGEST)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Nothing(), server)
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    await server.start()
    sys.stdout.flush()
    await server.wait_for_termination()


asyncio.run(serve())
