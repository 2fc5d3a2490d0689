"""One lab: what each command of `scripts/lab` does to it."""

import json
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from commands.lab import access, base, faults, mirror, network
from commands.lab.apt import Sources, machine_sources
from commands.lab.errors import LabError
from commands.lab.inventory import LabHost, read_hosts
from commands.lab.machines import Machine
from commands.lab.places import ROOT, Places
from commands.lab.processes import only_one, remove_tree


@dataclass(frozen=True)
class Lab:
    """The lab of one stack in this checkout."""

    places: Places

    @cached_property
    def _record(self) -> dict[str, object]:
        """Which stack file the lab was made from; the other commands work without it."""
        try:
            record: dict[str, object] = json.loads(self.places.record.read_text())
        except FileNotFoundError:
            stack = self.places.stack
            raise LabError(f"{stack}: has no lab; make one with: scripts/lab up {stack}") from None
        return record

    @property
    def stacks(self) -> Path:
        return Path(str(self._record["stacks"]))

    @property
    def machines(self) -> tuple[Machine, ...]:
        folders = [self.places.hosts / str(name) for name in self._names]
        hosts = [LabHost(**json.loads((folder / "host.json").read_text())) for folder in folders]
        return tuple(Machine(self.places, host) for host in hosts)

    @property
    def _names(self) -> list[str]:
        names = self._record["hosts"]
        return list(names) if isinstance(names, list) else []

    def machine(self, name: str) -> Machine:
        try:
            return next(machine for machine in self.machines if machine.name == name)
        except StopIteration:
            choices = ", ".join(self._names)
            raise LabError(f"{name}: is no host of the lab {self.places.stack}; choose one of {choices}") from None

    def up(self, stacks: Path) -> None:
        hosts = read_hosts(stacks, self.places.stack)
        sources = machine_sources()
        files = base.ensure(self.places.shared, sources)
        self._own_files()
        public_key = access.ensure_key(self.places)
        self._connect(sources, hosts)
        made = [Machine(self.places, host) for host in hosts]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(lambda machine: self._make(machine, files, public_key, sources), made))
            self._write_record(stacks, hosts, files)
            access.write_config(self.places, hosts)
            for told in pool.map(lambda machine: _boot(machine, files), made):
                print(told, flush=True)
        self._remove_undeclared(hosts)

    def _own_files(self) -> None:
        self.places.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.places.state.mkdir(mode=0o700, exist_ok=True)
        self.places.hosts.mkdir(exist_ok=True)
        if not self.places.passphrase.exists():
            access.private_file(self.places.passphrase, secrets.token_urlsafe(32))

    def _connect(self, sources: Sources, hosts: Sequence[LabHost]) -> None:
        if not network.exists(self.places):
            self._forget_old_network()
        mirror.ensure_server(self.places.shared, sources)
        network.ensure(self.places, hosts)
        mirror.ensure_relays(self.places, tuple(dict.fromkeys(host.gateways[0] for host in hosts)))

    def _forget_old_network(self) -> None:
        """Hosts that run without the namespace are connected to nothing."""
        for folder in self.places.hosts.iterdir():
            Machine(self.places, LabHost(folder.name, "")).kill()
        mirror.stop_relays(self.places)
        faults.forget(self.places)

    def _make(self, machine: Machine, files: Path, public_key: str, sources: Sources) -> None:
        declared = machine.declared
        if declared not in (None, machine.host):
            print(f"{machine.name}: is declared with another address or user now; made anew", flush=True)
            machine.remove()
        if machine.declared is None:
            machine.make(files, public_key, sources)

    def _write_record(self, stacks: Path, hosts: Sequence[LabHost], files: Path) -> None:
        record = {"stacks": str(stacks.resolve()), "hosts": [host.name for host in hosts], "base": str(files)}
        self.places.record.write_text(json.dumps(record))

    def _remove_undeclared(self, hosts: Sequence[LabHost]) -> None:
        declared = {host.name for host in hosts}
        for folder in sorted(self.places.hosts.iterdir()):
            if folder.name not in declared and (folder / "host.json").exists():
                host = LabHost(**json.loads((folder / "host.json").read_text()))
                Machine(self.places, host).remove()
                print(f"{folder.name}: is no longer in the stack file; removed", flush=True)

    def start(self, name: str, *, wait: bool = True) -> None:
        """`wait`: until its systemd has started everything."""
        machine = self.machine(name)
        if not network.exists(self.places):
            stack = self.places.stack
            raise LabError(f"{name}: the lab's network is gone; make it again with: scripts/lab up {stack}")
        print(_boot(machine, Path(str(self._record["base"])), wait=wait))

    def kill(self, name: str) -> None:
        self.machine(name).kill()
        print(f"{name}: dead")

    def freeze(self, name: str, *, frozen: bool) -> None:
        machine = self.machine(name)
        if not machine.running():
            raise LabError(f"{name}: is not running; start it with: scripts/lab start {self.places.stack} {name}")
        machine.freeze(frozen)
        print(f"{name}: {'paused' if frozen else 'running'}")

    def cut(self, name: str, peers: Sequence[str], direction: str) -> None:
        for host in (name, *peers):
            self.machine(host)
        faults.cut(self.places, name, peers, direction)
        ways = {"both": "cut off from", "in": "no longer hears", "out": "is no longer heard by"}
        print(f"{name}: {ways[direction]} {', '.join(peers) or 'anybody'}")

    def heal(self, name: str | None) -> None:
        if name is not None:
            self.machine(name)
        faults.heal(self.places, name)
        print(f"{name or 'all hosts'}: connected again")

    def down(self) -> None:
        """Works on whatever is left of a lab, too."""
        places = self.places
        for folder in sorted(places.hosts.glob("*")):
            Machine(places, LabHost(folder.name, "")).remove()
            print(f"{folder.name}: removed", flush=True)
        mirror.stop_relays(places)
        network.remove(places)
        if places.cgroup("").parent.is_dir():
            places.cgroup("").parent.rmdir()
        remove_tree(places.folder)
        mirror.stop_unused_server(places.shared)


def _boot(machine: Machine, files: Path, *, wait: bool = True) -> str:
    """What became of it."""
    if machine.running():
        return f"{machine.name}: running already"
    began = time.monotonic()
    machine.start(files)
    if not wait:
        return f"{machine.name}: started"
    if any(one.host == machine.name and one.peer is None for one in faults.read(machine.places)):
        return f"{machine.name}: started; it is cut off, so nobody can say how far it is"
    machine.wait()
    return f"{machine.name}: running after {time.monotonic() - began:.1f} s"


def lab_of(stack: str) -> Lab:
    return Lab(Places(stack, ROOT))


def locked(lab: Lab) -> AbstractContextManager[None]:
    """One command at a time changes a lab."""
    return only_one(lab.places.shared.lock(f"stack-{lab.places.stack}"))
