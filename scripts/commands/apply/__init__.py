"""`scripts/apply`: runs the Pulumi program without the Pulumi engine (a way to try it, and a test harness)."""


class ApplyError(Exception):
    """A sentence for the operator: what stopped the run and what to do about it."""
