#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/restic/restic_save.py
"""Saves a set of /etc/im-restic/restic.json to each of its places: restic-save SET

A place that is away does not keep the others from their copy. All that failed is said at the end.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/etc/im-restic")
DUMPS = Path("/var/lib/im-restic")
METRICS = Path("/var/lib/prometheus/node-exporter")
FIGURE = "im_restic_seconds"
"""When a set last reached a place whole, as Unix time; its age is `time()` less that."""


def main(name: str) -> None:
    settings = json.loads((FOLDER / "restic.json").read_text())
    chosen = settings["sets"][name]
    failed = list(dumped(chosen["dumps"]))
    is_whole = not failed
    for place in chosen["places"]:
        wrong = saved(
            settings["places"][place], name, chosen["paths"] + [str(DUMPS / each) for each in chosen["dumps"]]
        )
        if wrong:
            failed.append(f"{name} did not reach {place} ({settings['places'][place]}): {wrong}")
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


def saved(url: str, name: str, paths: list[str]) -> str:
    """Why not, empty when all is there. restic ends with 3 when it could not read everything, which is not good."""
    if restic(url, "cat", "config").returncode and (made := restic(url, "init")).returncode:
        return last_line(made)
    there = [path for path in paths if Path(path).exists()]
    answer = restic(url, "backup", "--quiet", "--tag", name, *there)
    return last_line(answer) if answer.returncode else ""


def restic(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    certificates = ["--cacert", str(FOLDER / "ca.pem"), "--tls-client-cert", str(FOLDER / "client.pem")]
    command = ["restic", "--repo", url, "--password-file", str(FOLDER / "password"), *certificates, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def last_line(answer: "subprocess.CompletedProcess[str]") -> str:
    lines = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
    return lines[-1] if lines else f"restic ended with {answer.returncode}"


def tell(name: str, place: str) -> None:
    """One file for each, replaced at once: what monitoring reads is whole."""
    file = METRICS / f"im-restic-{name}-{place}.prom"
    new = file.with_suffix(".new")
    labels = "{" + f'set="{name}",place="{place}"' + "}"
    new.write_text(f"{FIGURE}{labels} {int(time.time())}\n")
    new.rename(file)


if __name__ == "__main__":
    main(sys.argv[1])
