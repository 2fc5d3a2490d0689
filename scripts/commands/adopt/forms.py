"""What was found, as text, Markdown or JSON. The preview in it has the form that `scripts/preview` gives it.

JSON: {version, stack, exit_code, hosts: [{host, status, reason, facts, unknown: {units, ports, logins, jobs, files}}],
data: [{host, service, what, refused}], not_read: [sentence], recalled: [name of a password], settings: {key: value},
preview, proposed}; the last two are stacks as `scripts/preview --format json` has them: after the import with the stack
file as it is, and with the proposed settings. `unknown` is what no service declares and no package brought as it is.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from commands.adopt.adoption import Adoption
from commands.adopt.look import Stock
from commands.adopt.proposal import block
from commands.preview import markdown as preview_markdown
from commands.preview.json_form import stack_form
from commands.preview.report import brief, summary
from commands.preview.safe import fenced, line
from commands.preview.text import text as preview_text

VERSION = 1
SURVEYED = ("units", "ports", "logins", "jobs", "files")


def document(found: Adoption) -> dict[str, Any]:
    """The object described above."""
    return {
        "version": VERSION,
        "stack": found.stack,
        "exit_code": exit_code(found),
        "hosts": [*_looked(found), *_unreachable(found)],
        "data": [
            {"host": one.host, "service": one.service, "what": one.what, "refused": one.refused}
            for one in found.existing
        ],
        "not_read": list(not_read(found)),
        "recalled": list(found.recalled),
        "settings": dict(found.settings),
        "preview": stack_form(found.as_is.report),
        "proposed": stack_form(found.proposed.report),
    }


def exit_code(found: Adoption) -> int:
    """1 when a host could not be looked at."""
    return 1 if found.unreachable else 0


def text(found: Adoption) -> str:
    """For a terminal."""
    about = [line(sentence) for sentence in sentences(found)]
    preview = preview_text([found.as_is.report])
    return "\n".join([*about, "", "After the import, with the stack file as it is:", preview, *_proposal(found), ""])


def markdown(found: Adoption) -> str:
    """For a review."""
    about = fenced(sentences(found), "")
    preview = preview_markdown.markdown([found.as_is.report], 0)
    return "\n".join([*about, "", preview, "", *fenced(_proposal(found), "")])


def sentences(found: Adoption) -> Iterator[str]:
    """Host by host, then what concerns data and secrets."""
    for host, stock in found.stocks.items():
        yield from _host(found, host, stock)
    for reason in found.unreachable.values():
        yield from f"could not look: {reason}".splitlines()
    for one in found.existing:
        yield f"{'REFUSED' if one.refused else 'data'}: {one}"
    if found.recalled:
        yield f"passwords that the hosts have already, and that are imported: {', '.join(found.recalled)}"


def not_read(found: Adoption) -> Iterator[str]:
    """Sentences on what could not be compared, of services that are there."""
    for look in found.as_is.looks.values():
        if look.is_there:
            yield from (sentence.partition("; its last known")[0] for sentence in look.warnings)


def _host(found: Adoption, host: str, stock: Stock) -> Iterator[str]:
    facts = stock.facts
    yield f"{host}: {facts['operating_system']}, {facts['cores']} cores, {facts['memory_mb']} MB of memory"
    same = [look.inputs["service"] for look in _looks(found, host) if look.is_there and look.live == look.inputs]
    if same:
        yield f"  as declared: {', '.join(sorted(same))}"
    absent = [look.inputs["service"] for look in _looks(found, host) if not look.is_there]
    if absent:
        yield f"  not there, would be created: {', '.join(sorted(absent))}"
    survey = stock.survey
    yield from (f"  listens: {_port(port)} ({port['process']})" for port in survey["ports"])
    yield from (f"  can log in: {login['user']} ({_ways_in(login)})" for login in survey["logins"])
    yield from (f"  unknown unit: {unit['unit']} ({_state(unit)})" for unit in survey["units"] if unit["local"])
    yield from (f"  unknown job: {path}" for path in survey["jobs"])
    yield from (f"  unknown file: {path}" for path in survey["files"])


def _port(port: Mapping[str, Any]) -> str:
    return f"{port['address']}:{port['port']}/{port['protocol']}"


def _state(unit: Mapping[str, Any]) -> str:
    return ", ".join(word for word in ("running", "enabled") if unit[word])


def _ways_in(login: Mapping[str, Any]) -> str:
    count = len(login["keys"])
    keys = f"{count} key{'' if count == 1 else 's'}" if count else ""
    password = "a password" if login["password"] else ""
    return ", ".join(filter(None, (keys, password, "sudo" if login["sudo"] else "")))


def _proposal(found: Adoption) -> list[str]:
    left = found.proposed.report
    after = "nothing differs" if not left.changes.count else summary(left)
    rest = [f"  {change.name}: {'; '.join(brief(change))}" for change in left.changes.services]
    said = block(found.settings).splitlines()
    return ["Proposed settings:", *said, f"With them, after their import: {after}.", *rest]


def _looks(found: Adoption, host: str) -> list[Any]:
    return [look for look in found.as_is.looks.values() if look.inputs["host"] == host]


def _looked(found: Adoption) -> Iterator[dict[str, Any]]:
    for host, stock in found.stocks.items():
        whole = {"facts": stock.facts, "unknown": {name: stock.survey[name] for name in SURVEYED}}
        yield {"host": host, "status": "looked", "reason": "", **whole}


def _unreachable(found: Adoption) -> Iterator[dict[str, Any]]:
    for host, reason in found.unreachable.items():
        yield {"host": host, "status": "unreachable", "reason": reason, "facts": {}, "unknown": {}}


def as_json(found: Adoption) -> str:
    """`document` as text."""
    return json.dumps(document(found), indent=1) + "\n"
