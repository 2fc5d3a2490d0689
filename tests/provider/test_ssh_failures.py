"""What ssh and the host's shell say, as sentences."""

import pytest

from onprem.inventory import Login
from onprem.ssh_failures import explain

LOGIN = Login("192.0.2.1", user="ops")
SSH = "ssh ops@192.0.2.1"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "debug1: Server host key: ssh-ed25519 SHA256:abc+/\r\n"
            "No ED25519 host key is known for 192.0.2.1 and you have requested strict checking.\r\n"
            "Host key verification failed.\r\n",
            "db1: its host key is not known; it offers ssh-ed25519 SHA256:abc+/; compare it with the host's own, then"
            " accept it: ssh -o StrictHostKeyChecking=ask ops@192.0.2.1 true",
        ),
        (
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
            "The fingerprint for the ED25519 key sent by the remote host is\nSHA256:xyz.\r\n"
            "Offending ED25519 key in /home/ops/hosts:7\r\n  remove with:\r\n"
            "  ssh-keygen -f '/home/ops/hosts' -R '192.0.2.1'\r\n"
            "Host key verification failed.\r\n",
            "db1: its host key has changed: it now offers ED25519 SHA256:xyz; find out why before anything else, and"
            " only then run: ssh-keygen -f '/home/ops/hosts' -R '192.0.2.1' &&"
            " ssh -o StrictHostKeyChecking=ask ops@192.0.2.1 true",
        ),
        (
            "ops@192.0.2.1: Permission denied (publickey,password).\r\n",
            "db1: login as ops at 192.0.2.1 was refused: Permission denied (publickey,password); offer a key that the"
            " host accepts (ssh-add, or IdentityFile in the ssh configuration) and try: ssh ops@192.0.2.1 true",
        ),
        (
            "bash: line 1: onprem-reader: command not found\n",
            "db1: ops is a login like others and not that of a reader; install the reader there, or correct"
            " ONPREM_READER",
        ),
        (
            "onprem-reader: all 8 places are taken\n",
            "db1: its reader cannot be used now: all 8 places are taken; try again once other looks have ended",
        ),
        (
            "sudo: a password is required\n",
            "db1: ops may not become root without a password (sudo: a password is required); let sudo run python3 with"
            " NOPASSWD, or set user: root",
        ),
        ("bash: line 1: sudo: command not found\n", "db1: sudo is not installed; install it, or set user: root"),
        (
            "bash: line 1: python3: command not found\n",
            "db1: Python 3 is not installed; run: ssh ops@192.0.2.1 apt-get install -y python3",
        ),
        (
            "python3 is 3.7, needed is 3.9 or newer\n",
            "db1: python3 is 3.7, needed is 3.9 or newer; use a newer release of the operating system",
        ),
        (
            "ssh: connect to host 192.0.2.1 port 22: Connection timed out\r\n",
            "db1: cannot be reached at 192.0.2.1 (Connection timed out); check that it runs, its address, and the"
            " firewalls on the way; if it is away for long, name it in ONPREM_OFFLINE to preview the others",
        ),
        (
            "something new\n",
            "db1: no agent could be started at 192.0.2.1; ssh said: something new; try by hand:"
            " ssh ops@192.0.2.1 python3 --version",
        ),
        (
            "",
            "db1: no agent could be started at 192.0.2.1; nothing was said for a minute; try by hand:"
            " ssh ops@192.0.2.1 python3 --version",
        ),
    ],
)
def test_each_failure_has_its_sentence(said: str, sentence: str) -> None:
    assert explain("db1", LOGIN, said, SSH) == sentence
