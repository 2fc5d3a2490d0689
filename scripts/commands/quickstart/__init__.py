"""`scripts/quickstart`: from a fresh clone to delivered messages, on lab hosts of this machine."""


class QuickstartError(Exception):
    """A sentence for the operator: which step failed and what to do."""
