"""What the command refuses, and its list."""

import pytest

from commands.drill.__main__ import main
from commands.drill.faults import FAULTS


def test_lists_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "".join(f"{fault.name}: {fault.does}\n" for fault in FAULTS)


def test_needs_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 2
    assert "name a stack, for example test" in capsys.readouterr().err


def test_refuses_a_fault_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "flood"]) == 1
    assert "drill: flood: no such fault; choose from primary-process, " in capsys.readouterr().err


def test_refuses_hosts_that_are_no_lab_hosts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.lab.requirements.ensure", lambda: None)

    assert main(["example"]) == 1
    sentence = "drill: example: has no lab, and drills harm their hosts; run: scripts/quickstart example\n"
    assert capsys.readouterr().err == sentence
