"""From a bare machine to a message delivered, in the order in which an operator lives it."""

from tests.lab.deployed import Deployed

HOST = "dev1"


def test_a_bare_host_becomes_an_im_server(deployed: Deployed) -> None:
    assert deployed.first is not None

    counts = deployed.counts(deployed.first)

    assert counts["created"] > 10
    assert (counts["changed"], counts["unchanged"]) == (0, 0)


def test_generated_values_are_for_their_owner_only(deployed: Deployed) -> None:
    kept = deployed.saved / f"{deployed.lab.stack}.json"

    assert kept.stat().st_mode & 0o777 == 0o600


def test_messages_get_through(deployed: Deployed) -> None:
    table = deployed.verify().stdout

    for check in ("STARTTLS", "direct TLS", "WebSocket"):
        assert f"{check}: a message there" in table
        assert f"{check}: a message back" in table
    assert "fails" not in table


def test_a_second_run_changes_nothing(deployed: Deployed) -> None:
    assert deployed.first is not None
    made = deployed.counts(deployed.first)["created"]

    done = deployed.apply()

    assert deployed.counts(done) == {"created": 0, "changed": 0, "unchanged": made}, done.stdout


def test_what_was_changed_by_hand_is_repaired_and_nothing_else(deployed: Deployed) -> None:
    deployed.lab.ssh(HOST, "systemctl stop redis-server && chmod 0600 /etc/haproxy/haproxy.cfg")

    done = deployed.apply()

    counts = deployed.counts(done)
    assert (counts["created"], counts["changed"]) == (0, 2)
    assert deployed.lab.ssh(HOST, "systemctl is-active redis-server").stdout == "active\n"
    assert deployed.lab.ssh(HOST, "stat -c %a /etc/haproxy/haproxy.cfg").stdout != "600\n"
    assert deployed.counts(deployed.apply())["changed"] == 0


def test_messages_still_get_through(deployed: Deployed) -> None:
    deployed.verify()
