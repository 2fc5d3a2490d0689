"""The edge to the engine: its requests about `Host` and `Service`, translated to plain data and back."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.provider.experimental import provider as sdk
from pulumi.runtime import proto

from onprem.connections import Connections
from onprem.declarations import renewed
from onprem.differences import Kind, differences
from onprem.errors import OnPremError
from onprem.hosts import Hosts
from onprem.inventory import read_hosts
from onprem.modes import Modes, read_modes
from onprem.report import Report
from onprem.schema import SERVICE, schema
from onprem.services import Services
from onprem.transport import Opener, opener_for
from onprem.unknown import is_unknown
from onprem.values import plain, properties, secret_paths

CONFIG_KEYS = ("hosts", "version", "pluginDownloadURL")
KINDS = {
    Kind.ADD: proto.PropertyDiff.ADD,
    Kind.DELETE: proto.PropertyDiff.DELETE,
    Kind.UPDATE: proto.PropertyDiff.UPDATE,
}


class PartlyCreatedError(OnPremError):
    """A create that failed with something left on the host, which the state must know of."""

    def __init__(self, error: OnPremError, identity: str, state: Any) -> None:
        super().__init__(str(error), error.stayed)
        self.identity = identity
        self.state = state


class OnPrem(sdk.Provider):
    """Reports about a resource go to what `reports` makes for its URN."""

    def __init__(
        self,
        reports: Callable[[str], Report],
        environ: Mapping[str, str] = os.environ,
        opener: Opener | None = None,
    ) -> None:
        self._reports = reports
        self._modes: Modes = read_modes(environ)
        self._open = opener or opener_for(self._modes.reader)
        self._connections: Connections | None = None

    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:
        return sdk.GetSchemaResponse(schema())

    async def check_config(self, request: Any) -> Any:
        settings = plain(request.news)
        reasons = [f"onprem:{key}: unknown; expected hosts" for key in settings if key not in CONFIG_KEYS]
        try:
            self._hosts(settings)
        except OnPremError as error:
            reasons += str(error).splitlines()
        return proto.CheckResponse(inputs=request.news, failures=_failures(reasons))

    async def configure(self, request: Any) -> Any:
        hosts = self._hosts(plain(request.args))
        self._connections = Connections(hosts, self._open)
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def _hosts(self, settings: Mapping[str, Any]) -> Any:
        text = settings.get("hosts", "{}")
        hosts = {} if is_unknown(text) else read_hosts(text)
        if hosts:
            self._modes.refuse_strangers(hosts)
        return hosts

    async def check(self, request: Any) -> Any:
        inputs, problems = self._resource(request.urn).check(plain(request.news), plain(request.olds))
        problems += [f"{name}: holds a secret; put it in secrets" for name in secret_paths(request.news)]
        return proto.CheckResponse(inputs=properties(inputs), failures=_failures(problems))

    async def diff(self, request: Any) -> Any:
        live, declared = plain(request.olds), plain(request.news)
        if _is_service(request.urn):
            live = renewed(live)
        else:
            # Facts are not declared, and what an imported host requires is not known before the next refresh.
            live = {name: value for name, value in live.items() if name != "facts"}
            declared = {name: value for name, value in declared.items() if name in live}
        found = {
            path: proto.PropertyDiff(kind=KINDS[kind])
            for path, kind in differences(live, declared).items()
            if not any(_covers(name, path) for name in request.ignoreChanges)
        }
        changes = proto.DiffResponse.DIFF_SOME if found else proto.DiffResponse.DIFF_NONE
        tops = sorted({_top(path) for path in found})
        return proto.DiffResponse(changes=changes, diffs=tops, detailedDiff=found, hasDetailedDiff=True)

    async def create(self, request: Any) -> Any:
        inputs, resource, report = plain(request.properties), self._resource(request.urn), self._reports(request.urn)
        if request.preview:
            await resource.look(inputs, report)
            return proto.CreateResponse(id=_identity(inputs), properties=request.properties)
        try:
            state = await resource.create(inputs, report)
        except OnPremError as error:
            if not error.stayed:
                raise
            raise PartlyCreatedError(error, _identity(inputs), await self._left(request, report)) from None
        return proto.CreateResponse(id=_identity(inputs), properties=properties(state))

    async def update(self, request: Any) -> Any:
        """What was declared before is handed on, and not what was found."""
        inputs, report = plain(request.news), self._reports(request.urn)
        if request.preview:
            if _is_service(request.urn):
                await self._services().foresee(inputs, plain(request.old_inputs), report)
            else:
                await self._resource(request.urn).look(inputs, report)
            return proto.UpdateResponse(properties=request.news)
        if _is_service(request.urn):
            state = await self._services().update(inputs, plain(request.old_inputs), report)
        else:
            state = await self._resource(request.urn).create(inputs, report)
        return proto.UpdateResponse(properties=properties(state))

    async def read(self, request: Any) -> Any:
        inputs, report = plain(request.inputs), self._reports(request.urn)
        if inputs:
            state = await self._resource(request.urn).read(inputs, plain(request.properties), report)
            return proto.ReadResponse(id=request.id, properties=properties(state), inputs=request.inputs)
        if _is_service(request.urn):
            inputs, state = await self._services().find(request.id, report)
        else:
            inputs = {"host": request.id}
            state = await self._resource(request.urn).read(inputs, {}, report)
        return proto.ReadResponse(id=request.id, properties=properties(state), inputs=properties(inputs))

    async def delete(self, request: Any) -> None:
        """A host that is no longer required stays."""
        if _is_service(request.urn):
            await self._services().delete(plain(request.old_inputs), self._reports(request.urn))

    async def cancel(self) -> None:
        if self._connections is not None:
            await self._connections.close()

    async def _left(self, request: Any, report: Report) -> Any:
        """The state of what a failed create left; what cannot be read counts as not there."""
        inputs = plain(request.properties)
        try:
            return properties(await self._resource(request.urn).read(inputs, {}, report))
        except OnPremError:
            return properties({name: inputs[name] for name in ("host", "service") if name in inputs})

    def _configured(self) -> Connections:
        if self._connections is None:
            raise OnPremError("onprem: not configured; set onprem:hosts in the stack")
        return self._connections

    def _services(self) -> Services:
        return Services(self._configured(), self._modes)

    def _resource(self, urn: str) -> Services | Hosts:
        return self._services() if _is_service(urn) else Hosts(self._configured(), self._modes)


def _is_service(urn: str) -> bool:
    """A type in a URN is preceded by those of its parents: `im:a:B$onprem:index:Service`."""
    return urn.split("::")[2].rsplit("$", 1)[-1] == SERVICE


def _identity(inputs: Mapping[str, Any]) -> str:
    return "/".join(inputs[name] for name in ("host", "service") if name in inputs)


def _failures(reasons: list[str]) -> list[Any]:
    """Without a property: the engine would print its value."""
    return [proto.CheckFailure(reason=reason) for reason in reasons]


def _covers(ignored: str, path: str) -> bool:
    return ignored == "*" or path == ignored or path.startswith((f"{ignored}.", f"{ignored}["))


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]
