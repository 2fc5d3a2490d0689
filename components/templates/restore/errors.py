# managed by Pulumi; edit components/templates/restore/errors.py
"""The errors of this program."""


class RestoreError(Exception):
    """A sentence for the operator: what stands in the way of a restore."""


class NothingError(RestoreError):
    """A place to which nothing was ever saved."""
