"""`scripts/drill`: faults on the hosts of a lab stack while people chat, and what became of each message."""


class DrillError(Exception):
    """A sentence for the operator: what keeps the drill from going on, and what to do."""
