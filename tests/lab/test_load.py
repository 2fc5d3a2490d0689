"""The smallest load there is, on a deployed stack. How fast anything was is not looked at."""

import json
import signal
import subprocess

from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT

HOST = "dev1"
LITTLE = ("--clients", "4", "--rate", "20", "--seconds", "1", "--rounds", "1")


def _argv(deployed: Deployed, *words: str) -> list[str]:
    return [str(ROOT / "scripts/load"), deployed.lab.stack, "--saved", str(deployed.saved), *LITTLE, *words]


def _accounts(deployed: Deployed) -> str:
    return deployed.lab.ssh(HOST, "ejabberdctl registered_users chat.dev.test").stdout


def test_both_ways_deliver_everything(deployed: Deployed) -> None:
    done = subprocess.run(_argv(deployed, "--format", "json"), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(each["phase"], each["way"]) for each in found["figures"]] == [
        (phase, way) for phase in ("logins", "steady", "flat out") for way in ("entry", "direct")
    ]
    assert all(each["asked"] == each["arrived"] > 0 for each in found["figures"])
    haproxy = {each["way"]: each["services"]["HAProxy"] for each in found["figures"] if each["phase"] == "flat out"}
    assert haproxy["entry"] > haproxy["direct"]
    assert "load-" not in _accounts(deployed)


def test_an_interruption_leaves_no_account_behind(deployed: Deployed) -> None:
    argv = _argv(deployed, "--seconds", "60")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stderr
        while not running.stderr.readline().startswith("round 1 of 1"):
            assert running.poll() is None
        assert "load-" in _accounts(deployed)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()

    assert (running.returncode, said) == (130, "load: interrupted; the accounts are removed\n")
    assert "load-" not in _accounts(deployed)
