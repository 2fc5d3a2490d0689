"""`scripts/load`: a storm of logins and one-to-one chat through a deployed stack, beside one ejabberd reached directly.

The clients are our own, on slixmpp. Debian's tsung (1.7.0) has no SCRAM, and this deployment's ejabberd takes
nothing else; it does not check the server's certificate either.
"""


class LoadError(Exception):
    """A sentence for the operator: what could not be measured, and what to do."""
