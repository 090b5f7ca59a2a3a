"""The shell's language and jobs, and what the applications print, typed and read over the serial line.

    test_apps.py --build DIR --smp N
"""

from __future__ import annotations

import re
import sys
import time

sys.dont_write_bytecode = True

from tap_runner import run_tests  # noqa: E402
from test_session import CTRL_C, PROMPT, WAIT, Session, arguments, options  # noqa: E402


class Answers(Session):
    """What is asked of what comes back."""

    def answer(self, line: str, *wanted: str) -> list[str]:
        """What comes back; each regular expression finds something in a line of it."""
        lines = self.emulator.run(line)
        for pattern in wanted:
            if not any(re.search(pattern, answer) for answer in lines):
                self.fail(f"{line}: no {pattern!r} in {lines}")
        return lines


class Language(Answers):
    """What stands in a line."""

    def test_empty(self) -> None:
        self.assertEqual(self.answer(""), [])
        self.assertEqual(self.answer("  # a comment; echo no"), [])

    def test_quotes(self) -> None:
        line = "echo one   two 'a  b' \"c  d\" e\\ f"
        self.assertEqual(self.answer(line), ["one two a  b c  d e f"])

    def test_status(self) -> None:
        for line, status in (
            ("true", 0),
            ("false", 1),
            ("hello too many", 2),
            ("cat nothing", 1),
            ("nothing", 127),
            ("README.md", 126),
            ("sh -c 'exit 3'", 3),
            ("'", 2),
        ):
            with self.subTest(line=line):
                self.answer(line)
                self.assertEqual(self.answer("echo status $?"), [f"status {status}"])

    def test_sequence(self) -> None:
        self.assertEqual(self.answer("echo a; echo b;echo c"), ["a", "b", "c"])

    def test_and_or(self) -> None:
        self.assertEqual(self.answer("false && echo no || echo yes"), ["yes"])
        self.assertEqual(self.answer("true || echo no && echo yes"), ["yes"])

    def test_errors(self) -> None:
        for line, error in (
            ("echo 'open", "no closing '"),
            ("echo x;; echo y", "a command is missing"),
            ("ls | cat", "there are no pipes"),
            ("ls > x", "there is no redirection"),
            ("nothing", "nothing: there is no such command (try help)"),
            ("README.md", "README.md: cannot be run: not a program"),
        ):
            with self.subTest(line=line):
                self.assertEqual(self.answer(line), [f"sh: {error}"])

    def test_help(self) -> None:
        lines = self.answer("help", r"^  jobs +lists", r"^  time COMMAND", r"^Programs:", r"\bhello\b")
        self.assertLess(max(map(len, lines)), 80)

    def test_nested_shell(self) -> None:
        self.emulator.type("sh\r")
        self.emulator.expect(rf"^sh\n{re.escape(PROMPT)}\Z")
        self.assertEqual(self.answer("echo inside"), ["inside"])
        self.assertEqual(self.answer("exit 4"), [])
        self.assertEqual(self.answer("echo $?"), ["4"])

    def test_time(self) -> None:
        self.answer("time forktree -q", r"^a tree of 15 processes$", r"^time: \d+\.\d{6} s$")


class Jobs(Answers):
    """Programs in the background: quiet ones, that get nothing to read, and end when they are killed."""

    QUIET = "cat"

    def test_ended_job_is_reported(self) -> None:
        self.answer("sh -c 'exit 3' & wait", r"^\[1\] \d+$")
        self.assertEqual(self.answer("jobs"), [])
        lines = self.answer("/echo ended &")
        end = time.monotonic() + WAIT
        while "[1] done  /echo ended" not in lines and time.monotonic() < end:
            lines += self.answer("")
        self.assertIn("[1] done  /echo ended", lines)

    def test_list_and_kill(self) -> None:
        self.answer(f"{self.QUIET} & jobs", r"^\[1\] \d+$", rf"^\[1\] \d+ runs  {self.QUIET}$")
        self.answer("ps", r" cat$")
        self.answer("kill %1; wait %1; echo status $?", r"^status 137$", r"^cat: killed$")
        self.assertEqual(self.answer("jobs"), [])

    def test_wait_is_interrupted(self) -> None:
        self.answer(f"{self.QUIET} &")
        self.emulator.type("wait\r")
        self.emulator.expect(r"wait\n")
        self.emulator.type(CTRL_C)  # kept, if the shell has not handed over the console yet
        self.emulator.expect(rf"^{self.QUIET}: killed\n{re.escape(PROMPT)}\Z")
        self.assertEqual(self.answer("jobs; echo $?"), ["0"])

    def test_builtin_cannot_be_a_job(self) -> None:
        self.answer("true &", r"^sh: true is the shell's own: it cannot run in the background$")

    def test_unknown_job(self) -> None:
        self.answer("wait %9", r"^sh: wait: %9: there is no such job$")
        self.answer("kill 999999", r"^sh: kill: 999999: there is no such process$")


