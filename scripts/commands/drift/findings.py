"""What a look at a stack's hosts found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum


class Outcome(IntEnum):
    """The exit code."""

    AS_DECLARED = 0
    COULD_NOT_LOOK = 1
    DRIFT = 2


class Status(StrEnum):
    """What became of the look at one host."""

    LOOKED = "looked"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Item:
    """One thing that is not as declared: how, in a few words, and as lines (`-` declared, `+` found)."""

    kind: str
    name: str
    what: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceFound:
    """One service of one host. `not_read` are sentences on what could not be compared."""

    service: str
    items: tuple[Item, ...] = ()
    not_read: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostFound:
    """One host; `reason` says why it was not, or not wholly, looked at."""

    host: str
    status: Status
    services: tuple[ServiceFound, ...] = ()
    reason: str = ""

    @property
    def drift(self) -> int:
        """How many things are not as declared."""
        return sum(len(service.items) for service in self.services)

    @property
    def not_read(self) -> int:
        """How many things of a host that answers could not be compared."""
        return sum(len(service.not_read) for service in self.services)


@dataclass(frozen=True)
class Certificate:
    """A certificate of a service: `name` is that of the value, or the path of the file."""

    host: str
    service: str
    name: str
    subject: str
    expires: datetime


@dataclass(frozen=True)
class Findings:
    """Everything that one run has to say; certificates with less than `near` left are named."""

    stack: str
    source: str
    looked_at: datetime
    hosts: tuple[HostFound, ...]
    certificates: tuple[Certificate, ...] = ()
    notes: tuple[str, ...] = ()
    near: timedelta = field(default=timedelta(days=21))

    @property
    def drift(self) -> int:
        """How many things are not as declared, on all hosts."""
        return sum(host.drift for host in self.hosts)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """The hosts that could not be looked at."""
        return tuple(host.host for host in self.hosts if host.status is Status.UNREACHABLE)

    @property
    def outcome(self) -> Outcome:
        """Drift counts more than a host that could not be looked at."""
        if self.drift:
            return Outcome.DRIFT
        partly = any(host.not_read for host in self.hosts)
        return Outcome.COULD_NOT_LOOK if self.unreachable or partly else Outcome.AS_DECLARED

    def seconds_left(self, certificate: Certificate) -> int:
        """Until it expires; less than nothing when it has."""
        return int((certificate.expires - self.looked_at).total_seconds())

    def expiring(self) -> Iterator[Certificate]:
        """Those to be named, the next one first."""
        near = [each for each in self.certificates if each.expires - self.looked_at < self.near]
        yield from sorted(near, key=lambda each: (each.expires, each.subject, each.host, each.service, each.name))


def utc(moment: datetime) -> str:
    """As ISO 8601 writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
