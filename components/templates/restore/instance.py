# managed by Pulumi; edit components/templates/restore/instance.py
"""A PostgreSQL that recovers: a socket of its own, no TCP unless asked for, nothing of the restored configuration."""

import re
import shutil
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
SAME = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_xacts", "max_locks_per_xact")
PARAMETERS = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}


class Instance:
    """Started once for each target of the recovery."""

    def __init__(self, data: Path, fetch: str, archive: str = "") -> None:
        """What it needs beside `data` is in the scratch folder. `archive` is the command that keeps its own log."""
        self._data = data
        self._commands = {"restore_command": fetch}
        self._commands |= {"archive_mode": "on", "archive_command": archive} if archive else {"archive_mode": "off"}
        self._log = scratch.FOLDER / "postgresql.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self, target: Mapping[str, str]) -> None:
        """`target` are parameters, such as those of a recovery; without any, it ends with the log."""
        access, config = scratch.FOLDER / "pg_hba.conf", scratch.FOLDER / "postgresql.conf"
        access.write_text("local all postgres peer\nhost all all 127.0.0.1/32 scram-sha-256\n")
        parameters = {**self._parameters(), "hba_file": str(access), **target}
        config.write_text("".join(f"{name} = '{text}'\n" for name, text in parameters.items()))
        for file in (access, config):
            shutil.chown(file, "postgres", "postgres")
        command = [*AS_POSTGRES, f"{BIN}/postgres", "-D", str(self._data), "-c", f"config_file={config}"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, text=True)

    def _parameters(self) -> dict[str, str]:
        return {
            **limits(controldata(self._data)),
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(scratch.SOCKETS),
            "autovacuum": "off",
            "hot_standby": "on",
            **self._commands,
        }

    def wait(self, question: str, answer: str) -> None:
        """Until the instance gives this answer; raises when it ends before."""
        while self.ask(question) != answer:
            if self._process is None or self._process.poll() is not None:
                raise RestoreError(cause(self._log.read_text()))
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
        as_postgres([f"{BIN}/pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop"])
        if self._process:
            self._process.wait()


def controldata(data: Path) -> str:
    return as_postgres([f"{BIN}/pg_controldata", str(data)]).stdout


def limits(told: str) -> dict[str, str]:
    """A server in recovery must allow at least what the primary allowed."""
    found = dict(re.findall(r"^(\w+) setting: +(\d+)$", told, re.MULTILINE))
    return {PARAMETERS.get(name, name): found[name] for name in SAME if name in found}


def cause(log: str) -> str:
    """Why the instance ended."""
    if "recovery ended before configured recovery target was reached" in log:
        return "the log in the copy ends before the moment that was asked for: pieces of it are missing"
    fatal = [line for line in log.splitlines() if re.search(r"(FATAL|PANIC):", line)]
    lines = fatal or log.splitlines() or ["it says nothing"]
    return f"the scratch PostgreSQL ended: {lines[-1]}"
