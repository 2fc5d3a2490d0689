"""The items as Ansible's playbook: loops over its own modules, pipelining on, everything else as it comes."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.items import SHELL, Declared, Service
from benchmarks.lab import Hosts
from benchmarks.measure import Command, Measured

CHANGED = re.compile(r"^changed: \[", re.MULTILINE)
FORKS = 12
BIN = Path(__file__).parent / ".venv" / "bin"


class Ansible:
    """`ansible-playbook`, with `--check --diff` where nothing may change."""

    name = "ansible"
    project = None

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self._hosts = hosts
        self._folder = folder

    def declare(self, declared: Declared) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        inventory = {"all": {"hosts": {host: variables(services) for host, services in declared.items()}}}
        (self._folder / "inventory.json").write_text(json.dumps(inventory))
        (self._folder / "playbook.json").write_text(json.dumps(PLAYBOOK))
        (self._folder / "ansible.cfg").write_text(CONFIG.format(forks=FORKS, ssh_config=self._hosts.ssh_config))

    def command(self, case: str) -> Command:
        check = ["--check", "--diff"] if case in ("check", "drift") else []
        argv = [str(BIN / "ansible-playbook"), "--inventory", "inventory.json", *check, "playbook.json"]
        return Command(argv, self._folder, {"ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"), "LC_ALL": "C.UTF-8"})

    def found(self, measured: Measured) -> int:
        """The items that it changed, or would."""
        return len(CHANGED.findall(measured.output))


def variables(services: Sequence[Service]) -> dict[str, Any]:
    """What the playbook loops over on one host."""
    return {
        "ansible_python_interpreter": "/usr/bin/python3",
        "packages": [package for service in services for package in service.packages],
        "accounts": [{"name": service.name, "home": service.home, "shell": SHELL} for service in services],
        "directories": [_place(item) for service in services for item in service.directories],
        "unit_files": [_place(service.unit_file) for service in services],
        "configs": [
            {**_place(file), **({"reloads": service.unit} if file is service.reloaded_by else {})}
            for service in services
            for file in service.files
            if file is not service.unit_file
        ],
        "units": [service.unit for service in services],
    }


def _place(item: Any) -> dict[str, str]:
    return {**vars(item), "mode": f"0{item.mode}"}


def _copy(name: str) -> dict[str, Any]:
    keys = ("content", "mode", "owner", "group")
    return {"copy": {"dest": "{{ item.path }}", **{key: f"{{{{ item.{key} }}}}" for key in keys}}, "loop": _all(name)}


def _all(name: str) -> str:
    return f"{{{{ {name} }}}}"


QUIET = {"loop_control": {"label": "{{ item.path | default(item.name) | default(item) }}"}}
PLAYBOOK: list[dict[str, Any]] = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"apt": {"name": _all("packages"), "state": "present", "install_recommends": False}},
            {"group": {"name": "{{ item.name }}", "system": True}, "loop": _all("accounts"), **QUIET},
            {
                "user": {
                    "name": "{{ item.name }}",
                    "group": "{{ item.name }}",
                    "home": "{{ item.home }}",
                    "shell": "{{ item.shell }}",
                    "system": True,
                    "create_home": False,
                },
                "loop": _all("accounts"),
                **QUIET,
            },
            {
                "file": {
                    "path": "{{ item.path }}",
                    "state": "directory",
                    "mode": "{{ item.mode }}",
                    "owner": "{{ item.owner }}",
                    "group": "{{ item.group }}",
                },
                "loop": _all("directories"),
                **QUIET,
            },
            {**_copy("unit_files"), "register": "placed_units", **QUIET},
            {**_copy("configs"), "register": "placed", **QUIET},
            {"systemd": {"daemon_reload": True}, "when": "placed_units is changed"},
            {"systemd": {"name": "{{ item }}", "state": "started", "enabled": True}, "loop": _all("units")},
            {
                "systemd": {"name": "{{ item.item.reloads }}", "state": "reloaded"},
                "loop": "{{ placed.results | selectattr('changed') | selectattr('item.reloads', 'defined') }}",
                "loop_control": {"label": "{{ item.item.reloads }}"},
            },
        ],
    }
]
CONFIG = """\
[defaults]
forks = {forks}
host_key_checking = True
stdout_callback = default
[connection]
pipelining = True
[ssh_connection]
ssh_extra_args = -F {ssh_config}
"""
