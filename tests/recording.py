"""Runs the whole program of a stack under Pulumi mocks and keeps what it registered, in order."""

import asyncio
import json
import runpy
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc, set_all_config, set_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_root_resource, reset_options
from pulumi.runtime.stack import Stack, run_pulumi_func

from components.component import Component
from components.deployment import COMPONENTS
from components.settings import DeploymentSettings
from components.stack_file import load_settings

ROOT = Path(__file__).parent.parent
STACKS = ROOT / "stacks"

COMPUTED: Mapping[str, tuple[str, ...]] = {
    "tls:index/privateKey:PrivateKey": ("privateKeyPem", "privateKeyPemPkcs8", "publicKeyPem"),
    "tls:index/selfSignedCert:SelfSignedCert": ("certPem",),
    "tls:index/certRequest:CertRequest": ("certRequestPem",),
    "tls:index/locallySignedCert:LocallySignedCert": ("certPem",),
    "random:index/randomPassword:RandomPassword": ("result",),
    "random:index/randomString:RandomString": ("result",),
    "command:local:Command": ("stdout",),
}
"""What these providers compute. In a preview it stays unknown."""


@dataclass(frozen=True)
class Registered:
    """One resource as the program asked for it. Inputs have their secrets unwrapped; `secret` names those marked."""

    kind: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    secret: frozenset[str]
    dependencies: frozenset[str]
    parent: str
    protect: bool


@dataclass(frozen=True)
class Program:
    """What a stack consists of, and what it exports."""

    resources: tuple[Registered, ...]
    outputs: Mapping[str, Any]

    def of(self, kind: str) -> tuple[Registered, ...]:
        """The resources of one type."""
        return tuple(resource for resource in self.resources if resource.kind == kind)

    @property
    def services(self) -> dict[str, Registered]:
        """`<host>/<service>` to resource."""
        return {resource.name: resource for resource in self.of("onprem:index:Service")}

    def files(self, host: str) -> dict[str, str]:
        """Every file of a host, by path."""
        found = [
            service.inputs.get("files", {}) for service in self.services.values() if service.inputs["host"] == host
        ]
        return {path: file["content"] for files in found for path, file in files.items()}


@dataclass
class Recording(mocks.Mocks):
    """Computes a text for what real providers would compute."""

    preview: bool
    made: list[str] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.made.append(args.name)
        computed = () if self.preview else COMPUTED.get(args.typ, ())
        return args.name, {**args.inputs, **{name: f"({name} of {args.name})" for name in computed}}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"the program called {args.token}")


class RecordingMonitor(mocks.MockMonitor):
    """Keeps the requests, which say more than the mocks are told."""

    def __init__(self, answers: Recording) -> None:
        super().__init__(answers)
        self.registered: list[Registered] = []

    def RegisterResource(  # noqa: N802 - the SDK's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        response: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.registered.append(registered(request, response.urn))
        return response


def registered(request: resource_pb2.RegisterResourceRequest, urn: str) -> Registered:
    """The request in our words."""
    inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
    return Registered(
        kind=request.type,
        name=request.name,
        urn=urn,
        inputs=unwrapped(inputs),
        secret=frozenset(name for name, value in inputs.items() if rpc.is_rpc_secret(value)),
        dependencies=frozenset(request.dependencies),
        parent=request.parent,
        protect=request.protect,
    )


def unwrapped(value: Any) -> Any:
    """Without the wrapping of secrets, whole numbers as int; unknown values stay what the SDK makes of them."""
    if rpc.is_rpc_secret(value):
        return unwrapped(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {name: unwrapped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def config_of(stack: str) -> dict[str, str]:
    """The configuration of a stack file as the engine hands it over: text, JSON for what is none, maps sorted."""
    return as_config({key: value for key, value in declared(stack).items() if "secure" not in str(value)})


def declared(stack: str) -> dict[str, Any]:
    """The configuration of a stack file as it is written."""
    return dict(yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"])


def as_config(values: Mapping[str, Any]) -> dict[str, str]:
    """Plain values as configuration text."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in values.items()
    }


def run(
    config: Mapping[str, str],
    stack: str = "dev",
    *,
    preview: bool = False,
    program: str = "__main__.py",
    encrypted: Iterable[str] = (),
) -> Program:
    """Runs the program in an event loop of its own and leaves nothing of Pulumi's behind."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    monitor = RecordingMonitor(Recording(preview))
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        set_all_config(dict(config), list(encrypted))
        set_mocks(monitor.mocks, "im", stack, preview=preview, monitor=monitor)
        outputs = loop.run_until_complete(execute(program))
    finally:
        signal.signal(signal.SIGINT, on_interrupt)
        reset_options()
        set_all_config({}, [])
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)
    return Program(tuple(monitor.registered), outputs)


def settings_of(
    config: Mapping[str, str], encrypted: Iterable[str] = (), components: Sequence[type[Component]] = COMPONENTS
) -> DeploymentSettings:
    """The settings alone, as the program would load them."""
    set_all_config(dict(config), list(encrypted))
    try:
        return load_settings(components)
    finally:
        set_all_config({}, [])


async def execute(program: str) -> dict[str, Any]:
    """Waits for every resource; returns what the program exports."""

    def start() -> None:
        runpy.run_path(str(ROOT / program), run_name="__main__")

    await run_pulumi_func(start)
    root = get_root_resource()
    exported = root.outputs if isinstance(root, Stack) else {}
    values: Any = await pulumi.Output.from_input(exported).future()
    return dict(values or {})
