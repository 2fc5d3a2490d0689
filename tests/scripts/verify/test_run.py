"""One check that fails does not keep the next from running."""

import asyncio

from commands.verify import VerifyError
from commands.verify.__main__ import table
from commands.verify.run import Run, Skip


async def _work(error: Exception | None = None) -> str:
    if error:
        raise error
    return "made"


def _run() -> tuple[Run, list[str], list[str | None]]:
    begun: list[str] = []
    run = Run(begun.append)

    async def checks() -> list[str | None]:
        return [
            await run.check("one", _work(VerifyError("no message arrived"))),
            await run.check("two", _work(Skip("not offered"))),
            await run.check("three", _work()),
        ]

    return run, begun, asyncio.run(checks())


def test_notes_what_failed_what_was_skipped_and_what_worked() -> None:
    run, begun, made = _run()

    assert begun == ["one", "two", "three"]
    assert made == [None, None, "made"]
    assert [(check.problem, check.skipped) for check in run.checks] == [
        ("no message arrived", ""),
        ("", "not offered"),
        ("", ""),
    ]
    assert [check.name for check in run.failed] == ["one"]


def test_the_table_shows_each_check() -> None:
    run, _, _ = _run()

    shown = table("dev", run.checks)

    assert shown.title == "dev: 2 of 3 work"
    assert list(shown.columns[2].cells) == ["fails", "not offered", "works"]
