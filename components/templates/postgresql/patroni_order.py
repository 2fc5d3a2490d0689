#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/postgresql/patroni_order.py
"""Asks and orders Patroni, over its REST interface: healthy | settings | apply | hand-over | reload."""

import functools
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import yaml

FOLDER = Path("/etc/patroni/im")
RESTART_SECONDS = 120
RELOAD_SECONDS = 30
SYNCHRONOUS_SECONDS = 30
NOTICE_SECONDS = 3
"""After one round of its loop, Patroni needs so long to know whether a restart is pending."""


@functools.cache
def local() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "patroni.yml").read_text()))


def own() -> str:
    return f"https://{local()['restapi']['connect_address']}"


def fail(text: str) -> NoReturn:
    sys.exit(f"{local()['name']}: {text}")


def ask(url: str, path: str, method: str = "GET", body: Any = None, seconds: int = 5) -> tuple[int, Any]:
    """The status and the answer; status 0 and the reason when there is none."""
    context = ssl.create_default_context(cafile=local()["restapi"]["cafile"])
    context.load_cert_chain(local()["restapi"]["certfile"], local()["restapi"]["keyfile"])
    address = urlsplit(url)
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, timeout=seconds, context=context)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, parsed(answer.read().decode())
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def members() -> list[dict[str, Any]]:
    status, cluster = ask(own(), "/cluster")
    if status != 200:
        fail(f"Patroni does not tell its members: {cluster}")
    return list(cluster["members"])


def url_of(member: dict[str, Any]) -> str:
    address = urlsplit(member["api_url"])
    return f"{address.scheme}://{address.netloc}"


def those_that_answer(path: str) -> list[dict[str, Any]]:
    return [member for member in members() if "api_url" in member and ask(url_of(member), path)[0] == 200]


def leads(member: dict[str, Any]) -> bool:
    return member["role"] in ("leader", "master")


def wait(done: Callable[[], bool], seconds: int) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True


def healthy() -> None:
    status, answer = ask(own(), "/readiness")
    if status != 200:
        fail(f"PostgreSQL is not ready: {answer.get('state', status) if isinstance(answer, dict) else answer}")
    primaries = [member["name"] for member in those_that_answer("/primary")]
    if len(primaries) != 1:
        fail(f"one primary is expected, these say they are it: {', '.join(primaries) or 'none'}")
    replicas = [member for member in members() if not leads(member) and member["state"] in ("running", "streaming")]
    if replicas and not those_that_answer("/synchronous"):
        fail("no replica is synchronous yet")
    Path(f"{local()['postgresql']['data_dir']}.begun").unlink(missing_ok=True)


def declared() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / "founding.yml").read_text())["bootstrap"]["dcs"])


def lines(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in sorted(settings.items()):
        if isinstance(value, dict):
            yield from lines(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}: {json.dumps(value)}"


def restart_is_pending(url: str) -> bool:
    status, answer = ask(url, "/patroni")
    return status != 0 and bool(answer.get("pending_restart"))


def show_settings() -> None:
    status, live = ask(own(), "/config")
    if status != 200:
        print("Patroni does not answer")
        return
    print("\n".join(lines(live)))
    if restart_is_pending(own()):
        print("a restart is pending")


def apply() -> None:
    """Writes the declared settings and restarts who must, the primary last; if one does not come up, puts them back.

    A value that becomes less is taken by a replica only once its primary has it.
    """
    status, before = ask(own(), "/config")
    if status != 200:
        fail(f"Patroni does not answer: {before}")
    if before != declared():
        put(declared())
        time.sleep(declared()["loop_wait"] + NOTICE_SECONDS)
    started = int(time.time())
    roll(before, started)
    if any(restart_is_pending(url_of(member)) for member in members()):
        wait(lambda: bool(those_that_answer("/synchronous")), SYNCHRONOUS_SECONDS)
        roll(before, started)


def roll(before: dict[str, Any], started: int) -> None:
    for member in sorted(members(), key=leads):
        if leads(member) and restart_is_pending(url_of(member)):
            relieve(member)
        if restart_is_pending(url_of(member)) and not restart(url_of(member)):
            put(before)
            reason = last_fatal(started)
            fail(f"PostgreSQL on {member['name']} does not start with the new settings, the old are put back{reason}")


def relieve(primary: dict[str, Any]) -> None:
    """A synchronous replica that has the new settings becomes the primary. Without one it restarts in its place."""
    if all(map(leads, members())) or not wait(lambda: bool(those_that_answer("/synchronous")), SYNCHRONOUS_SECONDS):
        return
    ready = [each["name"] for each in those_that_answer("/synchronous") if not restart_is_pending(url_of(each))]
    if ready and switch_over(url_of(primary), primary["name"], ready[0])[0] == 200:
        wait(lambda: has_handed_over(url_of(primary)), RESTART_SECONDS)


def last_fatal(since: int) -> str:
    command = ["journalctl", "-u", "patroni.service", "-o", "cat", "--no-pager", f"--since=@{since}"]
    journal = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = [line.partition("FATAL:")[2].strip() for line in journal.splitlines() if "FATAL:" in line]
    return f". It says: {found[-1]}" if found else ""


def put(settings: dict[str, Any]) -> None:
    status, answer = ask(own(), "/config", "PUT", settings)
    if status != 200:
        fail(f"Patroni refuses the settings: {answer}")


def restart(url: str) -> bool:
    return ask(url, "/restart", "POST", {"restart_pending": True}, RESTART_SECONDS)[0] == 200


def switch_over(url: str, leader: str, candidate: str) -> tuple[int, Any]:
    return ask(url, "/switchover", "POST", {"leader": leader, "candidate": candidate}, RESTART_SECONDS)


def has_handed_over(url: str) -> bool:
    """It is a replica, and some replica is synchronous: of two members this one, of more another one may be quicker."""
    return ask(url, "/replica")[0] == 200 and bool(those_that_answer("/synchronous"))


def hand_over() -> None:
    """Before a restart: another member becomes the primary, and has a synchronous replica again."""
    if ask(own(), "/primary")[0] != 200:
        return
    others = [member["name"] for member in those_that_answer("/synchronous")]
    if not others:
        return
    status, answer = switch_over(own(), local()["name"], others[0])
    if status != 200:
        fail(f"could not hand over to {others[0]}: {answer}")
    if not wait(lambda: has_handed_over(own()), RESTART_SECONDS):
        fail(f"handed over to {others[0]}, which has no synchronous replica after {RESTART_SECONDS} s")


def load_time() -> str:
    query = ["psql", "-XAtc", "SELECT pg_conf_load_time()", "postgres"]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()


def reload() -> None:
    """Run by systemd as the user of PostgreSQL. Patroni overlooks a renewed certificate if other files changed, too."""
    read_again()
    if not has_own_certificate():
        read_again()


def read_again() -> None:
    """A PostgreSQL that was down may be started by the new files, and is given the time for it."""
    before = load_time()
    os.kill(int(os.environ["MAINPID"]), signal.SIGHUP)
    if not wait(lambda: load_time() not in ("", before), RELOAD_SECONDS) and before:
        fail("PostgreSQL has not read its configuration again")


def has_own_certificate() -> bool:
    address, port = local()["restapi"]["connect_address"].rsplit(":", 1)
    try:
        shown = ssl.get_server_certificate((address, int(port)), timeout=5)
    except OSError:
        return False
    return shown.strip() in Path(local()["restapi"]["certfile"]).read_text()


if __name__ == "__main__":
    orders = {"healthy": healthy, "settings": show_settings, "apply": apply, "hand-over": hand_over, "reload": reload}
    orders[sys.argv[1]]()
