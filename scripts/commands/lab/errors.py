"""What the lab says when it cannot go on."""


class LabError(Exception):
    """A sentence an operator can act on; printed without a traceback, exit code 1."""
