"""Whether there is a Pulumi engine to ask, and how it is asked."""

import shutil

SIDE_BY_SIDE = {"PULUMI_PARALLEL": "64"}
"""Hosts are waited for more than computed, and the engine asks but four things at a time for each core it has."""


def installed_engine() -> tuple[str, ...]:
    """The command that asks the engine, or nothing when there is none."""
    return ("pulumi",) if shutil.which("pulumi") else ()
