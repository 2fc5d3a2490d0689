"""Reports made of given texts, for tests of the formats."""

from commands.preview.changes import Changes, ResourceChange, ServiceChange
from commands.preview.effects import Effects
from commands.preview.items import Item
from commands.preview.report import Report


def with_text(text: str, stack: str = "dev") -> Report:
    """Every place that a host, a program or a provider can put words into holds `text`."""
    item = Item("change", "file", text, text, (f"+{text}", f"-{text}", f" {text}"))
    effects = Effects(restarts=(text,), stops=(text,), hands_over=True)
    changed = ServiceChange("update", text or "host", text, (item, item), effects)
    deleted = ServiceChange("delete", text or "host", text, (item,), holds_data=True)
    other = ResourceChange("replace", text, (text, text), (text,))
    return Report(stack, False, Changes((changed, deleted), (other,), (text,)), errors=(text,))


def with_lines(stack: str, number: int) -> Report:
    """One file with `number` new lines."""
    item = Item("add", "file", "/etc/x", "", tuple(f"+line {index} of {stack}" for index in range(number)))
    return Report(stack, False, Changes((ServiceChange("update", "db1", "postgresql", (item,)),)))
