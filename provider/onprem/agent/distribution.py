"""The only place that knows distributions: which are supported, and how packages come onto one of them (apt)."""

from __future__ import annotations

import contextlib
import fcntl
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import files
from .before import put_back_file, save_file
from .commands import Commands, Output
from .errors import AgentError
from .undo_log import UndoLog

SUPPORTED = {("debian", "12"), ("ubuntu", "22.04"), ("ubuntu", "24.04")}
POLICY = "/usr/sbin/policy-rc.d"
POLICY_TEXT = b"#!/bin/sh\n# No service starts while its package is installed.\nexit 101\n"
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "UCF_FORCE_CONFFOLD": "1"}
LOCK_SECONDS = 300
APT = (
    "apt-get",
    "--assume-yes",
    "--quiet",
    "--no-install-recommends",
    "--option=Dpkg::Options::=--force-confold",
    f"--option=DPkg::Lock::Timeout={LOCK_SECONDS}",
)
SECONDS = 1800
DPKG_LOCK = Path("/var/lib/dpkg/lock-frontend")


def release() -> dict[str, str]:
    """The fields of os-release."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        with contextlib.suppress(FileNotFoundError):
            pairs = (line.partition("=") for line in path.read_text().splitlines())
            return {key: value.strip("\"'") for key, _, value in pairs}
    return {}


def refuse_unsupported() -> None:
    """Raises on a distribution whose packages we do not know."""
    found = release()
    if (found.get("ID"), found.get("VERSION_ID")) not in SUPPORTED:
        name = found.get("PRETTY_NAME", "an unknown system")
        raise AgentError(f"this host runs {name}; supported are Debian 12, Ubuntu 22.04 and Ubuntu 24.04")


def installed(commands: Commands, names: Iterable[str]) -> dict[str, str]:
    """Versions of those of `names` that are installed and configured."""
    wanted = list(names)
    return _query(commands, wanted) if wanted else {}


def all_installed(commands: Commands) -> dict[str, str]:
    """Versions of all packages that are installed and configured."""
    return _query(commands, [])


def _query(commands: Commands, names: list[str]) -> dict[str, str]:
    form = "--showformat=${Package}\t${db:Status-Status}\t${Version}\n"
    lines = commands.run(["dpkg-query", "--show", form, "--", *names]).out.splitlines()
    rows = (line.split("\t") for line in lines)
    return {name: version for name, status, version in rows if status == "installed"}


def missing(commands: Commands, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of `wanted` (name → version, "" for any) that are not there in that version."""
    have = installed(commands, wanted)
    return {name: version for name, version in wanted.items() if name not in have or version not in ("", have[name])}


def install(commands: Commands, log: UndoLog, wanted: Mapping[str, str]) -> None:
    """Installs `wanted`; no service starts or restarts meanwhile. What dpkg has begun is not interrupted."""
    specs = _specs(wanted)
    _configure_interrupted(commands, log)
    _fetch(commands, wanted)
    with quiet_services(log):
        output = _apt(commands.unstoppable(), ["install", "--allow-downgrades", *specs], f"installing {_count(specs)}")
    if not output.succeeded:
        raise AgentError(f"installing {', '.join(specs)} failed: {_cause(output)}")


def prefetch(commands: Commands, names: Iterable[str]) -> int:
    """Downloads packages, and those they need, that are not installed; how many archives came."""
    absent = missing(commands, dict.fromkeys(names, ""))
    if not absent:
        return 0
    before = _archives()
    _fetch(commands, absent)
    return len(_archives() - before)


def _fetch(commands: Commands, wanted: Mapping[str, str]) -> None:
    """Downloads; the lists of packages are fetched when they do not know `wanted` or name files that are gone."""
    specs = _specs(wanted)
    refreshed = None if _known(commands, wanted) else _update(commands)
    output = _download(commands, specs)
    if not output.succeeded and refreshed is None:
        refreshed = _update(commands)
        output = _download(commands, specs)
    if not output.succeeded:
        lists = f" (apt-get update: {_cause(refreshed)})" if refreshed and not refreshed.succeeded else ""
        raise AgentError(f"{', '.join(specs)} cannot be downloaded: {_cause(output)}{lists}")


def release_files(commands: Commands) -> list[str]:
    """The signed index of each package source that is reached over the network."""
    printed = commands.run(["apt-get", "update", "--print-uris"]).out
    return sorted(set(re.findall(r"^'(http[^']+/InRelease)'", printed, re.MULTILINE)))


def proxies(commands: Commands) -> dict[str, str]:
    """The proxies that apt uses, by scheme."""
    asked = "apt-config shell http Acquire::http::Proxy https Acquire::https::Proxy; echo"
    lines = (line.partition("=") for line in commands.shell(asked).out.splitlines())
    return {scheme: text.strip("'\"") for scheme, _, text in lines if text.strip("'\"") not in ("", "DIRECT")}


def _archives() -> set[str]:
    return {path.name for path in Path("/var/cache/apt/archives").glob("*.deb")}


def _specs(wanted: Mapping[str, str]) -> list[str]:
    return [f"{name}={version}" if version else name for name, version in wanted.items()]


def _count(specs: list[str]) -> str:
    return specs[0] if len(specs) == 1 else f"{len(specs)} packages"


def _apt(commands: Commands, arguments: list[str], doing: str) -> Output:
    commands.progress(doing)
    return commands.run([*APT, *arguments], seconds=SECONDS, doing=doing, environment=ENVIRONMENT)


def _download(commands: Commands, specs: list[str]) -> Output:
    arguments = ["install", "--allow-downgrades", "--download-only", *specs]
    return _apt(commands, arguments, f"downloading {_count(specs)}")


def _update(commands: Commands) -> Output:
    return _apt(commands, ["update", "--error-on=any"], "fetching the lists of packages")


def _known(commands: Commands, wanted: Mapping[str, str]) -> bool:
    """Whether the lists on this host offer every package, in its version."""
    for name, version in wanted.items():
        shown = commands.run(["apt-cache", "madison", "--", name]).out
        offered = [line.split("|")[1].strip() for line in shown.splitlines() if line.count("|") >= 2]
        if not offered or (version and version not in offered):
            return False
    return True


def _cause(output: Output) -> str:
    """apt's own errors rather than all it printed."""
    errors = [line[2:].strip() for line in output.err.splitlines() if line.startswith("E:")]
    return " / ".join(errors[-5:]) or output.cause()


def _configure_interrupted(commands: Commands, log: UndoLog) -> None:
    """Ends what an earlier dpkg was killed in the middle of."""
    if not commands.run(["dpkg", "--audit"]).out.strip() and not any(Path("/var/lib/dpkg/updates").glob("[0-9]*")):
        return
    wait_for_dpkg()
    with quiet_services(log):
        argv = ["dpkg", "--force-confold", "--configure", "--pending"]
        commands.unstoppable().run(argv, seconds=SECONDS, doing="configuring packages", environment=ENVIRONMENT)


@contextlib.contextmanager
def quiet_services(log: UndoLog) -> Iterator[None]:
    """invoke-rc.d is told to start nothing; what stood in that place is put back byte for byte."""
    log.file(POLICY)
    before = save_file(POLICY, log.folder)
    files.write(POLICY, POLICY_TEXT, 0o755, 0, 0)
    try:
        yield
    finally:
        put_back_file(POLICY, before, log.folder)


def wait_for_dpkg() -> None:
    """Returns once no apt or dpkg works, or after the time that apt itself would wait."""
    deadline = time.monotonic() + LOCK_SECONDS
    with DPKG_LOCK.open("r+b") as file:
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.5)
