#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/postgresql/patroni_begin.py
"""Before Patroni starts: what a founding or copying left that was cut off is put aside, so that it begins again.

Only data that appeared under this program's mark is touched. The mark is set when there is no data, and goes once this
member was healthy (`patroni-order healthy`).
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = "/etc/patroni/im"


def begin(config: Any, connect: Callable[[Any], Any]) -> None:
    """Patroni makes `initialize` in etcd first, and gives it a value, and then its settings, when the founding ends."""
    data = Path(config["postgresql"]["data_dir"])
    mark = data.with_name(f"{data.name}.begun")
    if not mark.exists():
        if not data.exists() or not any(data.iterdir()):
            durably(mark)
        return
    etcd = connect(config)
    cluster = etcd.get_cluster()
    is_founded = bool(cluster.initialize and cluster.config)
    if not is_founded and others(cluster, config["name"]):
        return
    if not is_founded or not (data / "global" / "pg_control").exists():
        put_aside(data)
    if not is_founded and cluster.initialize is not None:
        etcd.cancel_initialization()


def others(cluster: Any, own: str) -> set[str]:
    """Who else is at work: one of them may be founding."""
    names = [member.name for member in cluster.members] + ([cluster.leader.name] if cluster.leader else [])
    return set(names) - {own}


def put_aside(data: Path) -> None:
    """What was put aside before is no better."""
    aside = data.with_name(f"{data.name}.cut-off")
    shutil.rmtree(aside, ignore_errors=True)
    if data.exists():
        data.rename(aside)
        print(f"its founding or copying was cut off: {data} is now {aside}")


def durably(mark: Path) -> None:
    mark.touch()
    for path in (mark, mark.parent):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


if __name__ == "__main__":
    from patroni.config import Config  # type: ignore[import-not-found]
    from patroni.dcs import get_dcs  # type: ignore[import-not-found]

    begin(Config(FOLDER, validator=None), get_dcs)
