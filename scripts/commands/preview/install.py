"""`.ci/engine`: prints shell lines that put the Pulumi engine on PATH, after getting it when there is none."""

import os
import shlex
import sys
from pathlib import Path

from commands.quickstart.engine import find_engine

ROOT = Path(__file__).parents[3]


def main() -> int:
    """Returns the exit code; what is said meanwhile goes to standard error."""
    engine = find_engine(ROOT / ".engine", lambda text: print(text, file=sys.stderr))
    if engine is None:
        return 1
    changed = {name: value for name, value in engine.environment.items() if os.environ.get(name) != value}
    for name, value in sorted(changed.items()):
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
