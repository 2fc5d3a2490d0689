"""`scripts/adopt`: takes servers that run already into a stack, without changing them."""


class AdoptError(Exception):
    """A sentence for the operator: what stopped the look, and what to do about it."""
