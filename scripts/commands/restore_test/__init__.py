"""`scripts/restore-test`: whether the copy offsite can be restored, tried on the host of operations."""


class RestoreTestError(Exception):
    """A sentence for the operator: what stands in the way of a restore."""
