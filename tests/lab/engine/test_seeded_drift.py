"""What was changed by hand is shown as exactly that, and repaired, and nothing else is touched."""

from dataclasses import dataclass

import pytest

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack

CONFIG = "/etc/haproxy/haproxy.cfg"
PSQL = "cd / && runuser -u postgres -- psql -Xq"
DROP_ROLE = (
    f"{PSQL} -d im -c 'REASSIGN OWNED BY ejabberd TO postgres' -c 'DROP OWNED BY ejabberd'"
    " && runuser -u postgres -- psql -Xq -c 'DROP ROLE ejabberd'"
)


@dataclass(frozen=True)
class Drift:
    """`shown` is the whole update section of the preview; `repaired` prints `right` once it is repaired."""

    seed: str
    service: str
    shown: str
    repaired: str
    right: str


DRIFTS = {
    "an edited line": Drift(
        f"sed -i 's/^    retries 3$/    retries 4/' {CONFIG}",
        "haproxy",
        """\
  ~ files: {
      ~ /etc/haproxy/haproxy.cfg: {
          ~ content:
                ...
                    option dontlognull
                    option redispatch 1
              -     retries 4
              +     retries 3
                    maxconn 4000
                    timeout connect 500ms
                ...
        }
    }""",
        f"grep -c '^    retries 3$' {CONFIG}",
        "1",
    ),
    "a changed mode": Drift(
        f"chmod 0600 {CONFIG}",
        "haproxy",
        """\
  ~ files: {
      ~ /etc/haproxy/haproxy.cfg: {
          ~ mode: "0600" => "0644"
        }
    }""",
        f"stat -c %a {CONFIG}",
        "644",
    ),
    "a stopped unit": Drift(
        "systemctl stop redis-server",
        "redis",
        """\
  ~ units: {
      ~ redis-server.service: {
          ~ running: false => true
        }
    }""",
        "systemctl is-active redis-server",
        "active",
    ),
    "a removed package": Drift(
        "dpkg --remove --force-depends curl",
        "haproxy",
        """\
  ~ packages: {
      + curl: ""
    }""",
        "dpkg-query -W -f '${db:Status-Status}' curl",
        "installed",
    ),
    "a dropped database user": Drift(
        DROP_ROLE,
        "postgresql",
        """\
  ~ steps: {
      ~ database im  : {
          ~ want: "owned by postgres, 41 of its tables and sequences by somebody else" => "owned by ejabberd"
        }
      ~ role ejabberd: {
          ~ want: "there is no such role" => "login works"
        }
    }
~ onprem:index:Service: (update)
    [id=dev1/ejabberd]
  ~ steps: {
      ~ schema: {
          ~ want: "login is refused" => "tables of ejabberd"
        }
    }""",
        f"{PSQL} -Atc '\\du ejabberd' | cut -d'|' -f1",
        "ejabberd",
    ),
    "a setting of the database": Drift(
        f"{PSQL} -c 'ALTER SYSTEM SET log_disconnections = on' -c 'SELECT pg_reload_conf()'",
        "postgresql",
        """\
  ~ steps: {
      ~ altered settings: {
          ~ want: "log_disconnections" => "nothing"
        }
    }""",
        f"{PSQL} -Atc 'SHOW log_disconnections'",
        "off",
    ),
    "an extra firewall rule": Drift(
        "nft add rule inet im input tcp dport 9999 accept",
        "firewall",
        """\
  ~ steps: {
      ~ rules as declared: {
          ~ want:
                differences (+ is live and not declared, - is declared and not live):
              - +		tcp dport 9999 accept
        }
    }""",
        "nft list table inet im | grep -c 9999 || true",
        "0",
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_one_update_shows_and_repairs_it(stack: EngineStack, name: str) -> None:
    drift = DRIFTS[name]
    stack.lab.ssh(HOST, drift.seed)

    shown = "\n".join(line.rstrip() for line in stack.updates().splitlines())
    done = stack.up("--refresh")

    header = f"~ onprem:index:Service: (update)\n    [id={HOST}/{drift.service}]\n"
    assert shown == header + drift.shown
    assert f"    ~ {shown.count('(update)')} updated\n" in done.stdout
    assert stack.lab.ssh(HOST, drift.repaired).stdout.strip() == drift.right


def test_afterwards_nothing_differs_and_messages_get_through(stack: EngineStack) -> None:
    assert stack.changes("--refresh") == {}
    stack.verify()
