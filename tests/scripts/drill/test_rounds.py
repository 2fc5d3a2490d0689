"""A fault is taken back whatever happens."""

import asyncio

import pytest

from commands.drill.rounds import surely


async def _cancelled(times: int) -> list[str]:
    """Cancels, so often, somebody who takes something back."""
    log: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take_back() -> None:
        begun.set()
        await go_on.wait()
        log.append("taken back")

    async def drill() -> None:
        try:
            await surely(take_back())
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    task = asyncio.create_task(drill())
    await begun.wait()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    return log


@pytest.mark.parametrize("times", [1, 2, 5])
def test_what_must_be_done_is_done_before_the_cancellation(times: int) -> None:
    assert asyncio.run(_cancelled(times)) == ["taken back", "cancelled"]


def test_without_a_cancellation_it_is_just_waited_for() -> None:
    assert asyncio.run(_cancelled(0)) == ["taken back"]


def test_a_failure_is_told() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(surely(fail()))
