"""The provider as the engine calls it: over gRPC."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc, status_pb2

from onprem import server as subject
from onprem.provider import OnPrem
from onprem.values import properties
from tests.provider.scripted import Frame, Script, ScriptedHosts

URN = "urn:pulumi:dev::im::im:index:Part$onprem:index:Service::web1/nginx"
HOST_URN = "urn:pulumi:dev::im::onprem:index:Host::web1"
CANARY = "canary-4711"
FILE = {"content": "pw=${secret:pw}\n", "mode": "0644", "owner": "root", "group": "root", "early": False}
INPUTS = {"host": "web1", "service": "nginx", "files": {"/etc/x": FILE}, "secrets": {"pw": CANARY}}
HOSTS = json.dumps({"web1": {"address": "192.0.2.1"}})
Stub = provider_pb2_grpc.ResourceProviderStub


class Engine(engine_pb2_grpc.EngineServicer):
    """Remembers what is logged."""

    def __init__(self) -> None:
        self.logged: list[Any] = []

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        self.logged.append(request)
        return empty_pb2.Empty()


def use(
    script: Script, act: Callable[[Stub], Awaitable[None]], environ: dict[str, str] | None = None
) -> tuple[ScriptedHosts, Engine]:
    hosts, engine = ScriptedHosts(script), Engine()

    async def run() -> None:
        listener = grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(engine, listener)
        address = f"127.0.0.1:{listener.add_insecure_port('127.0.0.1:0')}"
        await listener.start()
        provider = OnPrem(subject.engine_reports(address), environ or {}, hosts)
        server, port = await subject.start(provider, address)
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=subject.OPTIONS) as channel:
                stub = Stub(channel)
                await stub.Configure(proto.ConfigureRequest(args=wire({"hosts": HOSTS}), acceptSecrets=True))
                await act(stub)
        finally:
            await provider.cancel()
            await server.stop(None)
            await listener.stop(None)

    asyncio.run(run())
    return hosts, engine


def wire(data: dict[str, Any]) -> struct_pb2.Struct:
    return properties(data)


def live(content: str = "pw=${secret:pw}\n") -> Frame:
    return {"files": {"/etc/x": {"content": content, "mode": "0644", "owner": "root", "group": "root"}}}


def found(_: Frame) -> Frame:
    return {"live": live(), "notes": [], "token": None}


def test_a_preview_of_a_change_without_proof_warns() -> None:
    proof = {"host": "web1", "path": "/srv/good.json", "seconds": 60, "what": "restore test", "how": "make-one"}

    async def act(stub: Stub) -> None:
        checked = await stub.Check(proto.CheckRequest(urn=URN, news=wire({**INPUTS, "proof": proof})))
        request = {"id": "web1/nginx", "urn": URN, "news": checked.inputs, "old_inputs": wire({"files": {}})}
        await stub.Update(proto.UpdateRequest(**request, preview=True))

    hosts, engine = use({"look": lambda _: {"live": {}}}, act)
    assert not hosts.asked("apply")
    assert [each.message for each in engine.logged] == [
        "web1/nginx: there is no good restore test on web1; the change will be refused; run make-one"
    ]


def test_a_preview_of_a_changed_requirement_warns() -> None:
    required = {"host": "web1", "requirements": {"cores": 4}}

    async def act(stub: Stub) -> None:
        request = {"id": "web1", "urn": HOST_URN, "news": wire(required), "old_inputs": wire({"host": "web1"})}
        await stub.Update(proto.UpdateRequest(**request, preview=True))

    _, engine = use({"measure": lambda _: {"facts": {}, "measured": {"cores": 2}}}, act)
    assert [each.message for each in engine.logged] == [
        "web1: found 2 cores, needed 4 cores; add cores, or lower requirements.cores"
    ]


def test_create_read_diff_is_clean() -> None:
    async def act(stub: Stub) -> None:
        checked = await stub.Check(proto.CheckRequest(urn=URN, news=wire(INPUTS)))
        assert checked.inputs == wire(INPUTS)
        made = await stub.Create(proto.CreateRequest(urn=URN, properties=checked.inputs))
        assert made.id == "web1/nginx"
        assert made.properties == wire(INPUTS)
        read = await stub.Read(
            proto.ReadRequest(id=made.id, urn=URN, properties=made.properties, inputs=checked.inputs)
        )
        assert (read.id, read.inputs, read.properties) == (made.id, checked.inputs, made.properties)
        diff = await stub.Diff(proto.DiffRequest(id=made.id, urn=URN, olds=read.properties, news=checked.inputs))
        assert diff.changes == proto.DiffResponse.DIFF_NONE

    use({"apply": found, "read": found}, act)


def test_secrets_come_back_marked() -> None:
    async def act(stub: Stub) -> None:
        made = await stub.Create(proto.CreateRequest(urn=URN, properties=wire(INPUTS)))
        secret = made.properties.fields["secrets"].struct_value.fields["pw"].struct_value.fields
        assert secret[rpc._special_sig_key].string_value == rpc._special_secret_sig
        assert secret["value"].string_value == CANARY
        assert PropertyValue.unmarshal(made.properties.fields["files"]).contains_secret() is False

    use({"apply": found}, act)


def test_drift_is_one_path() -> None:
    async def act(stub: Stub) -> None:
        read = await stub.Read(proto.ReadRequest(id="web1/nginx", urn=URN, inputs=wire(INPUTS)))
        diff = await stub.Diff(proto.DiffRequest(id="web1/nginx", urn=URN, olds=read.properties, news=wire(INPUTS)))
        assert diff.changes == proto.DiffResponse.DIFF_SOME
        assert diff.hasDetailedDiff
        assert dict(diff.detailedDiff) == {
            'files["/etc/x"].content': proto.PropertyDiff(kind=proto.PropertyDiff.UPDATE)
        }
        assert list(diff.diffs) == ["files"]
        assert not diff.replaces
        for name in ("files", "*"):
            ignored = proto.DiffRequest(
                id="web1/nginx", urn=URN, olds=read.properties, news=wire(INPUTS), ignoreChanges=[name]
            )
            assert (await stub.Diff(ignored)).changes == proto.DiffResponse.DIFF_NONE

    use({"read": lambda _: {"live": live("edited\n")}}, act)


def test_an_update_hands_on_what_was_declared_before_and_not_what_was_found() -> None:
    async def act(stub: Stub) -> None:
        before = {**INPUTS, "leave": "true"}
        await stub.Update(
            proto.UpdateRequest(
                id="web1/nginx", urn=URN, olds=wire({"host": "web1"}), old_inputs=wire(before), news=wire(INPUTS)
            )
        )
        await stub.Delete(
            proto.DeleteRequest(id="web1/nginx", urn=URN, properties=wire({"host": "web1"}), old_inputs=wire(INPUTS))
        )

    hosts, _ = use({"apply": found, "delete": lambda _: {"kept": {}, "notes": []}}, act)
    assert hosts.asked("apply")[0]["previous"] == {**INPUTS, "leave": "true"}
    assert hosts.asked("delete")[0]["declared"] == INPUTS


def test_a_preview_looks_and_passes_unknown_values_on() -> None:
    async def act(stub: Stub) -> None:
        inputs = {**INPUTS, "secrets": {"pw": rpc.UNKNOWN}}
        checked = await stub.Check(proto.CheckRequest(urn=URN, news=wire(inputs)))
        assert not checked.failures
        made = await stub.Create(proto.CreateRequest(urn=URN, properties=checked.inputs, preview=True))
        assert made.properties == wire(inputs)
        news = await stub.Update(proto.UpdateRequest(id="web1/nginx", urn=URN, news=wire(inputs), preview=True))
        assert news.properties == wire(inputs)

    hosts, engine = use({"look": lambda _: {"live": {}}}, act)
    assert [request["op"] for request in hosts.requests] == ["look"]
    assert [(log.urn, log.ephemeral, log.message) for log in engine.logged] == [
        (
            URN,
            False,
            "web1/nginx: would change on the host:\n"
            "? file /etc/x: ${secret:pw} not known yet; declared:\n"
            "     pw=${secret:pw}",
        )
    ]


def test_an_error_is_one_sentence() -> None:
    async def act(stub: Stub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Update(proto.UpdateRequest(id="web1/nginx", urn=URN, news=wire(INPUTS)))
        assert error.value.details() == "web1/nginx: /etc/x is not valid"

    use({"apply": lambda _: {"message": "nginx: /etc/x is not valid"}}, act)


def test_a_defect_is_one_sentence_too() -> None:
    async def act(stub: Stub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Update(proto.UpdateRequest(id="web1/nginx", urn=URN, news=wire(INPUTS)))
        details = str(error.value.details())
        assert details.startswith("onprem: a defect in the provider: KeyError('live') (_apply, line ")
        assert "\n" not in details

    use({"apply": lambda _: {"notes": []}}, act)


def test_a_create_that_left_something_is_kept_in_the_state() -> None:
    async def act(stub: Stub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Create(proto.CreateRequest(urn=URN, properties=wire(INPUTS)))
        metadata = dict(error.value.trailing_metadata() or ())
        status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
        detail = proto.ErrorResourceInitFailed()
        assert status.details[0].Unpack(detail)
        assert detail.id == "web1/nginx"
        assert detail.reasons == ["web1/nginx: does not start\nStayed on the host: package nginx."]
        assert detail.properties == wire({**INPUTS, "files": {}})

    failing = {"message": "does not start", "stayed": ["package nginx"]}
    use({"apply": lambda _: failing, "read": lambda _: {"live": {}}}, act)


def test_a_create_that_left_nothing_is_not_kept() -> None:
    async def act(stub: Stub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Create(proto.CreateRequest(urn=URN, properties=wire(INPUTS)))
        assert "grpc-status-details-bin" not in dict(error.value.trailing_metadata() or ())

    use({"apply": lambda _: {"message": "does not start", "stayed": []}}, act)


def test_check_names_every_problem_and_never_a_secret() -> None:
    inputs = wire({**INPUTS, "secrets": {"pw": f"{CANARY} with spaces"}, "leave": "rm ${secret:pw}"})
    inputs.fields["before_restart"].CopyFrom(PropertyValue(CANARY, is_secret=True).marshal())

    async def act(stub: Stub) -> None:
        checked = await stub.Check(proto.CheckRequest(urn=URN, news=inputs))
        assert [(failure.property, failure.reason) for failure in checked.failures] == [
            ("", "leave: refers to a secret; secrets may stand in file contents and in stdin only"),
            (
                "",
                "secrets.pw: is empty or has characters that some file format would need to quote;"
                " expected letters, digits and . _ ~ - only, or PEM",
            ),
            ("", "before_restart: holds a secret; put it in secrets"),
        ]

    use({}, act)


def test_secrets_reach_no_log_and_no_error() -> None:
    async def act(stub: Stub) -> None:
        await stub.Create(proto.CreateRequest(urn=URN, properties=wire(INPUTS), preview=True))
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Create(proto.CreateRequest(urn=URN, properties=wire(INPUTS)))
        assert CANARY not in str(error.value)

    script = {"look": lambda _: {"live": {}}, "apply": lambda _: [{"progress": "installing"}, {"message": "failed"}]}
    _, engine = use(script, act)
    assert [(log.ephemeral, log.message) for log in engine.logged][1:] == [(True, "installing")]
    assert CANARY not in str(engine.logged)


def test_config_errors_come_all_at_once() -> None:
    async def act(stub: Stub) -> None:
        hosts = json.dumps({"web1": {"address": ""}})
        checked = await stub.CheckConfig(proto.CheckRequest(urn=HOST_URN, news=wire({"hosts": hosts, "host": "x"})))
        assert [failure.reason for failure in checked.failures] == [
            "onprem:host: unknown; expected hosts",
            "onprem:hosts.web1.address: '' cannot be used; expected an IP address or a host name",
        ]

    use({}, act)


@pytest.mark.parametrize("variable", ["ONPREM_OFFLINE", "ONPREM_GONE"])
def test_a_misspelt_host_that_is_away_is_refused(variable: str) -> None:
    async def act(stub: Stub) -> None:
        checked = await stub.CheckConfig(proto.CheckRequest(urn=HOST_URN, news=wire({"hosts": HOSTS})))
        assert [failure.reason for failure in checked.failures] == []

    use({}, act, {variable: "web1"})
    with pytest.raises(grpc.aio.AioRpcError) as error:
        use({}, act, {variable: "web9"})
    assert error.value.details() == f"{variable}: web9: not in onprem:hosts; known hosts: web1"


def test_importing_a_host_is_clean_whatever_it_requires() -> None:
    async def act(stub: Stub) -> None:
        read = await stub.Read(proto.ReadRequest(id="web1", urn=HOST_URN))
        assert read.inputs == wire({"host": "web1"})
        declared = wire({"host": "web1", "requirements": {"cores": 2}, "packages": ["nginx"]})
        diff = await stub.Diff(proto.DiffRequest(id="web1", urn=HOST_URN, olds=read.properties, news=declared))
        assert diff.changes == proto.DiffResponse.DIFF_NONE
        read = await stub.Read(proto.ReadRequest(id="web1", urn=HOST_URN, inputs=declared))
        more = wire({"host": "web1", "requirements": {"cores": 4}, "packages": ["nginx"]})
        diff = await stub.Diff(proto.DiffRequest(id="web1", urn=HOST_URN, olds=read.properties, news=more))
        assert list(diff.detailedDiff) == ["requirements.cores"]

    use({"measure": lambda _: {"facts": {"cores": 2}, "measured": {"cores": 2}}}, act)


def test_an_import_of_nothing_is_an_error() -> None:
    async def act(stub: Stub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.Read(proto.ReadRequest(id="web1/x", urn=URN))
        assert error.value.details() == (
            "web1/x: web1 has no such service; known there: none;"
            " what this provider did not make is taken over with scripts/adopt"
        )

    use({"manifest": lambda _: {"declared": None, "services": []}}, act)


def test_the_schema_is_json_and_names_both_resources() -> None:
    async def act(stub: Stub) -> None:
        schema = json.loads((await stub.GetSchema(proto.GetSchemaRequest())).schema)
        assert set(schema["resources"]) == {"onprem:index:Host", "onprem:index:Service"}

    use({}, act)


def test_ends_when_the_engine_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> bool:
        engine = grpc.aio.server()
        address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
        await engine.start()
        serving = asyncio.create_task(subject.serve(address))
        while not (port := capsys.readouterr().out.strip()):
            await asyncio.sleep(0.01)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await Stub(channel).GetPluginInfo(empty_pb2.Empty())
        served = not serving.done()
        await engine.stop(None)
        await asyncio.wait_for(serving, 60)
        return served

    assert asyncio.run(run())
