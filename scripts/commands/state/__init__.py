"""`scripts/state`: Pulumi's state of a stack, saved where its backups are, and brought back."""


class StateError(Exception):
    """A sentence for the operator: why it was not saved or brought back."""
