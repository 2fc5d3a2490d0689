"""`scripts/recover`: what a killed run left in the stack's backend, told and cleared."""


class RecoverError(Exception):
    """A sentence for the operator: why nothing was cleared, and what to do."""
