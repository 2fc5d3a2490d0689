#!/usr/bin/python3
# managed by Pulumi; edit components/templates/postgresql/patroni_steady.py
"""Patroni, with a time that goes on evenly: seconds since the epoch, as the clock had them when this began.

Patroni takes the time of day for how long it may lead and for when to look next. If the clock is set back, a primary
looks away for so long, and takes itself for the primary all the while, also when another one has taken its place.
"""

import sys
import time
from collections.abc import Callable


def steady(now: Callable[[], float], passed: Callable[[], float]) -> Callable[[], float]:
    """`now`, as `passed` goes on."""
    began = now() - passed()
    return lambda: began + passed()


if __name__ == "__main__":
    time.time = steady(time.time, lambda: time.clock_gettime(time.CLOCK_BOOTTIME))  # goes on while a host is suspended

    from patroni.__main__ import main  # type: ignore[import-not-found]

    sys.exit(main())
