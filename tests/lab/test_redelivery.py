"""A message that only its sender's archive has, because the server of its recipient died, is delivered again."""

import secrets
import time

from tests.lab.deployed import Deployed
from tests.lab.saved import sql

HOST, DOMAIN = "dev1", "chat.dev.test"
WAIT_SECONDS = 90
ENTRY = """\
INSERT INTO archive (username, server_host, timestamp, peer, bare_peer, xml, txt, kind)
SELECT '{owner}', '{domain}', (extract(epoch FROM now()) * 1e6)::bigint - 20000000, peer, peer, xml, '{text}', 'chat'
FROM (SELECT '{peer}@{domain}' AS peer, '<message from=''{sender}@{domain}/x'' to=''{recipient}@{domain}'''
' type=''chat'' id=''{text}''><body>{text}</body></message>' AS xml) message;
"""


def archived(site: Deployed, owner: str) -> list[str]:
    """The texts that an account has in its archive."""
    text = f"\\connect im\nSELECT txt FROM archive WHERE username = '{owner}' ORDER BY txt"
    return sql(site, HOST, text).splitlines()


def test_what_the_recipient_never_got_is_delivered_again_and_nothing_else(deployed: Deployed) -> None:
    sender, recipient = (f"{name}-{secrets.token_hex(4)}" for name in ("sender", "recipient"))
    names = {"sender": sender, "recipient": recipient, "domain": DOMAIN}
    for name in (sender, recipient):
        deployed.lab.ssh(HOST, f"/usr/local/lib/im/account add {name}", stdin=f"{secrets.token_urlsafe(24)}\n")
    entries = [
        ENTRY.format(owner=owner, peer=peer, text=text, **names)
        for owner, peer, text in (
            (sender, recipient, "lost"),
            (sender, recipient, "received"),
            (recipient, sender, "received"),
        )
    ]
    sql(deployed, HOST, "\\connect im\n" + "".join(entries))
    deadline = time.monotonic() + WAIT_SECONDS
    while "lost" not in archived(deployed, recipient):
        assert time.monotonic() < deadline, "it is not delivered again"
        time.sleep(2)
    assert archived(deployed, recipient) == ["lost", "received"]
    assert archived(deployed, sender) == ["lost", "received"]
    for name in (sender, recipient):
        deployed.lab.ssh(HOST, f"/usr/local/lib/im/account remove {name}")
