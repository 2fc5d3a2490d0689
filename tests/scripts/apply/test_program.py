"""A whole program under the acting monitor."""

import signal
import textwrap
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from commands.apply import ApplyError
from commands.apply.monitor import ActingMonitor
from commands.apply.program import run
from commands.apply.progress import Progress
from commands.apply.resources import Resources
from commands.apply.saved import Resource, Saved

HEAD = """
import asyncio
import pulumi
import pulumi_random
import pulumi_tls

class Thing(pulumi.CustomResource):
    def __init__(self, name, inputs=None, **options):
        super().__init__("onprem:index:Service", name, inputs or {}, pulumi.ResourceOptions(**options))
"""


class Hosts:
    """Notes the order in which resources begin and end; `broken` ones fail."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.broken: set[str] = set()
        self.meet: threading.Barrier | None = None

    def make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        self.log.append(f"{name} begins")
        if self.meet:
            self.meet.wait(timeout=20)
        if name in self.broken:
            raise ApplyError(f"{name}: broken")
        self.inputs[name] = inputs
        self.log.append(f"{name} ends")
        return last if last and last.inputs == inputs else Resource(name, inputs, inputs)


class Stack:
    """A program in a folder of its own, run as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts = Hosts()
        self.errors: list[Exception] = []
        self.counts: dict[str, int] = {}

    def run(self, text: str, **config: str) -> dict[str, Any]:
        (self.folder / "__main__.py").write_text(HEAD + textwrap.dedent(text))
        resources = Resources(self.hosts, Progress(Console(quiet=True)))
        monitor = ActingMonitor(resources, Saved(self.folder / "saved.json"))
        try:
            return run(self.folder, "im", "one", config, monitor, lambda: None)
        finally:
            self.errors, self.counts = monitor.errors, dict(resources.counts)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_exports_what_resources_became_and_makes_nothing_twice(stack: Stack) -> None:
    program = """
    password = pulumi_random.RandomPassword("password", length=32)
    pulumi.export("password", password.result)
    pulumi.export("domain", pulumi.Config("im").require("domain"))
    """

    first = stack.run(program, **{"im:domain": "chat.test"})
    made = stack.counts
    second = stack.run(program, **{"im:domain": "chat.test"})

    assert first == second
    assert first["domain"] == "chat.test"
    assert len(first["password"]) == 32
    assert (made, stack.counts) == ({"created": 1}, {"unchanged": 1})


def test_what_the_sdk_calls_secret_is_secret_and_nothing_else(stack: Stack) -> None:
    outputs = stack.run("""
    key = pulumi_tls.PrivateKey("key", algorithm="ED25519")
    password = pulumi_random.RandomPassword("password", length=8)
    async def secrets():
        outputs = (key.private_key_pem, password.result, key.public_key_pem, password.length)
        return [await output.is_secret() for output in outputs]
    pulumi.export("secrets", pulumi.Output.from_input(secrets()))
    """)

    assert outputs["secrets"] == [True, True, False, False]


def test_resources_get_secrets_in_clear_and_whole_numbers(stack: Stack) -> None:
    stack.run("""
    password = pulumi_random.RandomPassword("password", length=8)
    Thing("a", {"secrets": {"word": password.result, "fixed": pulumi.Output.secret("x")}, "seconds": 60, "share": 0.5})
    """)

    inputs = stack.hosts.inputs["a"]
    assert len(inputs["secrets"]["word"]) == 8
    assert inputs["secrets"]["fixed"] == "x"
    assert (inputs["seconds"], type(inputs["seconds"]), inputs["share"]) == (60, int, 0.5)


def test_waits_for_whole_components(stack: Stack) -> None:
    stack.run("""
    class Group(pulumi.ComponentResource):
        def __init__(self, name, **options):
            super().__init__("im:index:Group", name, None, pulumi.ResourceOptions(**options))
            Thing(name + "1", parent=self)
            Thing(name + "2", parent=self)
            self.register_outputs({})
    first = Group("a")
    Group("b", depends_on=[first])
    """)

    begun_late = [stack.hosts.log.index(f"{name} begins") for name in ("b1", "b2")]
    ended_early = [stack.hosts.log.index(f"{name} ends") for name in ("a1", "a2")]
    assert min(begun_late) > max(ended_early)


def test_works_side_by_side(stack: Stack) -> None:
    stack.hosts.meet = threading.Barrier(12)

    stack.run("for number in range(12): Thing(f'a{number}')")

    assert len(stack.hosts.inputs) == 12


def test_a_failure_stops_what_depends_on_it_and_keeps_what_was_made(stack: Stack) -> None:
    stack.hosts.broken = {"b"}
    program = """
    a = Thing("a")
    b = Thing("b", depends_on=[a])
    Thing("c", depends_on=[b])
    """

    with pytest.raises(ApplyError, match="b: broken"):
        stack.run(program)

    assert stack.hosts.log == ["a begins", "a ends", "b begins"]
    assert [str(error) for error in stack.errors] == ["b: broken"]
    stack.hosts.broken = set()
    stack.run(program)
    assert stack.counts == {"unchanged": 1, "created": 2}


def test_all_failures_are_told(stack: Stack) -> None:
    stack.hosts.broken = {"a", "b"}
    stack.hosts.meet = threading.Barrier(2)

    with pytest.raises(ApplyError):
        stack.run("Thing('a'); Thing('b')")

    assert sorted(str(error) for error in stack.errors) == ["a: broken", "b: broken"]


def test_an_error_of_the_program_is_raised_as_it_is(stack: Stack) -> None:
    with pytest.raises(ValueError, match="im:domain: missing"):
        stack.run("raise ValueError('im:domain: missing')")


def test_refuses_resources_without_a_stand_in(stack: Stack) -> None:
    with pytest.raises(ApplyError):
        stack.run("pulumi_random.RandomPet('pet')")

    unknown = "pet: random:index/randomPet:RandomPet needs the Pulumi engine; there is no stand-in for it"
    assert [str(error) for error in stack.errors] == [unknown]


def test_an_interruption_is_ours_to_handle_whatever_the_program_sets(stack: Stack) -> None:
    before = signal.getsignal(signal.SIGINT)

    stack.run("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)")

    assert signal.getsignal(signal.SIGINT) is before
