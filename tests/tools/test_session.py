"""A person at the console: types at the shell's prompt and reads what comes back, over the serial line and over
keyboard and screen.

    test_session.py --build DIR --smp N [--kernel NAME]
"""

from __future__ import annotations

import argparse
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import launch, machine  # noqa: E402
from tap_runner import run_tests  # noqa: E402

PROMPT = "grain$ "
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WAIT = 60  # seconds for anything to appear: the machine that runs the tests may be busy

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE, BACKSPACE = "\x1b[H", "\x1b[F", "\x1b[3~", "\x7f"
CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_K, CTRL_U, CTRL_W = "\x01", "\x03", "\x04", "\x05", "\x0b", "\x15", "\x17"

options = argparse.Namespace()


def arguments() -> None:
    """Read the command line, and leave none of it to others."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--build")
    parser.add_argument("--kernel", default="grain")
    parser.parse_args(namespace=options)
    del sys.argv[1:]


def system_command(extra: list[str], programs: list[str]) -> list[str]:
    """The emulator command of the system, its serial line on standard input and output."""
    parser = argparse.ArgumentParser()
    machine.add_arguments(parser)
    words = [*programs, "--system", "--smp", str(options.smp), "--kernel", options.kernel]
    words += ["--build", options.build] if options.build else []
    return [*launch.command(machine.from_arguments(parser.parse_args(words), default_system=False)), *extra]


class Emulator:
    """A running system and its serial line."""

    def __init__(self, extra: list[str], programs: list[str]) -> None:
        self.process = subprocess.Popen(system_command(extra, programs), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seen = ""  # without escape sequences and carriage returns, from the last mark on
        self.raw = b""

    def stop(self) -> None:
        """End it if it still runs."""
        self.process.kill()
        self.process.communicate()

    def type(self, keys: str) -> None:
        """Send keys; what came before does not count any more."""
        assert self.process.stdin is not None
        self.raw = b""
        self.seen = ""
        self.process.stdin.write(keys.encode())
        self.process.stdin.flush()

    def expect(self, pattern: str) -> str:
        """Wait for a text that the pattern finds; returns all that was seen since the last keys."""
        end = time.monotonic() + WAIT
        while not re.search(pattern, self.seen, re.MULTILINE):
            if not self.read(end - time.monotonic()):
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
        return self.seen

    def read(self, seconds: float) -> bool:
        """Take what comes within that time; False: nothing does, or the emulator has ended."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], max(0, seconds))
        chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        self.raw += chunk
        self.seen = ESCAPE.sub("", self.raw.decode(errors="replace")).replace("\r", "")
        return bool(chunk)

    def run(self, line: str, keys: str | None = None) -> list[str]:
        """Type a line (or the keys that make it) and wait for the next prompt; the lines in between.

        What was on its way when it was typed, a prompt written again after a job's output, comes before the echo, where
        the line is echoed as it is.
        """
        self.type((line if keys is None else keys) + "\r")
        echo = rf"{re.escape(line)}\n" if keys is None and line.isprintable() and len(line) <= 60 else r"\n"
        seen = self.expect(rf"{echo}(.*\n)*{re.escape(PROMPT)}\Z")
        return re.split(echo, seen, maxsplit=1)[1].split("\n")[:-1]


class Session(unittest.TestCase):
    """One system for all tests of a class, over the serial line, which is left at its prompt."""

    emulator: Emulator

    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator([], [])
        cls.addClassCleanup(cls.emulator.stop)
        cls.emulator.expect(re.escape(PROMPT))


