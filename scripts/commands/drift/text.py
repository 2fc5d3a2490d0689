"""Findings for a person: a block for each host, and one sentence at the end. Good in a terminal and in a mail."""

from collections.abc import Iterator

from rich.text import Text

from commands.drift.findings import Findings, HostFound, Item, Status, utc

MOST_LINES = 200
DAY_SECONDS = 86_400
STYLES = {"-": "red", "+": "green", "@": "cyan"}


def lines(findings: Findings) -> Iterator[Text]:
    """Hosts that are as declared have no block; the sentence counts them."""
    for host in findings.hosts:
        if block := list(_host(host)):
            yield from (*block, Text())
    if block := list(_certificates(findings)):
        yield from (*block, Text())
    yield from (Text(f"note: {note}") for note in findings.notes)
    yield Text(summary(findings), "red" if findings.outcome else "green")


def summary(findings: Findings) -> str:
    """One sentence: what was found, and what was not looked at."""
    hosts = findings.hosts
    looked = [host for host in hosts if host.status is Status.LOOKED]
    skipped = [host.host for host in hosts if host.status is Status.SKIPPED]
    drifted = sum(bool(host.drift) for host in hosts)
    parts = [
        f"{_count(findings.drift, 'difference')} on {drifted} of {_count(len(hosts), 'host')}"
        if findings.drift
        else f"{_count(len(looked), 'host')} looked at, nothing differs"
    ]
    if findings.unreachable:
        parts.append(f"could not look at {', '.join(findings.unreachable)}")
    if unread := sum(host.not_read for host in hosts if host.status is Status.LOOKED):
        parts.append(f"{_count(unread, 'thing')} could not be read")
    if skipped:
        parts.append(f"skipped {', '.join(skipped)}")
    return f"{findings.stack}: {'; '.join(parts)}."


def _host(host: HostFound) -> Iterator[Text]:
    if not (host.reason or host.drift or host.not_read):
        return
    if host.status is Status.SKIPPED:
        yield Text(host.reason, "yellow")
        return
    title = f": {_count(host.drift, 'difference')}" if host.drift else ""
    yield Text(f"{host.host}{title}", "bold")
    if host.reason:
        yield Text(f"  could not look: {_indented(host.reason)}", "yellow")
    for service in host.services:
        for item in service.items:
            yield from _item(service.service, item)
        for sentence in service.not_read:
            yield Text(f"  could not look: {_indented(sentence)}", "yellow")


def _item(service: str, item: Item) -> Iterator[Text]:
    about = " ".join(filter(None, (item.kind, item.name)))
    yield Text(f"  {service}: {about}{': ' if item.what else ''}{item.what}")
    for line in item.lines[:MOST_LINES]:
        yield Text(f"    {line}", STYLES.get(line[:1], ""))
    if len(item.lines) > MOST_LINES:
        yield Text(f"    ({len(item.lines) - MOST_LINES} more lines; --format json has them)")


def _certificates(findings: Findings) -> Iterator[Text]:
    """One line for a certificate, wherever it is used."""
    places: dict[tuple[str, str, int], list[str]] = {}
    for each in findings.expiring():
        key = (each.subject, utc(each.expires), findings.seconds_left(each))
        places.setdefault(key, []).append(f"{each.host}/{each.service} {each.name}")
    if places:
        yield Text("certificates near their end", "bold")
    for (subject, expires, seconds), users in places.items():
        yield Text(f"  {subject}: {_left(seconds)} ({expires}): {', '.join(users)}", "yellow")


def _left(seconds: int) -> str:
    if seconds < 0:
        return f"expired {_count(-seconds // DAY_SECONDS, 'day')} ago"
    return f"expires in {_count(seconds // DAY_SECONDS, 'day')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _indented(sentence: str) -> str:
    return sentence.replace("\n", "\n    ")
