"""How a boot ended, told from its console and the emulator's exit status."""

from __future__ import annotations

import enum
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from grainlib.guest import Guest, Stuck
from grainlib.tap import is_tap

HALT = re.compile(r"grain: halt code (\d+)\s*$")
PANIC = re.compile(r"\bpanic:|^grain: panic\b")

# A panic goes on printing (registers, locks, backtrace); this much silence says that it has finished.
PANIC_SILENCE = 3
PANIC_LIMIT = 20

TAIL_LINES = 60


class Kind(enum.Enum):
    """The ways a boot can end."""

    HALT = "halt"
    PANIC = "panic"
    EXIT = "exit"
    STUCK = "stuck"


@dataclass
class Ending:
    """One boot's end: what it was, in words, and the console's last lines."""

    kind: Kind
    text: str
    code: int | None
    tail: list[str]

    @property
    def success(self) -> bool:
        """The guest stopped by itself and said that all was well."""
        return self.kind is Kind.HALT and self.code == 0


@dataclass
class Clocks:
    """Seconds until a boot counts as hung: without output, and in all."""

    silence: float
    limit: float


def watch(guest: Guest, clocks: Clocks, on_line: Callable[[str], None]) -> Ending:
    """Hand each console line to `on_line` until the boot has ended, and say how."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)

    def pass_on(line: str) -> None:
        tail.append(line)
        on_line(line)

    def ended(kind: Kind, text: str, code: int | None = None) -> Ending:
        return Ending(kind, text, code, list(tail))

    end = time.monotonic() + clocks.limit
    try:
        while (line := guest.next_line(clocks.silence, end)) is not None:
            pass_on(line)
            if halt := HALT.search(line):
                return ended(Kind.HALT, f"halt code {halt[1]}", int(halt[1]))
            if PANIC.search(line) and not is_tap(line):
                read_until_quiet(guest, pass_on)
                return ended(Kind.PANIC, line.strip())
    except Stuck as stuck:
        if line := guest.rest():
            pass_on(line)
        return ended(Kind.STUCK, f"hang: {stuck} (after {clocks.limit - end + time.monotonic():.0f} s)")
    status = guest.exit_status()
    hint = " (a triple fault, or a reset)" if status == 0 else ""
    return ended(Kind.EXIT, f"the emulator ended with status {status} and no halt line{hint}")


def read_until_quiet(guest: Guest, pass_on: Callable[[str], None]) -> None:
    """Pass on what follows a panic line."""
    end = time.monotonic() + PANIC_LIMIT
    try:
        while (line := guest.next_line(PANIC_SILENCE, end)) is not None:
            pass_on(line)
    except Stuck:
        pass
