"""The command as a timer runs it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commands.drift import __main__ as subject
from commands.drift.__main__ import ROOT, main
from commands.drift.state import State
from onprem.inventory import Login
from tests.provider.scripted import Frame, ScriptedHosts

SECRET = "hush-hush"
FILE = {"content": "a\n", "mode": "0644", "owner": "root", "group": "root"}
INPUTS = {"host": "web1", "service": "nginx", "files": {"/etc/x": FILE}, "secrets": {"pw": SECRET}}


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stack of scripts/apply with one service on each of two hosts."""
    monkeypatch.setattr(subject, "installed_engine", lambda: ())
    monkeypatch.delenv("ONPREM_OFFLINE", raising=False)
    hosts = {"web1": {"address": "192.0.2.1"}, "web2": {"address": "192.0.2.2"}}
    (tmp_path / "Pulumi.one.yaml").write_text(json.dumps({"config": {"onprem:hosts": hosts}}))
    resources = {
        f"urn:pulumi:one::im::onprem:index:Service::{host}/nginx": {
            "id": f"{host}/nginx",
            "inputs": {**INPUTS, "host": host},
            "outputs": {},
        }
        for host in hosts
    }
    saved = tmp_path / "one.json"
    saved.write_text(json.dumps({"version": 1, "resources": resources, "outputs": {}}))
    saved.chmod(0o600)
    return ["one", "--saved", str(tmp_path), "--stacks", str(tmp_path)]


def hosts(content: str = "a\n", unreachable: tuple[str, ...] = (), **told: Any) -> ScriptedHosts:
    def read(_: Frame) -> Frame:
        return {"live": {"files": {"/etc/x": {**FILE, "content": content}}}}

    def manifest(_: Frame) -> Frame:
        return {"declared": {**INPUTS, "secrets": {"pw": ""}, **told}, "services": ["nginx"], "unfinished": []}

    return ScriptedHosts({"read": read, "manifest": manifest}, unreachable)


def test_nothing_differs(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options, hosts()) == 0
    assert capsys.readouterr() == ("one: 2 hosts looked at, nothing differs.\n", "")


def test_drift_and_a_host_that_is_away_are_both_said(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options, hosts("b\n", ("web2",))) == 2

    said = capsys.readouterr().out
    assert "    -a\n    +b\n" in said
    assert said.endswith("one: 1 difference on 1 of 2 hosts; could not look at web2.\n")
    assert "\x1b" not in said


def test_a_host_that_is_away_is_not_as_declared(options: list[str]) -> None:
    assert main(options, hosts(unreachable=("web1",))) == 1


def test_json_is_all_that_is_printed(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--format", "json"], hosts("b\n")) == 2

    told = json.loads(capsys.readouterr().out)
    assert (told["exit_code"], told["drift"], told["state"]) == (2, 2, "scripts/apply")


def test_no_secret_is_shown_whatever_a_host_says(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options, hosts(f"x={SECRET}\n\x1b[2J", leave=f"echo {SECRET}")) == 2
    assert main([*options, "--format", "json"], hosts(f"x={SECRET}\n", leave=f"echo {SECRET}")) == 2

    said = "".join(capsys.readouterr())
    assert SECRET not in said
    assert "\x1b" not in said
    assert "    +x=(secret)\n" in said
    assert "    +echo (secret)\n" in said


def test_hosts_are_logged_in_to_once(options: list[str]) -> None:
    scripted = hosts()
    main(options, scripted)

    assert scripted.logins == [("web1", False), ("web2", False)]


def test_a_state_with_other_hosts_than_the_stack_file_decides(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def loaded(*_: Any) -> State:
        return State("pulumi", {"web3": Login("192.0.2.3")}, ({**INPUTS, "host": "web3"},))

    monkeypatch.setattr(subject, "load_state", loaded)
    scripted = hosts()

    assert main(options, scripted) == 0
    assert [host for host, _ in scripted.logins][-1] == "web3"
    assert {(request["op"], request["service"]) for request in scripted.requests} == {
        ("read", "nginx"),
        ("manifest", "nginx"),
    }


def test_hosts_that_are_away_are_not_logged_in_to(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONPREM_OFFLINE", "web1")
    scripted = hosts()
    main(options, scripted)

    assert scripted.logins == [("web2", False)]


def test_an_engine_is_not_left_behind(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pulumi"
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)

    async def interrupted(*_: Any) -> State:
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(subject, "installed_engine", lambda: (str(program),))
    monkeypatch.setattr(subject, "load_state", interrupted)

    assert main([*options, "--program", str(tmp_path)], hosts()) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_metrics_are_written_when_a_host_is_away(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "drift.prom"

    assert main([*options, "--metrics", str(path)], hosts(unreachable=("web2",))) == 1
    assert 'onprem_drift_host_unreachable{stack="one",host="web2"} 1\n' in path.read_text()


def test_metrics_that_cannot_be_written_fail_a_look_that_found_nothing(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nowhere" / "drift.prom"

    assert main([*options, "--metrics", str(path)], hosts()) == 1
    assert capsys.readouterr().err == f"{path}: the metrics cannot be written: No such file or directory\n"
    assert main([*options, "--metrics", str(path)], hosts("b\n")) == 2


def test_metrics_that_node_exporter_would_not_read_are_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        main([*options, "--metrics", "drift.txt"])

    assert error.value.code == 1
    assert "drift.txt: node exporter reads only files that end in .prom" in capsys.readouterr().err


def test_an_unknown_stack_is_a_sentence(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["two", *options[1:]], hosts()) == 1
    assert capsys.readouterr() == (
        "",
        "two: nothing is deployed; pulumi is not on PATH, so only what scripts/apply saved was looked for\n",
    )


def test_a_mistyped_offline_host_is_refused(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONPREM_OFFLINE", "web9")

    assert main(options, hosts()) == 1
    assert capsys.readouterr().err == "ONPREM_OFFLINE: web9: not in onprem:hosts; known hosts: web1, web2\n"


def test_the_command_says_what_it_does() -> None:
    done = subprocess.run([ROOT / "scripts/drift", "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "usage: scripts/drift " in done.stdout
