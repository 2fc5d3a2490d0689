"""Moments to which a database can be restored, as the commands take them and the hosts' program does."""

import argparse
from datetime import UTC, datetime

NEWEST = "newest"
"""As far as the log goes."""


def moment(text: str) -> str:
    """In UTC, without a fraction; a time without a zone could be any."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write it as in 2026-11-26T03:30:00Z") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone; write it as in 2026-11-26T03:30:00Z")
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
