"""Findings for a program, as JSON. Fields are only ever added; a change of their meaning changes `version`.

version         1
stack, state    its name; whose state it was compared with: "pulumi" or "scripts/apply"
looked_at       UTC, ISO 8601
exit_code       0 as declared, 1 could not look, 2 drift
drift           number of things that differ
hosts           [{host, status, reason, services}]; status: looked, unreachable or skipped; reason: a sentence or ""
  services      [{service, drift, not_read}]; not_read: sentences on what could not be compared
    drift       [{kind, name, what, diff}]; kind: package, user, directory, file, unit, step, manifest, service or
                unfinished change; what: in a few words, or ""; diff: lines, - declared and + found
certificates    [{host, service, name, subject, expires, seconds_left, near}]; near: to be renewed soon
notes           sentences
"""

from typing import Any

from commands.drift.findings import Findings, HostFound, ServiceFound, utc

VERSION = 1


def document(findings: Findings) -> dict[str, Any]:
    """The object described above."""
    near = set(findings.expiring())
    return {
        "version": VERSION,
        "stack": findings.stack,
        "state": findings.source,
        "looked_at": utc(findings.looked_at),
        "exit_code": int(findings.outcome),
        "drift": findings.drift,
        "hosts": [_host(host) for host in findings.hosts],
        "certificates": [
            {
                "host": each.host,
                "service": each.service,
                "name": each.name,
                "subject": each.subject,
                "expires": utc(each.expires),
                "seconds_left": findings.seconds_left(each),
                "near": each in near,
            }
            for each in findings.certificates
        ],
        "notes": list(findings.notes),
    }


def _host(host: HostFound) -> dict[str, Any]:
    return {
        "host": host.host,
        "status": str(host.status),
        "reason": host.reason,
        "services": [_service(service) for service in host.services],
    }


def _service(service: ServiceFound) -> dict[str, Any]:
    drift = [
        {"kind": item.kind, "name": item.name, "what": item.what, "diff": list(item.lines)} for item in service.items
    ]
    return {"service": service.service, "drift": drift, "not_read": list(service.not_read)}
