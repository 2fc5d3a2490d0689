"""Where this machine's own apt gets Debian from, read at run time and written nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commands.lab.errors import LabError
from commands.lab.processes import run

RELEASE = "bookworm"
ARCHIVES = {"debian": ("", "-updates"), "debian-security": ("-security",)}
KEPT_OPTIONS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")  # a mirror frozen in time needs them off


@dataclass(frozen=True)
class Sources:
    """Base URLs of Debian's archives, and the apt options without which they cannot be read."""

    urls: Mapping[str, str]
    options: tuple[str, ...]

    def lines(self, urls: Mapping[str, str]) -> list[str]:
        """One-line sources for the lab's release, with each archive at the URL given."""
        return [
            f"deb {urls[archive]} {RELEASE}{suffix} main"
            for archive, suffixes in ARCHIVES.items()
            if archive in urls
            for suffix in suffixes
        ]


def machine_sources() -> Sources:
    _refuse_proxy()
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    found = [line.split() for line in run(asked, doing="apt-get indextargets").splitlines()]
    urls: dict[str, str] = {}
    for url, release, component in (words for words in found if len(words) == 3):
        archive = _archive(release)
        if archive and component == "main" and url.startswith(("http://", "https://")):
            urls.setdefault(archive, url.rstrip("/"))
    if "debian" not in urls:
        raise LabError("this machine's apt names no http mirror of Debian's main; add one to /etc/apt/sources.list")
    return Sources(urls, _kept_options())


def _refuse_proxy() -> None:
    dump = run(["apt-config", "dump", "Acquire::http::Proxy", "Acquire::https::Proxy"], doing="apt-config dump")
    proxy = next((line.split()[1].strip('";') for line in dump.splitlines() if line.rstrip().endswith('";')), "")
    if proxy not in ("", "DIRECT"):
        raise LabError("this machine's apt uses a proxy, which the lab cannot go through; name a mirror it can reach")


def _archive(release: str) -> str | None:
    """Which archive a release belongs to, whichever Debian this machine runs: `trixie` is in the same one."""
    codename = _codename()
    return {codename: "debian", f"{codename}-security": "debian-security"}.get(release)


def _codename() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next((line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME=")), RELEASE)


def _kept_options() -> tuple[str, ...]:
    lines = run(["apt-config", "dump", *KEPT_OPTIONS], doing="apt-config dump").splitlines()
    return tuple(line for line in lines if line.startswith(KEPT_OPTIONS) and '"' in line)
