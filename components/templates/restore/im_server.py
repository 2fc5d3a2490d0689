# managed by Pulumi; edit components/templates/restore/im_server.py
"""A scratch IM server over the restored database, and a client that reads the newest message back through it.

It is on loopback, is no Erlang node that others could reach, and runs as postgres in the scratch folder. To log in, the
account gets another password in the scratch database.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import scratch, xmpp
from .commands import AS_POSTGRES
from .errors import RestoreError
from .instance import PORT as DATABASE_PORT
from .instance import Instance

PORT = 54998
START_SECONDS = 120
CONFIG, LOG, TABLES = (scratch.FOLDER / name for name in ("ejabberd.yml", "ejabberd.log", "mnesia"))
NEWEST = """\
SELECT json_build_object('id', archive.id, 'user', username, 'stamp', timestamp, 'text', txt)
FROM archive JOIN users USING (username, server_host)
WHERE kind = 'chat' AND txt <> '' ORDER BY archive.id DESC LIMIT 1
"""
OPEN = """\
UPDATE users SET password = '{password}', serverkey = '', salt = '', iterationcount = 0
WHERE (username, server_host) = (SELECT username, server_host FROM archive WHERE id = {id})
"""
TEXT = """\
hosts: ["{domain}"]
loglevel: warning
acme:
  auto: false
default_db: sql
new_sql_schema: true
sql_type: pgsql
sql_server: 127.0.0.1
sql_port: {database_port}
sql_database: {database}
sql_username: {role}
sql_password: "{password}"
sql_pool_size: 2
sql_start_interval: 1
auth_method: [sql]
auth_password_format: plain
listen:
  -
    ip: 127.0.0.1
    port: {port}
    module: ejabberd_c2s
modules:
  mod_mam:
    db_type: sql
    default: always
"""


def read_back(instance: Instance, settings: Mapping[str, str]) -> str:
    """What became of it, without names and text: those are nobody's business here."""
    database, role = settings["database"], settings["role"]
    if not (found := instance.ask(NEWEST, database)):
        return "there is none with a text"
    newest, password = json.loads(found), secrets.token_hex(24)
    instance.ask(f"ALTER ROLE {role} PASSWORD '{password}'")
    instance.ask(OPEN.format(password=password, **newest), database)
    instance.stop()
    instance.start({"listen_addresses": "127.0.0.1"})
    instance.wait("SELECT 1", "1")
    with serving(settings, password):
        text = xmpp.message(PORT, settings["domain"], newest["user"], password, newest["stamp"])
    if text != newest["text"]:
        raise RestoreError("a message that the restored database has is not what the scratch IM server gives for it")
    return "read back through a scratch IM server"


@contextlib.contextmanager
def serving(settings: Mapping[str, str], password: str) -> Iterator[None]:
    """While the block lasts."""
    names = {name: settings[name] for name in ("domain", "database", "role")}
    CONFIG.write_text(TEXT.format(password=password, port=PORT, database_port=DATABASE_PORT, **names))
    TABLES.mkdir(mode=0o700)
    for path in (CONFIG, TABLES):
        shutil.chown(path, "postgres", "postgres")
    command = [*AS_POSTGRES, "erl", "-noinput", "-mnesia", "dir", f'"{TABLES}"', "-s", "ejabberd"]
    with (scratch.FOLDER / "erl.log").open("w") as log:
        process = subprocess.Popen(command, cwd=TABLES, stdout=log, stderr=log, env=environment())
        try:
            answers(process)
            yield
        finally:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """Debian has ejabberd beside its libraries for each architecture."""
    libraries = next(Path("/usr/lib").glob("*/ejabberd-*")).parent
    paths = {"EJABBERD_CONFIG_PATH": str(CONFIG), "EJABBERD_LOG_PATH": str(LOG), "ERL_LIBS": str(libraries)}
    return {**os.environ, **paths, "HOME": str(scratch.FOLDER)}


def answers(process: "subprocess.Popen[bytes]") -> None:
    """Waits for that."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
            return
        time.sleep(0.3)
    lines = LOG.read_text(errors="replace").splitlines() if LOG.exists() else []
    raise RestoreError(f"the scratch IM server does not start: {lines[-1] if lines else 'it says nothing'}")
