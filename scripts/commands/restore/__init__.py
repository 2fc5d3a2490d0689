"""`scripts/restore`: a stack's data, back from the copy offsite."""


class RestoreError(Exception):
    """A sentence for the operator: what stands in the way of the restore, and what to do about it."""
