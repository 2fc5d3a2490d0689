"""The mark of what is not known yet."""

import subprocess
import sys
from pathlib import Path

from pulumi.runtime import rpc

from onprem.unknown import UNKNOWN, is_unknown

ROOT = Path(__file__).parents[2]


def test_the_mark_is_the_engines() -> None:
    assert rpc.UNKNOWN == UNKNOWN
    assert is_unknown(rpc.UNKNOWN)
    assert not is_unknown("known")


def test_services_are_read_without_importing_the_engines_sdk() -> None:
    program = "import sys, onprem.services; assert 'pulumi' not in sys.modules"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "provider", capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
