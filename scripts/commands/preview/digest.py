"""A typed reading of what `pulumi preview --json` prints (engine 3.260): steps and diagnostics, secrets masked."""

from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic.alias_generators import to_camel

from onprem.declarations import renewed

NOT_CHANGES = frozenset({"same", "read", "refresh", "discard", "read-replacement", "read-discard"})
PARTS_OF_REPLACE = frozenset({"create-replacement", "delete-replaced"})


class Part(pydantic.BaseModel):
    """The digest may grow; what is not used here is not looked at."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class State(Part):
    """A resource before or after. `outputs` is what was read last, `inputs` what is declared."""

    custom: bool = False
    protect: bool = False
    inputs: Mapping[str, Any] = {}
    outputs: Mapping[str, Any] = {}


class Step(Part):
    """One operation of the plan. Paths in `detailed_diff` are written as the engine writes them."""

    op: str
    urn: str
    old_state: State | None = None
    new_state: State | None = None
    detailed_diff: Mapping[str, Any] | None = None
    diff_reasons: tuple[str, ...] = ()
    replace_reasons: tuple[str, ...] = ()

    @property
    def type_chain(self) -> str:
        """The types of its parents and its own, joined by `$`."""
        return self.urn.split("::", 3)[2]

    @property
    def type(self) -> str:
        """Its own type, for example `onprem:index:Service`."""
        return self.type_chain.rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The name it has in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def live(self) -> Mapping[str, Any]:
        """What the resource was when it was read last."""
        return renewed(self.old_state.outputs) if self.old_state else {}

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the program declares now."""
        return renewed(self.new_state.inputs) if self.new_state else {}

    @property
    def changed_properties(self) -> frozenset[str]:
        """Paths or names, as far as the engine tells."""
        return frozenset((*(self.detailed_diff or {}), *self.diff_reasons, *self.replace_reasons))

    @property
    def is_custom(self) -> bool:
        """Whether a provider makes it; components and the stack only group."""
        state = self.new_state or self.old_state
        return bool(state and state.custom)


class Diagnostic(Part):
    """What the engine, the program or a provider said."""

    message: str
    severity: str = "info"
    urn: str = ""


class Digest(Part):
    """The preview of one stack."""

    steps: tuple[Step, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something, a replacement counted once."""
        whole = {step.urn for step in self.steps if step.op == "replace"}
        return tuple(
            step
            for step in self.steps
            if step.op not in NOT_CHANGES and not (step.op in PARTS_OF_REPLACE and step.urn in whole)
        )

    @property
    def has_errors(self) -> bool:
        """Whether the preview is incomplete."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)
