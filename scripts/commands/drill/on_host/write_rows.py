"""Writes a row twice a second through a psql that stays connected; tells each that was acknowledged, as JSON lines.

Runs on a lab host: `write_rows HOST WAY`; WAY is `consumer` (as the IM server, through its own load balancer) or
`socket` (as postgres, to this host's own server). A write that hangs is waited for: a cancelled one would be committed.
"""

import json
import os
import subprocess
import sys
import threading
import time

PERIOD_SECONDS = 0.5
PSQL = ["psql", "-XqAt"]
CONSUMER = {"PGSERVICEFILE": "/etc/ejabberd/pg_service.conf", "PGSERVICE": "im", "PGCONNECT_TIMEOUT": "3"}
SOCKET = {"PGHOST": "/var/run/postgresql", "PGUSER": "postgres", "PGDATABASE": "im", "PGCONNECT_TIMEOUT": "3"}
PATH = {"PATH": "/usr/bin:/bin"}
ROW = (
    "insert into drill_rows values ('{key}')"
    " returning ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int;\n\\echo done\n"
)


def end_with_standard_input() -> None:
    """Whoever started this is outside of the host and cannot signal it; a write that hangs must not keep it alive."""
    sys.stdin.read()
    os._exit(0)


def connect(way: str) -> "subprocess.Popen[str]":
    user, environment = (None, CONSUMER) if way == "consumer" else ("postgres", SOCKET)
    return subprocess.Popen(
        PSQL,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        user=user,
        env={**PATH, **environment},
    )


def write(psql: "subprocess.Popen[str]", key: str) -> int | None:
    """The timeline, or None when the row was refused; BrokenPipeError when the connection is gone."""
    if psql.stdin is None or psql.stdout is None:
        raise BrokenPipeError
    psql.stdin.write(ROW.format(key=key))
    psql.stdin.flush()
    timeline = None
    while (line := psql.stdout.readline().strip()) != "done":
        if not line:
            raise BrokenPipeError
        timeline = int(line)
    return timeline


def main(host: str, way: str) -> None:
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    psql, number, name = connect(way), 0, f"{host} {way} {time.monotonic_ns()}"
    while True:
        number += 1
        began = time.monotonic()
        try:
            key = f"{name} {number}"
            timeline = write(psql, key)
        except (BrokenPipeError, ValueError):
            psql.kill()
            psql.communicate()
            psql, timeline = connect(way), None
        ended = time.monotonic()
        if timeline is not None:
            row = {"host": host, "way": way, "key": key, "timeline": timeline, "began": began, "ended": ended}
            print(json.dumps(row), flush=True)
        time.sleep(max(0.0, began + PERIOD_SECONDS - ended))


if __name__ == "__main__":
    main(*sys.argv[1:])