class Serial(Session):
    """Keys, lines, jobs, Ctrl-C."""

    def run_line(self, line: str, keys: str | None = None) -> list[str]:
        return self.emulator.run(line, keys)

    def test_command(self) -> None:
        self.assertEqual(self.run_line("echo some words"), ["some words"])

    def test_help(self) -> None:
        self.assertIn("echo", "\n".join(self.run_line("help")))

    def test_files(self) -> None:
        self.assertIn("README.md", self.run_line("ls"))
        self.assertEqual(self.run_line("cat README.md")[0], "# Grain")

    def test_unknown_command(self) -> None:
        self.assertIn("nosuch", "\n".join(self.run_line("nosuch")))

    def test_exit_status(self) -> None:
        self.assertEqual(self.run_line("cat nothing; echo $?")[-1], "1")
        self.assertEqual(self.run_line("hello; echo $?")[-1], "0")

    def test_editing(self) -> None:
        for keys, line in (
            ("echo ab" + LEFT + "x", "axb"),
            ("echo abc" + LEFT + LEFT + BACKSPACE, "bc"),
            ("echo abc" + LEFT + DELETE, "ab"),
            ("cho abc" + HOME + "e" + END + "d", "abcd"),
            ("cho abc" + CTRL_A + "e" + CTRL_E + "d", "abcd"),
            ("echo abc" + LEFT + LEFT + CTRL_K, "a"),
            ("rubbish" + CTRL_U + "echo clean", "clean"),
            ("echo one two" + CTRL_W + "three", "one three"),
        ):
            with self.subTest(line=line):
                self.assertEqual(self.run_line(line, keys), [line])

    def test_history(self) -> None:
        self.run_line("echo first")
        self.run_line("echo second")
        self.assertEqual(self.run_line("", UP + UP), ["first"])
        self.assertEqual(self.run_line("", UP + UP + UP + DOWN), ["second"])

    def test_long_line(self) -> None:
        words = "x" * 200
        self.assertEqual(self.run_line("echo " + words), [words])

    def test_too_long_line_is_cut(self) -> None:
        lines = self.run_line("echo " + "x" * 400)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], "^x{200,240}$")

    def test_type_ahead(self) -> None:
        self.emulator.type("echo one\recho two\recho three\r")
        self.emulator.expect(rf"^one\n(.*\n)*two\n(.*\n)*three\n{re.escape(PROMPT)}\Z")

    def test_input_of_a_program(self) -> None:
        self.emulator.type("cat\r")
        self.emulator.expect(r"cat\n")
        self.emulator.type("typed\r")
        self.emulator.expect(r"typed\ntyped\n")
        self.emulator.type(CTRL_D)
        self.emulator.expect(re.escape(PROMPT))

    def test_ctrl_c_while_it_reads(self) -> None:
        self.emulator.type("cat\r")
        self.emulator.expect(r"cat\n")
        self.emulator.type("half")
        self.emulator.expect("half")
        self.emulator.type(CTRL_C)
        self.emulator.expect(rf"\^C\n(.*\n)*{re.escape(PROMPT)}\Z")
        self.assertEqual(self.run_line("echo still here"), ["still here"])

    def test_ctrl_c_while_it_computes(self) -> None:
        self.emulator.type("spin\r")
        self.emulator.expect(r"spin: until Ctrl-C\n")
        self.emulator.type(CTRL_C)
        self.emulator.expect(rf"\^C\n(.*\n)*{re.escape(PROMPT)}\Z")

    def test_ctrl_c_at_the_prompt(self) -> None:
        self.emulator.type("rubbish")
        self.emulator.expect("rubbish")
        self.emulator.type(CTRL_C)
        self.emulator.expect(rf"\^C\n{re.escape(PROMPT)}\Z")
        self.assertEqual(self.run_line("echo fresh"), ["fresh"])

    def wait_for_job(self, seen: str) -> None:
        """Enter commands until the shell has said that its background job is done."""
        for _ in range(100):
            if re.search(r"^\[\d+\] ", seen, re.MULTILINE):
                return
            self.emulator.type("echo mar'k'er\r")  # the echo of what is typed is not what is waited for
            seen = self.emulator.expect(rf"^marker\n(.*\n)*{re.escape(PROMPT)}\Z")
        raise AssertionError("the job does not end")

    def test_background(self) -> None:
        self.emulator.type("writers &\r")
        self.emulator.expect("writers: all done")
        self.wait_for_job("")
        self.assertEqual(self.run_line("echo on"), ["on"])

    def test_output_does_not_disturb_the_line(self) -> None:
        self.emulator.type("writers &\recho kept")
        self.emulator.expect(r"writers: all done\n(.*\n)*.*echo kept\Z")
        self.emulator.type("\r")
        self.wait_for_job(self.emulator.expect(rf"^kept\n(\[.*\n)?{re.escape(PROMPT)}\Z"))
        self.assertEqual(self.run_line("echo on"), ["on"])

    def test_fork_bomb_leaves_the_shell_usable(self) -> None:
        self.emulator.type("forkbomb &\r")
        self.emulator.expect("forkbomb: no more: ")
        # What the shell does by itself, with all processes taken; and all else when they have ended.
        self.emulator.type("help\r")
        self.emulator.expect(r"lists what runs in the background")
        self.emulator.type("wait\r")
        for _ in range(100):
            self.emulator.type("echo mar'k'er\r")
            seen = self.emulator.expect(r"(?m)(^marker|echo: .*|processes.*|memory.*)\n")
            if re.search(r"^marker$", seen, re.MULTILINE):
                break
        self.emulator.expect(rf"{re.escape(PROMPT)}\Z")
        self.assertEqual(self.run_line("echo on"), ["on"])

    def test_prompt_comes_again_after_output(self) -> None:
        self.emulator.type("writers &\r")
        self.wait_for_job(self.emulator.expect(rf"writers: all done\n(.*\n)*{re.escape(PROMPT)}\Z"))

    def test_background_does_not_read(self) -> None:
        self.run_line("cat &")
        self.assertEqual(self.run_line("echo mine"), ["mine"])
        self.assertEqual(self.run_line("cat README.md")[0], "# Grain")
        self.emulator.type("cat\r")
        self.emulator.expect(r"cat\n")
        self.emulator.type("foreground\r")
        self.emulator.expect(r"foreground\nforeground\n")
        self.emulator.type(CTRL_D)
        self.emulator.expect(re.escape(PROMPT))
        self.emulator.type("wait %1\r")
        self.emulator.expect(r"%1\n")
        self.emulator.type("at last\r")
        self.emulator.expect(r"at last\nat last\n")
        self.emulator.type(CTRL_C)
        self.emulator.expect(rf"\^C\ncat: killed\n{re.escape(PROMPT)}\Z")
        self.assertEqual(self.run_line("echo on"), ["on"])

    def test_below_the_foreground_reads(self) -> None:
        self.emulator.type("sh -c cat\r")
        self.emulator.expect(r"cat\n")
        self.emulator.type("typed\r")
        self.emulator.expect(r"typed\ntyped\n")
        self.emulator.type(CTRL_D)
        self.emulator.expect(re.escape(PROMPT))

    def test_raw_mode(self) -> None:
        self.emulator.type("top\r")
        self.emulator.expect("PID")
        self.emulator.type("q")
        self.emulator.expect(re.escape(PROMPT))
        self.assertEqual(self.run_line("echo cooked again"), ["cooked again"])

    def test_raw_mode_in_the_background(self) -> None:
        self.emulator.type("top -d 1 &\r")
        self.emulator.expect("PID")
        self.assertIn("mine", self.run_line("echo mine"))
        self.run_line("kill %1; wait %1")
        self.assertEqual(self.run_line("echo on"), ["on"])

    def test_ctrl_c_in_raw_mode(self) -> None:
        self.emulator.type("top\r")
        self.emulator.expect("PID")
        self.emulator.type(CTRL_C)
        self.emulator.expect(re.escape(PROMPT))
        self.assertEqual(self.run_line("echo ab" + LEFT + "x"), ["axb"])

    def test_lines_do_not_mix(self) -> None:
        lines = self.run_line("writers")
        self.assertEqual(lines[-1], "writers: all done")
        for line in lines[:-1]:
            self.assertRegex(line, r"^writer \d line \d\d =+ end$")
        self.assertEqual(len(lines), 101)
        self.assertEqual(len(set(lines)), 101)


