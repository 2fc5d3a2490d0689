"""`scripts/verify`: what a person with a chat client would try, on a deployed stack, with the time each thing takes."""


class VerifyError(Exception):
    """A sentence for the operator: what does not work, and where to look."""
