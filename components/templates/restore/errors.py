# managed by Pulumi; edit components/templates/restore/errors.py
"""The one error of this program."""


class RestoreError(Exception):
    """A sentence for the operator: what stands in the way of a restore."""
