"""Findings as metrics, in the text format that node exporter's textfile collector reads."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from commands.drift import DriftError
from commands.drift.findings import Findings, Status

SUFFIX = ".prom"
MODE = 0o644

Sample = tuple[Mapping[str, str], int]


def write(path: Path, findings: Findings) -> None:
    """The whole file or the one before it: a reader never sees half of it."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write("".join(f"{line}\n" for line in lines(findings)))
                file.flush()
                os.fchmod(file.fileno(), MODE)
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise DriftError(f"{path}: the metrics cannot be written: {error.strerror}") from None


def lines(findings: Findings) -> Iterator[str]:
    """What could not be looked at has no count of differences: an old or a made-up one would hide that."""
    hosts, stack = findings.hosts, {"stack": findings.stack}
    services = [(host, service) for host in hosts if host.status is not Status.SKIPPED for service in host.services]
    yield from _gauge(
        "onprem_drift_items",
        "Things on a host that are not as declared.",
        (
            ({**stack, "host": host.host, "service": service.service}, len(service.items))
            for host, service in services
            if service.items or not service.not_read
        ),
    )
    yield from _gauge(
        "onprem_drift_not_read_items",
        "Things on a host that could not be compared.",
        (
            ({**stack, "host": host.host, "service": service.service}, len(service.not_read))
            for host, service in services
        ),
    )
    yield from _gauge(
        "onprem_drift_host_unreachable",
        "Whether a host could not be looked at.",
        (
            ({**stack, "host": host.host}, int(host.status is Status.UNREACHABLE))
            for host in hosts
            if host.status is not Status.SKIPPED
        ),
    )
    yield from _gauge(
        "onprem_drift_unreachable_hosts", "Hosts that could not be looked at.", [(stack, len(findings.unreachable))]
    )
    yield from _gauge(
        "onprem_drift_last_look_timestamp_seconds",
        "When the hosts were looked at last.",
        [(stack, int(findings.looked_at.timestamp()))],
    )
    yield from _gauge(
        "onprem_certificate_expiry_seconds",
        "How long a certificate was still valid at the last look.",
        (
            ({**stack, "host": each.host, "service": each.service, "name": each.name}, findings.seconds_left(each))
            for each in findings.certificates
        ),
    )


def _gauge(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        text = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        yield f"{name}{{{text}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
