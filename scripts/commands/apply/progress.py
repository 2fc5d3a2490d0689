"""What a person sees while hosts are worked on: one line for each resource that ends, and what is under way below."""

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text


class Progress:
    """Called from several threads. Lines begin with the host. Without a terminal, each new status is a line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._under_way: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def begins(self, name: str) -> None:
        """Work on `name` begins."""
        with self._lock:
            self._since[name] = time.monotonic()
            self._under_way[name] = ""
            self._show()

    def status(self, name: str, text: str) -> None:
        """Where the work on `name` is."""
        with self._lock:
            if not self._live and not text.startswith(self._under_way.get(name) or text + " "):
                self._console.print(Text(f"{name}: {text}"))
                self._under_way[name] = text
            if self._live:
                self._under_way[name] = text
                self._show()

    def ends(self, name: str, what: str) -> None:
        """Work on `name` has ended; `what` came of it."""
        with self._lock:
            seconds = time.monotonic() - self._since[name]
            self._under_way.pop(name, None)
            self._console.print(Text(f"{name}: {what}, {seconds:.1f} s"))
            self._show()

    def say(self, text: str, style: str = "") -> None:
        """A line to keep."""
        with self._lock:
            self._console.print(Text(text, style))

    def _show(self) -> None:
        if self._live:
            self._live.update(Group(*(Text(f"{name}: {text or '…'}", "dim") for name, text in self._under_way.items())))
