"""Few readers at once, however many come together."""

import subprocess
import sys
from pathlib import Path

from onprem.agent import places

PROGRAM = """
import sys
from pathlib import Path
from onprem.agent.places import take_one
sys.stdin.read(1)
print(take_one(Path(sys.argv[1])), flush=True)
sys.stdin.read(1)
"""


def test_there_are_as_many_as_there_should_be_and_each_is_free_again_with_its_process(tmp_path: Path) -> None:
    pipe, count = subprocess.PIPE, places.COUNT + 4
    for _ in range(2):
        processes = [
            subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / "places")], stdin=pipe, stdout=pipe)
            for _ in range(count)
        ]
        for process in processes:
            assert process.stdin
            process.stdin.write(b".")
            process.stdin.flush()
        taken = [process.stdout.readline() for process in processes if process.stdout]
        for process in processes:
            process.communicate()

        assert sorted(taken) == [b"False\n"] * 4 + [b"True\n"] * places.COUNT


def test_the_file_is_nobody_elses(tmp_path: Path) -> None:
    assert places.take_one(tmp_path / "places")
    assert (tmp_path / "places").stat().st_mode & 0o777 == 0o600