class Screen(unittest.TestCase):
    """Over keyboard and screen, by the emulator's monitor."""

    KEYS = {" ": "spc", "-": "minus", "$": "shift-4", "?": "shift-slash", "!": "shift-1", "\n": "ret", ".": "dot",
            "/": "slash", ";": "semicolon"}

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.memory = Path(folder.name) / "screen"
        path = Path(folder.name) / "monitor"
        self.emulator = Emulator(["-monitor", f"unix:{path},server=on,wait=off"], [])
        self.addCleanup(self.emulator.stop)
        self.emulator.expect(re.escape(PROMPT))
        self.monitor = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.monitor.close)
        self.monitor.settimeout(WAIT)
        self.monitor.connect(str(path))
        self.answer()

    def answer(self) -> str:
        """What the monitor says up to its prompt."""
        text = b""
        while not text.endswith(b"(qemu) "):
            chunk = self.monitor.recv(4096)
            if not chunk:
                raise AssertionError("the emulator has ended")
            text += chunk
        return text.decode(errors="replace")

    def command(self, line: str) -> None:
        self.monitor.sendall(line.encode() + b"\n")
        self.answer()

    def press(self, *names: str) -> None:
        for name in names:
            self.command(f"sendkey {name} 20")
            time.sleep(0.06)  # keys that come faster than they are let go are one

    def type(self, text: str) -> None:
        self.press(*(self.KEYS.get(c, f"shift-{c.lower()}" if c.isupper() else c) for c in text))

    def rows(self) -> list[str]:
        """The screen, row by row."""
        self.command(f'pmemsave 0xb8000 4000 "{self.memory}"')
        cells = self.memory.read_bytes()
        return [bytes(cells[row * 160 : row * 160 + 160 : 2]).decode("latin-1").rstrip() for row in range(25)]

    def expect_rows(self, *wanted: str) -> None:
        """Wait until these rows are on the screen, one below the other, the last of what is there."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            rows = [row for row in self.rows() if row]
            if rows[-len(wanted) :] == list(wanted):
                return
            time.sleep(0.2)
        raise AssertionError(f"{wanted} is not the end of {rows}")

    def test_keys_and_screen(self) -> None:
        prompt = PROMPT.rstrip()
        self.expect_rows(prompt)
        self.type("echo Hello World!\n")
        self.expect_rows(f"{PROMPT}echo Hello World!", "Hello World!", prompt)
        self.type("echo ac")
        self.press("left")
        self.type("b\n")
        self.expect_rows(f"{PROMPT}echo abc", "abc", prompt)
        self.press("up", "home", "end", "backspace", "caps_lock")
        self.type("d")
        self.press("caps_lock")
        self.type("\n")
        self.expect_rows(f"{PROMPT}echo abD", "abD", prompt)
        self.type("cat\n")
        self.type("typed\n")
        self.expect_rows("typed", "typed")
        self.press("ctrl-c")
        self.type("echo on\n")
        self.expect_rows(f"{PROMPT}echo on", "on", prompt)
        for i in range(30):
            self.emulator.type("echo filler\r")
            self.emulator.expect(r"filler\nfiller\n")
        self.expect_rows(f"{PROMPT}echo filler", "filler", prompt)
        self.assertEqual(self.rows()[24], prompt)
        self.type("exit\n")
        self.emulator.expect(r"grain: halt code 0")


class Leaving(unittest.TestCase):
    """The end of a session."""

    def test_exit_ends_the_machine(self) -> None:
        emulator = Emulator([], [])
        self.addCleanup(emulator.stop)
        emulator.expect(re.escape(PROMPT))
        emulator.type("exit\r")
        emulator.expect(r"^grain: halt code 0$")
        self.assertEqual(emulator.process.wait(WAIT), 0x10 << 1 | 1)

    def test_nothing_goes_on_without_a_server(self) -> None:
        """Without pager or proc not at all, without the others not for long."""
        for server, times in (("pager", 1), ("proc", 1), ("bootfs", 5), ("console", 5)):
            with self.subTest(server=server):
                emulator = Emulator([], [f"killserver {server} {times}", "--append=init.test"])
                self.addCleanup(emulator.stop)
                emulator.expect(r"^grain: halt code 1$")
                self.assertIn(f"init: {server} was killed with status 0: the system cannot go on", emulator.seen)
                self.assertNotIn("no env is left that could run", emulator.seen)  # init halts, nobody waits for ever
                restarts = emulator.seen.count(f"init: {server} was killed with status 0: it is started again")
                self.assertEqual(restarts, times - 1)


if __name__ == "__main__":
    arguments()
    run_tests()
