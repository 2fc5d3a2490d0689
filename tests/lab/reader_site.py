"""A host with a reader and a service that has secrets, and somebody who has the reader's key."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.canaries import Forms, forms_of_password
from tests.lab.private_lab import PrivateLab
from tests.lab.provider_session import ProviderSession, data, wire
from tests.lab.reader_session import ACCOUNT, Thief, thief
from tests.recording import as_config, run

HOST, ADDRESS = "one", "10.77.205.11"
HOSTS = {HOST: {"address": ADDRESS}}
ROLES = ("load_balancer", "im", "database", "queue", "cache")
BASE = ("system", "administrators", "ssh", "reader")
CONFIG: Mapping[str, Any] = {
    "onprem:hosts": HOSTS,
    "im:domain": "chat.reader.test",
    "im:roles": dict.fromkeys(ROLES, [HOST]),
    "im:administrators": {"networks": ["10.77.205.1/32"]},
    "im:system": {"host_kernel": False},
}
FILE_SECRET, STDIN_SECRET, KEY_BODY = "canary-in-a-file.7", "canary-on-stdin.7", "MHcCAQEEIcanaryOfAKey"
KEY = f"-----BEGIN EC PRIVATE KEY-----\n{KEY_BODY}\n-----END EC PRIVATE KEY-----\n"
SECRETS: Forms = {
    "file": forms_of_password(FILE_SECRET),
    "stdin": forms_of_password(STDIN_SECRET),
    "key": [KEY_BODY],
    "shadow": ["root:*:", "root:!:", ":99999:"],
}
WRITABLE = "/etc /srv /root /home /usr/local /var/lib/onprem /var/spool /opt /tmp /var/tmp"
READ = "/etc/greet /var/lib/onprem"


def file(content: str, mode: str = "0644") -> dict[str, Any]:
    """A file of root's."""
    return {"content": content, "mode": mode, "owner": "root", "group": "root", "early": False}


GREET = {
    "host": HOST,
    "service": "greet",
    "files": {
        "/etc/greet/greeting": file("Hello\n"),
        "/etc/greet/secret": file("user=im\npw=${secret:pw}\n", "0600"),
        "/etc/greet/key.pem": file("${secret:key}", "0600"),
        "/etc/greet/large": file(100_000 * "x"),
    },
    "secrets": {"pw": FILE_SECRET, "key": KEY, "other": STDIN_SECRET},
    "steps": {
        "stamp": {
            "read": "cat /srv/stamp",
            "want": "yes",
            "act": "cat >/dev/null; echo yes > /srv/stamp",
            "stdin": "${secret:other}",
            "after": [],
            "when": "healthy",
            "seconds": 30,
        }
    },
}


@dataclass(frozen=True)
class Site:
    """`declared` is by service, `before` the host once it was so."""

    lab: PrivateLab
    thief: Thief
    declared: Mapping[str, dict[str, Any]]
    before: str

    def provider(self) -> ProviderSession:
        """The provider as a job with the reader's key has it."""
        return ProviderSession(self.lab, {"ONPREM_SSH_CONFIG": str(self.thief.config), "ONPREM_READER": ACCOUNT})

    def root(self, command: str) -> str:
        """What a command of root prints."""
        return self.lab.ssh(HOST, command).stdout


def config(folder: Path) -> dict[str, Any]:
    """The stack file; the reader's private key is `key` in `folder`."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "previews", "-f", str(key)], check=True)
    return {**CONFIG, "im:reader": {"keys": [key.with_suffix(".pub").read_text().strip()]}}


def deployed(machines: PrivateLab, stack: Mapping[str, Any], folder: Path) -> Site:
    """The base services of the stack, and one more."""
    services = run(as_config(stack), "test").services
    wanted = {name: dict(services[f"{HOST}/{name}"].inputs) for name in BASE} | {"greet": GREET}
    with ProviderSession(machines) as provider:
        provider.configure(HOSTS)
        declared = {name: _made(provider, inputs) for name, inputs in wanted.items()}
    # Times of access move on only when they are old.
    machines.ssh(HOST, f"find {READ} -type f -exec touch -a -d '3 days ago' {{}} +")
    return Site(machines, thief(machines, ADDRESS, folder / "key"), declared, fingerprint(machines))


def _made(provider: ProviderSession, inputs: Mapping[str, Any]) -> dict[str, Any]:
    checked = provider.call("Check", news=wire(inputs))
    assert "failures" not in checked, checked
    provider.call("Create", properties=checked["inputs"])
    return data(checked["inputs"])


def fingerprint(machines: PrivateLab) -> str:
    """All that could have been written, its times included, and when what is only read was read last."""
    written = f"find {WRITABLE} -xdev -printf '%p %T@ %C@ %m %u %s %l\\n'"
    read = f"find {READ} -type f -printf '%p %A@\\n'"
    return machines.ssh(HOST, f"{{ {written}; {read}; }} | sort").stdout
