#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/haproxy-local/haproxy_backends.py
"""Fails unless every backend of a HAProxy has a server that is up: haproxy-backends SOCKET"""

import csv
import io
import socket
import sys


def ask(path: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(f"{command}\n".encode())
        with connection.makefile() as answer:
            return answer.read()


def down(statistics: str) -> list[str]:
    """One sentence for each backend that is not up, with what the checks of its servers say."""
    rows = list(csv.DictReader(io.StringIO(statistics.lstrip("# "))))
    checks = {
        row["pxname"]: f"{row['svname']}: {row['check_status']} {row['last_chk']}" for row in rows if row["last_chk"]
    }
    backends = [row for row in rows if row["svname"] == "BACKEND"]
    if not backends:
        return ["HAProxy has no backends"]
    return [
        f"{row['pxname']} has no server up ({checks.get(row['pxname'])})" for row in backends if row["status"] != "UP"
    ]


if __name__ == "__main__":
    try:
        problems = down(ask(sys.argv[1], "show stat"))
    except OSError as error:
        problems = [f"HAProxy does not answer on {sys.argv[1]}: {error}"]
    sys.exit("\n".join(problems) or None)
