"""The SDK's mock monitor, with resources that are really made: what the program talks to in place of the engine."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from commands.apply import ApplyError
from commands.apply.saved import Resource, Saved


class Make(Protocol):
    """Brings one resource about. Blocks, and is called from several threads."""

    def __call__(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource: ...


class NoCalls(mocks.Mocks):
    """Functions of providers are not offered; the SDK asks for this class all the same."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise ApplyError(f"{args.name}: reading an existing resource needs the Pulumi engine")

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise ApplyError(f"{args.token}: calling a provider's function needs the Pulumi engine")


class ActingMonitor(mocks.MockMonitor):
    """Makes each resource the program registers. After a failure it lets what is under way end and begins nothing."""

    def __init__(self, make: Make, saved: Saved) -> None:
        super().__init__(NoCalls())
        self._make = make
        self._saved = saved
        self._seen: set[str] = set()
        self._failed = threading.Event()
        self.errors: list[Exception] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802 - the SDK's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        inputs = plain(rpc.deserialize_properties(request.object))
        resource = self._bring_about(urn, request, inputs)
        properties = asyncio.run(rpc.serialize_properties(dict(resource.outputs), {}))
        for name in request.additionalSecretOutputs:
            _mark_secret(properties, name)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource.id, object=properties)

    def _bring_about(self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: dict[str, Any]) -> Resource:
        if self._failed.is_set():
            raise ApplyError(f"{request.name}: not begun, because another resource failed")
        if urn in self._seen:
            raise self._failure(ApplyError(f"{request.name}: declared twice"))
        self._seen.add(urn)
        last = self._saved.resources.get(urn)
        try:
            resource = self._make(request.type, request.name, inputs, last)
        except Exception as error:
            raise self._failure(error) from error
        if resource is not last:
            self._saved.keep(urn, resource)
        return resource

    def _failure(self, error: Exception) -> Exception:
        self._failed.set()
        self.errors.append(error)
        return error


def plain(value: Any) -> Any:
    """Python's own types: no wrapping of secrets, whole numbers as int."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mark_secret(properties: Any, name: str) -> None:
    if name in properties:
        secret = type(properties)()
        secret[rpc._special_sig_key] = rpc._special_secret_sig
        secret.fields["value"].CopyFrom(properties.fields[name])
        properties.fields[name].struct_value.CopyFrom(secret)
