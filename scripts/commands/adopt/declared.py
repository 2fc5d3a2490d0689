"""What the program would declare: run without the engine, with a monitor that makes nothing on any host.

Passwords, keys and certificates are made here as a first `pulumi up` would make them, so that all is known before it.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import reset_options

from commands.adopt import AdoptError
from commands.adopt.config import Config
from commands.apply.generated import MAKERS, generate
from commands.apply.monitor import ActingMonitor, plain
from commands.apply.program import run
from commands.apply.saved import Resource, Saved
from commands.drift.state import HOST, MARK, SECRET, SERVICE
from components.problems import SettingsError

PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105 - a type
STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Declared:
    """One resource as the program registers it; secrets in `inputs` and `outputs` are marked as in an import file.

    `plain` are the inputs with secrets in clear. `parent` is a URN.
    """

    kind: str
    name: str
    urn: str
    parent: str
    custom: bool
    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    plain: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: str = ""
    download_url: str = ""


@dataclass(frozen=True)
class Program:
    """Where the program and its stack are."""

    folder: Path
    project: str
    stack: str


class Made(Saved):
    """What was made in this process, kept in its memory only."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self.resources: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}

    def _write(self) -> None:
        return


@dataclass
class Values:
    """Generated values, the same for each run; `known` are passwords that hosts have already, by name."""

    made: Made = field(default_factory=Made)
    known: dict[str, str] = field(default_factory=dict)

    def make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        """One resource, without touching a host."""
        if kind in MAKERS:
            resource = generate(kind, inputs, last)
            if kind == PASSWORD and name in self.known:
                return Resource(resource.id, inputs, {**resource.outputs, "result": self.known[name]})
            return resource
        return Resource(name, inputs, dict(inputs))

    def password_names(self) -> dict[str, str]:
        """From a password to its name."""
        made = self.made.resources.items()
        return {one.outputs["result"]: urn.rsplit("::", 1)[-1] for urn, one in made if PASSWORD in urn}


class Collecting(ActingMonitor):
    """Keeps what is registered."""

    def __init__(self, values: Values) -> None:
        super().__init__(values.make, values.made)
        self.registered: list[Declared] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802 - the SDK's name
        response = super().RegisterResource(request)
        if request.type != STACK:
            self.registered.append(_declared(request, response))
        return response


def declare(program: Program, config: Config, values: Values) -> tuple[Declared, ...]:
    """Every resource of the stack, in the order of registration; raises with every mistake of the stack file."""
    monitor = Collecting(values)
    try:
        run(program.folder, program.project, program.stack, config.texts(), monitor, lambda: None, config.secrets)
    except SettingsError as error:
        raise AdoptError(str(error)) from None
    except Exception as error:
        raise AdoptError("\n".join(str(each) for each in monitor.errors or [error])) from error
    finally:
        reset_options()
    return tuple(monitor.registered)


def hosts_of(resources: tuple[Declared, ...]) -> tuple[Declared, ...]:
    """The machines."""
    return tuple(resource for resource in resources if resource.kind == HOST)


def services_of(resources: tuple[Declared, ...]) -> tuple[Declared, ...]:
    """The services on them."""
    return tuple(resource for resource in resources if resource.kind == SERVICE)


def _declared(request: Any, response: Any) -> Declared:
    inputs = rpc.deserialize_properties(request.object)
    outputs = rpc.deserialize_properties(response.object)
    return Declared(
        kind=request.type,
        name=request.name,
        urn=response.urn,
        parent=request.parent,
        custom=request.custom,
        id=response.id,
        inputs=marked(inputs),
        outputs=marked(outputs),
        plain=plain(inputs),
        version=request.version,
        download_url=request.pluginDownloadURL,
    )


def secret(value: Any) -> dict[str, str]:
    """`value` as an import file marks a secret."""
    return {MARK: SECRET, "plaintext": json.dumps(value)}


def marked(value: Any) -> Any:
    """With secrets as an import file has them, whole numbers as such."""
    if rpc.is_rpc_secret(value):
        return secret(plain(value))
    if isinstance(value, Mapping):
        return {name: marked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
