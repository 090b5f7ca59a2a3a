"""A running emulator: the lines of the guest's console, with clocks that notice when nothing more will come."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
import tty
from collections import deque
from pathlib import Path

from grainlib.failure import Failure

# An emulator that has been told to stop, or has closed its console, is given this long before it is killed.
EXIT_SECONDS = 5


class Stuck(Exception):
    """The guest still runs, but a clock ran out; the text says which."""


class Guest:
    """An emulator process and the guest's console. Leaving the `with` block ends the process."""

    def __init__(self, process: subprocess.Popen[bytes], console: int, log: Path, drains: tuple[int, ...] = ()) -> None:
        self.process = process
        self.console = console
        self.drains = drains  # terminals the emulator draws on, read so that it never waits for a reader
        self.log = log.open("wb", buffering=0)
        self.lines: deque[str] = deque()
        self.partial = b""

    @classmethod
    def on_pipe(cls, command: list[str], log: Path) -> Guest:
        """Start an emulator whose console is its standard output; what it complains of is part of the console."""
        process = start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        return cls(process, process.stdout.fileno(), log)

    @classmethod
    def on_terminals(cls, command: list[str], log: Path, console: Terminal) -> Guest:
        """Start an emulator that has opened `console` for the guest and wants a terminal of its own to draw on."""
        screen = Terminal()
        process = start(command, stdin=screen.outer, stdout=screen.outer, stderr=screen.outer)
        screen.close_outer()
        return cls(process, console.inner, log, (screen.inner,))

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the emulator if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def exit_status(self) -> int | None:
        """The emulator's own exit status, or None if it has to be killed."""
        try:
            return self.process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def next_line(self, silence: float, end: float) -> str | None:
        """The console's next line, or None when the emulator has ended.

        Raises Stuck after `silence` seconds without a byte, and at `end` on the monotonic clock.
        """
        while not self.lines:
            chunk = self._read(min(silence, end - time.monotonic()))
            if chunk is None:
                raise Stuck("it still runs" if time.monotonic() >= end else f"no output for {silence:g} s")
            if not chunk:
                break
            self._split(chunk)
        return self.lines.popleft() if self.lines else self.rest()

    def rest(self) -> str | None:
        """A last line that nothing has ended, if there is one."""
        line, self.partial = self.partial, b""
        return decode(line) if line else None

    def _read(self, seconds: float) -> bytes | None:
        """The next bytes; nothing at the end of the console; None when the time is over."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            # Once the process is gone, what is left in a terminal can be read, but its end is never reported.
            gone = self.process.poll() is not None
            ready, _, _ = select.select([self.console, *self.drains], [], [], 0 if gone else max(0, min(left, 0.5)))
            if self.console in ready:
                return read_some(self.console)
            if gone:
                return b""
            for drain in ready:
                read_some(drain)
            if left <= 0:
                return None

    def _split(self, chunk: bytes) -> None:
        self.log.write(chunk)
        *lines, self.partial = (self.partial + chunk).split(b"\n")
        self.lines.extend(map(decode, lines))


class Terminal:
    """A pseudo-terminal: the emulator opens the outer end, or is handed it; we keep the inner one."""

    def __init__(self) -> None:
        self.inner, self.outer = pty.openpty()
        tty.setraw(self.outer)
        self.path = os.ttyname(self.outer)

    def close_outer(self) -> None:
        """Leave the outer end to the emulator alone."""
        os.close(self.outer)


def start(command: list[str], **streams: int) -> subprocess.Popen[bytes]:
    """Start an emulator."""
    try:
        return subprocess.Popen(command, env={**os.environ, "TERM": "vt100"}, **streams)  # type: ignore[call-overload]
    except OSError as error:
        raise Failure(f"cannot start {command[0]}: {error.strerror}") from None


def read_some(descriptor: int) -> bytes:
    """What there is to read; a terminal without a process behind it counts as ended."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def decode(line: bytes) -> str:
    """A console line as text, without its carriage return."""
    return line.rstrip(b"\r").decode("utf-8", "replace")
