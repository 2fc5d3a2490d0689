"""`lab run`: a command inside the lab's network, with copies of the stack files over the tracked ones."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from commands.apply.engine import SIDE_BY_SIDE
from commands.lab.access import config, private_file
from commands.lab.errors import LabError
from commands.lab.network import inside
from commands.lab.places import ROOT, Places
from commands.lab.stack_copy import merge

COVER = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def environment(places: Places) -> dict[str, str]:
    return {
        "ONPREM_SSH_CONFIG": str(config(places)),
        "PULUMI_BACKEND_URL": f"file://{places.state}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(places.passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **SIDE_BY_SIDE,
    }


def refresh_copies(source: Path, copy: Path) -> None:
    """The copy is what is tracked, plus what Pulumi encrypted there; stacks made in the copy stay."""
    if not source.is_dir():
        raise LabError(f"{source}: the stack files this lab was made from are gone; name others with --stacks")
    copy.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        mine = copy / file.name
        if file.is_dir():
            shutil.copytree(file, mine, dirs_exist_ok=True)
            continue
        if not file.name.startswith("Pulumi."):
            shutil.copyfile(file, mine)
            continue
        text = merge(file, mine)
        if not mine.exists() or mine.read_text() != text:
            private_file(mine, text)


def become(places: Places, source: Path, command: Sequence[str]) -> NoReturn:
    """Replaces this process, so exit code and signals are the command's own."""
    refresh_copies(source, places.stacks)
    target = ROOT / "stacks"
    target.mkdir(exist_ok=True)
    covered = ["unshare", "--mount", "--propagation=slave", "sh", "-c", COVER, "sh", str(places.stacks), str(target)]
    argv = inside(places, [*covered, *command])
    os.execvpe(argv[0], argv, {**os.environ, **environment(places)})  # noqa: S606


def become_ssh(places: Places, host: str, command: Sequence[str]) -> NoReturn:
    argv = inside(places, ["ssh", "-F", str(config(places)), host, *command])
    os.execvp(argv[0], argv)  # noqa: S606
