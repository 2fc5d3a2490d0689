"""The last door before anything is shown: no secret of the state, whatever a host says."""

from collections.abc import Callable
from dataclasses import replace

from commands.drift.findings import Findings, HostFound, Item, ServiceFound
from commands.drift.state import State
from onprem.agent.scrubber import Scrubber


def without_secrets(findings: Findings, state: State) -> Findings:
    """Hosts hide the secrets of what they are asked; this hides those of all services, also in a manifest."""
    secrets = {
        f"{inputs['host']}/{inputs['service']}/{name}": text
        for inputs in state.services
        for name, text in (inputs.get("secrets") or {}).items()
    }
    clean = Scrubber(secrets).text
    return replace(
        findings,
        hosts=tuple(_host(host, clean) for host in findings.hosts),
        certificates=tuple(
            replace(each, name=clean(each.name), subject=clean(each.subject)) for each in findings.certificates
        ),
        notes=tuple(clean(note) for note in findings.notes),
    )


def _host(host: HostFound, clean: Callable[[str], str]) -> HostFound:
    services = tuple(_service(service, clean) for service in host.services)
    return replace(host, services=services, reason=clean(host.reason))


def _service(service: ServiceFound, clean: Callable[[str], str]) -> ServiceFound:
    items = tuple(_item(item, clean) for item in service.items)
    return ServiceFound(clean(service.service), items, tuple(clean(sentence) for sentence in service.not_read))


def _item(item: Item, clean: Callable[[str], str]) -> Item:
    return Item(item.kind, clean(item.name), clean(item.what), tuple(clean(line) for line in item.lines))
