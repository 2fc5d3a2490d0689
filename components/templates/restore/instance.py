# managed by Pulumi; edit components/templates/restore/instance.py
"""A PostgreSQL of the scratch folder: a socket of its own, no TCP, nothing of the restored configuration."""

import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from . import scratch
from .commands import AS_POSTGRES, as_postgres, said
from .errors import RestoreError

BIN = "/usr/lib/postgresql/15/bin"
PORT = "54999"
"""Only a part of the socket's name."""
LOG = scratch.FOLDER / "postgresql.log"
CONFIG, ACCESS = scratch.FOLDER / "postgresql.conf", scratch.FOLDER / "pg_hba.conf"
SAME = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_xacts", "max_locks_per_xact")
PARAMETERS = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}


class Instance:
    """Started once for each target of the recovery."""

    def __init__(self, fetch: str) -> None:
        self._fetch = fetch
        self._process: subprocess.Popen[str] | None = None

    def start(self, target: Mapping[str, str]) -> None:
        """`target` are parameters of the recovery; without any, it ends with the log."""
        ACCESS.write_text("local all postgres peer\n")
        CONFIG.write_text("".join(f"{name} = '{text}'\n" for name, text in self._parameters(target).items()))
        for file in (ACCESS, CONFIG):
            give(file)
        LOG.unlink(missing_ok=True)
        command = [*AS_POSTGRES, f"{BIN}/postgres", "-D", str(scratch.DATA), "-c", f"config_file={CONFIG}"]
        with LOG.open("w") as log:
            self._process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, text=True)

    def _parameters(self, target: Mapping[str, str]) -> dict[str, str]:
        return {
            **limits(as_postgres([f"{BIN}/pg_controldata", str(scratch.DATA)]).stdout),
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(scratch.SOCKETS),
            "hba_file": str(ACCESS),
            "archive_mode": "off",
            "autovacuum": "off",
            "hot_standby": "on",
            "restore_command": self._fetch,
            **target,
        }

    def wait(self, question: str, answer: str) -> None:
        """Until the instance gives this answer; raises when it ends before."""
        while self.ask(question) != answer:
            if self._process is None or self._process.poll() is not None:
                raise RestoreError(cause(LOG.read_text()))
            time.sleep(0.3)

    def ask(self, sql: str, database: str = "postgres") -> str:
        """One value; empty when there is no answer."""
        return as_postgres([*self.psql(database), "-c", sql]).stdout.strip()

    def file(self, path: str, database: str) -> str:
        """What a file of SQL answers."""
        done = as_postgres([*self.psql(database), "-v", "ON_ERROR_STOP=1", "-f", path])
        if done.returncode:
            raise RestoreError(f"the restored database cannot be counted: {said(done)}")
        return done.stdout

    def psql(self, database: str) -> list[str]:
        return ["psql", "-XAtq", "-h", str(scratch.SOCKETS), "-p", PORT, "-d", database]

    def check(self) -> None:
        """Reads every table and index to its end."""
        place = ["-h", str(scratch.SOCKETS), "-p", PORT]
        done = as_postgres([f"{BIN}/pg_amcheck", *place, "--all", "--install-missing", "--heapallindexed", "-j2"])
        if done.returncode:
            raise RestoreError(f"pg_amcheck finds damage in the restored data: {said(done)}")

    def stop(self) -> None:
        as_postgres([f"{BIN}/pg_ctl", "-D", str(scratch.DATA), "-m", "fast", "-w", "stop"])
        if self._process:
            self._process.wait()


def limits(controldata: str) -> dict[str, str]:
    """A server in recovery must allow at least what the primary allowed."""
    found = dict(re.findall(r"^(\w+) setting: +(\d+)$", controldata, re.MULTILINE))
    return {PARAMETERS.get(name, name): found[name] for name in SAME if name in found}


def give(file: Path) -> None:
    subprocess.run(["chown", "postgres:postgres", str(file)], check=True)


def cause(log: str) -> str:
    """Why the instance ended."""
    if "recovery ended before configured recovery target was reached" in log:
        return "the log in the copy ends before the moment that was asked for: pieces of it are missing"
    fatal = [line for line in log.splitlines() if re.search(r"(FATAL|PANIC):", line)]
    lines = fatal or log.splitlines() or ["it says nothing"]
    return f"the scratch PostgreSQL ended: {lines[-1]}"
