#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/restic/restic_save.py
"""Saves a set of /etc/im-restic/restic.json to each of its places: restic-save SET

A place that is away does not keep the others from their copy. All that failed is said at the end.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path("/etc/im-restic")
DUMPS = Path("/var/lib/im-restic")
METRICS = Path("/var/lib/prometheus/node-exporter")
OPEN_SECONDS = 60
"""restic itself tries for a quarter of an hour, and the other places would wait for that."""
NOT_THERE = ("<config/> does not exist", "The specified key does not exist")
"""What restic says of a place that has no repository yet: a server of ours, a bucket."""
FIGURE = "im_restic_seconds"
"""When a set last reached a place whole, as Unix time; its age is `time()` less that."""


def main(name: str) -> None:
    settings = json.loads((FOLDER / "restic.json").read_text())
    chosen = settings["sets"][name]
    if chosen["about"] and not (about := told(chosen["about"])):
        return
    tags = [name, *(about if chosen["about"] else ())]
    failed = list(dumped(chosen["dumps"]))
    is_whole = not failed
    for place in chosen["places"]:
        url = settings["places"][place]
        if wrong := saved(url, tags, chosen):
            failed.append(f"{name} did not reach {place} ({url}): {wrong}")
        elif is_whole:
            tell(name, place)
    if failed:
        sys.exit("\n".join(failed))


def dumped(dumps: dict[str, str]) -> Iterator[str]:
    """Writes what has no file of its own; yields what failed. A file of before stays until there is a whole new one."""
    for name, command in dumps.items():
        new = DUMPS / f"{name}.new"
        new.unlink(missing_ok=True)
        answer = subprocess.run(  # noqa: S602 - a declared command
            command.format(new), shell=True, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            yield f"{name} could not be written: {answer.stderr.strip() or answer.stdout.strip()}"
        else:
            new.rename(DUMPS / name)


def told(command: str) -> list[str]:
    """What goes with the copy as its tags. A set that has nothing to tell of itself has nothing worth a copy."""
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - declared
    if answer.returncode:
        sys.exit(f"not saved: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout.split()


def saved(url: str, tags: Iterable[str], chosen: dict[str, Any]) -> str:
    """Why not, empty when all is there. restic ends with 3 when it could not read everything, which is not good."""
    opened = restic(url, "cat", "config", seconds=OPEN_SECONDS)
    if any(words in opened.stderr for words in NOT_THERE):
        opened = restic(url, "init")
    if opened.returncode:
        return reason(opened)
    paths = [*map(Path, chosen["paths"]), *(DUMPS / each for each in chosen["dumps"])]
    without = [f"--exclude={pattern}" for pattern in chosen["without"]]
    marked = [f"--tag={tag}" for tag in tags]
    answer = restic(url, "backup", "--quiet", *marked, *without, *(str(path) for path in paths if path.exists()))
    return reason(answer) if answer.returncode else ""


def restic(url: str, *arguments: str, seconds: "int | None" = None) -> "subprocess.CompletedProcess[str]":
    ours = ["--cacert", str(FOLDER / "ca.pem"), "--tls-client-cert", str(FOLDER / "client.pem")]
    certificates = ours if url.startswith("rest:") else []
    command = ["restic", "--repo", url, "--password-file", str(FOLDER / "password"), *certificates, *arguments]
    environment = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(FOLDER / "s3")}
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer in {seconds} s")


def reason(answer: "subprocess.CompletedProcess[str]") -> str:
    """What restic calls fatal, with its advice left out."""
    lines = (answer.stderr.strip() or answer.stdout.strip() or f"restic ended with {answer.returncode}").splitlines()
    return next((line for line in lines if line.startswith("Fatal: ")), lines[-1]).removeprefix("Fatal: ")


def tell(name: str, place: str) -> None:
    """One file for each, replaced at once: what monitoring reads is whole."""
    METRICS.mkdir(parents=True, exist_ok=True)
    file = METRICS / f"im-restic-{name}-{place}.prom"
    new = file.with_suffix(".new")
    labels = "{" + f'set="{name}",place="{place}"' + "}"
    new.write_text(f"{FIGURE}{labels} {int(time.time())}\n")
    new.rename(file)


if __name__ == "__main__":
    main(sys.argv[1])
