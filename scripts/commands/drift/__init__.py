"""`scripts/drift`: what somebody changed on the hosts by hand, told without changing anything."""


class DriftError(Exception):
    """A sentence for the operator: why nothing could be compared, and what to do."""
