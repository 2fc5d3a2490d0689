"""A host that a plain administrator set up by hand, and what must not be lost of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.private_lab import ROOT, PrivateLab

HOST = "hand1"
SCRIPT = ROOT / "tests" / "lab" / "hand_built.sh"
ROLES = ("load_balancer", "im", "database", "queue", "cache")
CONFIG: Mapping[str, Any] = {
    "onprem:hosts": {HOST: {"address": "10.77.205.11"}},
    "im:domain": "chat.hand.test",
    "im:roles": {role: [HOST] for role in ROLES},
    "im:administrators": {"networks": ["10.77.205.1/32"]},
    "im:system": {"host_kernel": False},
    "im:time": {"adjust_clock": False},
}
ROWS = "cd / && runuser -u postgres -- psql -XAtc 'SELECT count(*), sum(id), max(what) FROM orders' shop"
QUEUE = "rabbitmqctl -q list_queues -p / name messages"
USERS = "rabbitmqctl -q list_users"


@dataclass(frozen=True)
class HandBuilt:
    """The one host of a lab."""

    lab: PrivateLab

    def build(self) -> None:
        """Everything that `hand_built.sh` does."""
        done = self.lab.ssh(HOST, "sh -s", stdin=SCRIPT.read_text())
        assert done.stdout.endswith("hand-built\n"), done

    def ask(self, command: str) -> str:
        """What a command on the host prints."""
        return self.lab.ssh(HOST, command).stdout

    def data(self) -> dict[str, str]:
        """Rows, messages and users."""
        return {"rows": self.ask(ROWS), "queue": self.ask(QUEUE), "users": self.ask(USERS)}

    def tree(self) -> str:
        """Every name that an administrator or a package put there, with its times of change, mode, owner and size."""
        folders = "/etc /usr/local /opt /root /home /var/spool/cron /var/lib/dpkg"
        return self.ask(f"find {folders} -printf '%p %T@ %C@ %m %u %s\\n' | sort")

    def accesses(self) -> str:
        """When settings that no program but the agent reads were read last."""
        return self.ask("find /etc/haproxy /etc/chrony -type f -printf '%p %A@\\n' | sort")

    def units(self) -> str:
        """What runs since when."""
        names = "haproxy postgresql@15-main rabbitmq-server redis-server ejabberd chrony ssh shop"
        return self.ask(f"systemctl show --property=Id,ActiveState,ActiveEnterTimestamp,NRestarts {names}")
