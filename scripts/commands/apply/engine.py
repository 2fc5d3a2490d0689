"""Whether there is a Pulumi engine to ask."""

import shutil


def installed_engine() -> tuple[str, ...]:
    """The command that asks the engine, or nothing when there is none."""
    return ("pulumi",) if shutil.which("pulumi") else ()
