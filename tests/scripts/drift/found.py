"""Findings that the tests of their forms share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from commands.drift.findings import Certificate, Findings, HostFound, Item, ServiceFound, Status

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
UNIT = Item("unit", "nginx.service", "running: yes declared, no found")
FILE = Item("file", "/etc/x", "", ("--- declared", "+++ found", "@@ -1 +1 @@", "-a", "+b"))
WEB1 = HostFound("web1", Status.LOOKED, (ServiceFound("nginx", (FILE, UNIT)), ServiceFound("ntp")))
WEB2 = HostFound("web2", Status.UNREACHABLE, reason="web2: cannot be reached at 192.0.2.2")
WEB3 = HostFound("web3", Status.SKIPPED, reason="web3: skipped, ONPREM_OFFLINE names it")
WEB4 = HostFound("web4", Status.LOOKED, (ServiceFound("nginx", not_read=("web4/nginx: the agent failed",)),))
CLEAN = HostFound("web5", Status.LOOKED, (ServiceFound("nginx"),))
SOON = Certificate("web1", "nginx", "certificate", "CN=chat", NOW + timedelta(days=5, hours=1))
LATER = Certificate("web1", "nginx", "ca", "CN=ca", NOW + timedelta(days=500))


def findings(*hosts: HostFound) -> Findings:
    return Findings("one", "pulumi", NOW, hosts)


ALL = replace(findings(WEB1, WEB2, WEB3, WEB4, CLEAN), certificates=(LATER, SOON), notes=("a note",))
