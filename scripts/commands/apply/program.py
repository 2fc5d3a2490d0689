"""Runs a Pulumi program against a monitor, as the engine's language host would."""

import asyncio
import runpy
import signal
import sys
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, set_all_config, set_mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

SIDE_BY_SIDE = 64


def run(
    program: Path,
    project: str,
    stack: str,
    config: Mapping[str, str],
    monitor: mocks.MockMonitor,
    stop: Callable[[], None],
    secrets: Collection[str] = (),
) -> dict[str, Any]:
    """Runs the program's `__main__.py`, waits for every resource and returns the exported values.

    Raises what the program or the monitor raised first, once nothing is under way any more. `stop` ends what is under
    way when a person interrupts. `secrets` are the keys of `config` that stand encrypted in the stack file.
    """
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(SIDE_BY_SIDE, "resource"))
    asyncio.set_event_loop(loop)
    try:
        set_all_config(dict(config), list(secrets))
        set_mocks(monitor.mocks, project, stack, preview=False, monitor=monitor)
        return loop.run_until_complete(_run(program))
    except KeyboardInterrupt:
        stop()
        raise
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)


async def _run(program: Path) -> dict[str, Any]:
    await run_pulumi_func(lambda: _execute(program))
    root = get_root_resource()
    exported = root.outputs if isinstance(root, Stack) else {}
    values: dict[str, Any] = await pulumi.Output.from_input(exported).future()  # type: ignore[assignment]
    return values or {}


def _execute(program: Path) -> None:
    sys.path.insert(0, str(program))
    interrupted = signal.getsignal(signal.SIGINT)
    try:
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")
    finally:
        signal.signal(signal.SIGINT, interrupted)  # under the engine the program sets its own
        sys.path.remove(str(program))
