"""Rounds: every way in turn, in the other order each time, so that neither has the warmer machine."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from commands.load import LoadError
from commands.load.accounts import temporary
from commands.load.phases import Phase
from commands.load.ways import Way
from commands.load.worker import Work
from commands.verify.accounts import Account

MARGIN_SECONDS = 300


@dataclass(frozen=True)
class Plan:
    """How much: clients, messages a second in the steady phase, seconds of each chat phase, rounds."""

    clients: int
    rate: float
    seconds: float
    rounds: int


@dataclass(frozen=True)
class Run:
    """One way, once."""

    way: str
    round: int
    phases: tuple[Phase, ...]


def rounds(ways: Sequence[Way], plan: Plan, say: Callable[[str], None]) -> list[Run]:
    """Everything; the accounts are gone afterwards, whatever happens."""
    runs = []
    with ExitStack() as stack:
        accounts: dict[str, list[Account]] = {}
        for site in {way.site.stack: way.site for way in ways}.values():
            say(f"{site.stack}: making {plan.clients} accounts")
            each = temporary(site.outputs.accounts, plan.clients, site.inside, site.environment)
            accounts[site.stack] = stack.enter_context(each)
        for number in range(plan.rounds):
            for way in ways if number % 2 == 0 else reversed(ways):
                say(f"round {number + 1} of {plan.rounds}: {way.name}")
                runs.append(Run(way.name, number + 1, measure(way, plan, accounts)))
        say("removing the accounts")
    return runs


def measure(way: Way, plan: Plan, accounts: Mapping[str, list[Account]]) -> tuple[Phase, ...]:
    """One way, by clients in a process of their own."""
    site = way.site
    work = Work(way.places, way.proxied, tuple(accounts[site.stack]), plan.rate, plan.seconds, site.groups)
    command = [*way.inside, sys.executable, "-m", "commands.load.worker"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=site.environment
    ) as process:
        try:
            told, said = process.communicate(work.text(), timeout=2 * plan.seconds + MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise LoadError(f"{site.stack}, {way.name}: its clients did not come to an end") from None
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        lines = said.strip().splitlines() or [f"its clients ended with status {process.returncode}"]
        raise LoadError(f"{site.stack}, {way.name}: {lines[-1]}")
    return tuple(Phase(**{**fields, "milliseconds": tuple(fields["milliseconds"])}) for fields in json.loads(told))