class Programs(Answers):
    """What each prints. That each ends as it should is in tests/user/apps.c."""

    PROGRAMS = "cat echo forktree free hello kill lockstat ls pingpong primes ps sh sysinfo top uptime".split()

    def test_usage(self) -> None:
        for program in self.PROGRAMS:
            with self.subTest(program=program):
                lines = self.answer(f"/{program} --help", rf"^usage: {program}\b", r"^ +--help +\S")
                self.assertLess(max(map(len, lines)), 80)
        self.answer("primes --help", r"^usage: primes \[OPTION\.\.\.\]$", r"^  -n, --limit N +\S", r"^ +--help +\S")

    def test_cat(self) -> None:
        self.answer("cat nothing README.md", r"^cat: nothing: there is no such file$", r"^# Grain$")

    def test_echo(self) -> None:
        # The console begins a new line when somebody else writes.
        self.assertEqual(self.answer("echo -n one; echo two"), ["one", "two"])
        self.assertEqual(self.answer("echo -x"), ["-x"])

    def test_forktree(self) -> None:
        lines = self.answer("forktree -d 2", r"^a tree of 7 processes$")
        places = sorted(re.findall(r"^process \d+ is '([01]*)'$", "\n".join(lines), re.MULTILINE))
        self.assertEqual(places, ["", "0", "00", "01", "1", "10", "11"])

    def test_free(self) -> None:
        numbers = self.answer("free", r"^ +KiB +used +free")[-1].split()
        self.assertEqual(int(numbers[0]), int(numbers[1]) + int(numbers[2]))

    def test_hello(self) -> None:
        self.answer("hello", rf"^Hello, world! This is process \d+, on CPU \d+ of {options.smp}\.$")

    def test_kill(self) -> None:
        self.answer("/kill 999999", r"^kill: 999999: there is no such process$")
        self.answer("/kill 1", r"^kill: 1: it is above the one who asks$")
        pid = re.findall(r"^\[1\] (\d+)$", "\n".join(self.answer(f"{Jobs.QUIET} &")), re.MULTILINE)[0]
        self.answer(f"/kill {pid}; wait {pid}; echo status $?", r"^status 137$")

    def test_ls(self) -> None:
        self.assertLess({"sh", "ls", "README.md"}, set(self.answer("ls")))
        self.answer("ls -l README.md", r"^ +\d+  README\.md$")

    def test_pingpong(self) -> None:
        figures = r"median \d+ TSC ticks, least \d+, 99 in 100 below \d+$"
        self.answer("pingpong -n 200", rf"^200 round trips on one CPU: {figures}")
        two = rf"^200 round trips on two CPUs: {figures}" if options.smp > 1 else "^pingpong: there is only one CPU$"
        self.answer("pingpong -n 200 -2", two)

    def test_primes(self) -> None:
        self.assertEqual(self.answer("primes -n 30"), ["2", "3", "5", "7", "11", "13", "17", "19", "23", "29"])

    def test_ps(self) -> None:
        self.answer("ps", r"^ +PID PARENT", r"^ +1 +0 .* init$", r"^ +\d+ +1 .* sh$", r"^ +\d+ +\d+ .* ps$")
        lines = self.answer("ps -a", r"^ +- .* pager$", r"^ +- .* console$")
        self.assertEqual(sum(line.endswith(" init") for line in lines), 1)

    def test_sysinfo(self) -> None:
        self.answer("sysinfo", r"^kernel +Grain \d", r"^locks +granularity \w+, algorithm \w+$", rf"^CPUs +{options.smp},",
                    r"^clock +\S", r"^memory +\d+ KiB, \d+ KiB of it free$")

    def test_top(self) -> None:
        lines = self.answer("top -b -d 1 -n 2", r" console$")
        loads = re.findall(r"CPU +(\d+) +(\d+)\.\d% [#.]{24}", "\n".join(lines))
        self.assertEqual([int(cpu) for cpu, _ in loads], [*range(options.smp)] * 2)

    def test_uptime(self) -> None:
        self.answer("uptime", rf"^up 0:\d\d:\d\d\.\d\d, {options.smp} CPUs?, load( \d+%){{{options.smp}}}$")


if __name__ == "__main__":
    arguments()
    run_tests()
