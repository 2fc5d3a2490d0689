"""`benchmarks/run`: how long this provider, pyinfra, Ansible and a bare floor take for the same declared items."""


class BenchmarkError(Exception):
    """A sentence for the operator: what could not be measured, and what to do."""
