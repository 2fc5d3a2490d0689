"""`scripts/preview`: the engine's preview as a reviewer wants it: per host and service, without a secret."""


class PreviewError(Exception):
    """A sentence for the operator: what could not be previewed, and why."""
