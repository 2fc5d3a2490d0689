"""Where copies lie: a server that adds and never deletes, for hosts that have something to save."""

from components.network.firewall import RULES
from components.operations.restic_server import KEY, UNIT_FILE
from tests.topologies import recorded


def test_nothing_is_deleted_over_the_network() -> None:
    assert "/usr/bin/rclone serve restic --append-only " in recorded("backups").files("far1")[UNIT_FILE]


def test_both_sides_show_certificates() -> None:
    unit = recorded("backups").files("far1")[UNIT_FILE]
    assert (
        "--cert /etc/im-copies/certificate.pem --key /etc/im-copies/key.pem --client-ca /etc/im-copies/ca.pem" in unit
    )
    file = recorded("backups").services["far1/restic-server"].inputs["files"][KEY]
    assert (file["mode"], file["owner"]) == ("0600", "im-copies")


def test_only_hosts_that_save_reach_the_port() -> None:
    rules = recorded("backups").files("far1")[RULES]
    for role in ("im", "database", "queue", "operations"):
        assert f'ip saddr @{role}4 tcp dport {{ 8434 }} accept comment "restic"' in rules
    assert "8434" not in recorded("backups").files("im1")[RULES]
