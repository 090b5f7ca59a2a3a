"""Tests of tools/grain: console to TAP, how boots end, emulator commands. Shell scripts stand in for emulators."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

import mkimage  # noqa: E402
from grainlib import bochs, cli, cmd_gdb, cmd_summary, iso, qemu  # noqa: E402
from grainlib.build import SOURCE_DIR, Build, Module  # noqa: E402
from grainlib.cmd_lint import run_each, shorten, unique_findings  # noqa: E402
from grainlib.cmd_test import Boot, run_boot  # noqa: E402
from grainlib.ending import Clocks  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from grainlib.guest import Guest, Terminal  # noqa: E402
from grainlib.machine import Machine, parse_size, refuse_impossible, system_modules  # noqa: E402
from grainlib.tap import Tap  # noqa: E402
from tap_runner import run_tests  # noqa: E402

CLOCKS = Clocks(silence=10, limit=20)


class Folder(unittest.TestCase):
    """A test with a temporary folder."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Console(Folder):
    """A console turned into TAP."""

    def boot(self, script: str, clocks: Clocks = CLOCKS, expect_panic: str | None = None) -> list[str]:
        """The TAP of a boot whose emulator is a shell script."""
        out = io.StringIO()
        tap = Tap(out)
        run_boot(Boot(lambda: Guest.on_pipe(["sh", "-c", script], self.folder / "log"), clocks, expect_panic), tap)
        tap.finish()
        return out.getvalue().splitlines()

    def test_results_are_numbered(self) -> None:
        lines = self.boot(r"printf 'ok - a.one\r\n# note\nnoise\nskip - a.two: no tty\ngrain: halt code 0\n'; exit 33")
        self.assertEqual(lines, ["ok 1 - a.one", "# note", "ok 2 - a.two # SKIP no tty", "1..2"])

    def test_failure_keeps_its_id_and_detail(self) -> None:
        lines = self.boot("echo 'not ok - a.one: got 3: want 4'; echo 'grain: halt code 1'")
        self.assertEqual(lines[:3], ["not ok 1 - a.one", "# got 3: want 4", "not ok 2 - boot: halt code 1"])

    def test_noise_is_no_result(self) -> None:
        lines = self.boot("echo 'it is ok - really'; echo 'ok - a'; echo 'grain: halt code 0'")
        self.assertEqual(lines, ["ok 1 - a", "1..1"])

    def test_no_test_is_a_failure(self) -> None:
        self.assertEqual(self.boot("echo 'grain: halt code 0'")[0], "not ok 1 - boot: no test reported anything")

    def test_halt_code_fails_a_boot_whose_tests_passed(self) -> None:
        lines = self.boot("echo 'ok - a'; echo 'grain: halt code 2'")
        self.assertIn("not ok 2 - boot: halt code 2", lines)

    def test_panic_shows_what_follows(self) -> None:
        lines = self.boot("echo 'ok - a'; echo 'cpu 1: panic: lock order'; echo ' backtrace'; exit 65")
        self.assertEqual(lines[1], "not ok 2 - boot: cpu 1: panic: lock order")
        self.assertIn("#  backtrace", lines)

    def test_panic_in_a_test_id_is_none(self) -> None:
        lines = self.boot("echo 'ok - kernel.panic: text'; echo 'grain: halt code 0'")
        self.assertEqual(lines, ["ok 1 - kernel.panic", "# text", "1..1"])

    def test_expected_panic_passes(self) -> None:
        lines = self.boot("echo 'panic: stack overflow'; exit 65", expect_panic="stack overflow")
        self.assertEqual(lines, ["ok 1 - panic: stack overflow", "1..1"])

    def test_expected_panic_that_does_not_come(self) -> None:
        lines = self.boot("echo 'ok - a'; echo 'grain: halt code 0'", expect_panic="stack overflow")
        self.assertEqual(lines[1], "not ok 2 - panic: stack overflow")

    def test_another_panic_than_expected(self) -> None:
        lines = self.boot("echo 'panic: other'; exit 65", expect_panic="stack overflow")
        self.assertEqual(lines[0], "not ok 1 - panic: stack overflow")

    def test_expected_text(self) -> None:
        out = io.StringIO()
        script = "echo 'a word here'; echo 'ok - a'; echo 'grain: halt code 0'"
        boot = Boot(lambda: Guest.on_pipe(["sh", "-c", script], self.folder / "log"), CLOCKS, expect=("word", "none"))
        run_boot(boot, Tap(out))
        lines = out.getvalue().splitlines()
        self.assertEqual(lines[:3], ["ok 1 - a", "ok 2 - console: word", "not ok 3 - console: none"])

    def test_triple_fault(self) -> None:
        lines = self.boot("echo 'ok - a'; exit 0")
        self.assertRegex(lines[1], "^not ok 2 - boot: the emulator ended with status 0 .*triple fault")

    def test_unexpected_exit_shows_the_emulators_words(self) -> None:
        lines = self.boot("echo 'qemu: no such file' >&2; exit 1")
        self.assertRegex(lines[0], "^not ok 1 - boot: the emulator ended with status 1")
        self.assertIn("# qemu: no such file", lines)

    def test_silence_is_a_hang(self) -> None:
        lines = self.boot("echo 'ok - a'; printf 'half a line'; exec sleep 30", Clocks(silence=0.3, limit=20))
        self.assertRegex(lines[1], "^not ok 2 - boot: hang: no output for 0.3 s")
        self.assertEqual(lines[-2], "# half a line")

    def test_endless_output_is_a_hang(self) -> None:
        lines = self.boot("while :; do echo x; sleep 0.01; done", Clocks(silence=5, limit=0.5))
        self.assertRegex(lines[0], "^not ok 1 - boot: hang: it still runs")

    def test_tail_is_bounded(self) -> None:
        lines = self.boot("seq 1000; exit 1")
        self.assertEqual(len(lines), 62)
        self.assertEqual(lines[1], "# 941")

    def test_control_characters_do_not_reach_tap(self) -> None:
        self.assertEqual(self.boot(r"printf 'ok - a\033[2J\n'; echo 'grain: halt code 0'")[0], "ok 1 - a?[2J")

    def test_console_is_kept(self) -> None:
        self.boot("echo noise; echo 'grain: halt code 0'")
        self.assertEqual((self.folder / "log").read_text(), "noise\ngrain: halt code 0\n")

    def test_console_on_a_terminal(self) -> None:
        console = Terminal()
        script = f"echo drawing; printf 'ok - a\\ngrain: halt code 0\\n' > {console.path}; exec sleep 30"
        out = io.StringIO()
        run_boot(Boot(lambda: Guest.on_terminals(["sh", "-c", script], self.folder / "log", console), CLOCKS), Tap(out))
        self.assertEqual(out.getvalue(), "ok 1 - a\n")

    def test_emulator_on_a_terminal_dies(self) -> None:
        console = Terminal()
        out = io.StringIO()
        run_boot(Boot(lambda: Guest.on_terminals(["false"], self.folder / "log", console), CLOCKS), Tap(out))
        self.assertRegex(out.getvalue(), "^not ok 1 - boot: the emulator ended with status 1")


class Commands(Folder):
    """Emulator commands."""

    def setUp(self) -> None:
        super().setUp()
        facts = {"kernels": {}, "programs": {}, "image_files": {}}
        (self.folder / "grain-build.json").write_text(json.dumps(facts))
        self.machine = Machine(
            build=Build(self.folder),
            engine="qemu",
            smp=4,
            mem_mib=256,
            boot="kernel",
            thread="multi",
            kernel_name="big",
            kernel=self.folder / "grain-big.elf",
            modules=(Module(self.folder / "init.elf"), Module(self.folder / "t.elf", ("a,b", "c"))),
            append="quiet",
        )
        finder = mock.patch("shutil.which", return_value="/bin/true")
        finder.start()
        self.addCleanup(finder.stop)

    def test_qemu_modules_double_their_commas(self) -> None:
        words = qemu.command(self.machine)
        modules = words[words.index("-initrd") + 1]
        self.assertEqual(modules, f"{self.folder}/init.elf,{self.folder}/t.elf a,,b c")

    def test_window_is_qemus_own(self) -> None:
        words = qemu.command(self.machine)
        self.assertIn("none", words)
        self.assertNotIn("-display", qemu.with_window(words))

    def test_system_is_init_and_the_image(self) -> None:
        build = Build(self.folder)
        (self.folder / "boot.tar").write_bytes(b"")
        build.facts.update(boot_image=str(self.folder / "boot.tar"), image_files={"ls": "/x/ls.elf"})
        modules, words = system_modules(build, ["ls -l sh"])
        self.assertEqual([module.path.name for module in modules], ["boot.tar"])
        self.assertEqual(words, ["init.run=ls,-l,sh"])
        with self.assertRaisesRegex(Failure, "commas"):
            system_modules(build, ["ls a,b"])

    def test_qemu_refuses_a_module_path_with_a_space(self) -> None:
        machine = replace(self.machine, modules=(Module(Path("/a b/init.elf")),))
        with self.assertRaisesRegex(Failure, "space"):
            qemu.command(machine)

    def test_iso_replaces_kernel_and_modules(self) -> None:
        words = qemu.command(replace(self.machine, boot="iso"))
        self.assertIn("-cdrom", words)
        self.assertNotIn("-kernel", words)

    def test_grub_modules_start_with_their_name(self) -> None:
        text = iso.render_config(self.machine)
        self.assertIn("multiboot /boot/grain.elf grain.elf 'quiet'\n", text)
        self.assertIn("\nmodule /boot/init.elf 'init.elf'\nmodule /boot/t.elf 't.elf' 'a,b' 'c'\n", text)

    def test_bochs_has_as_many_cpus(self) -> None:
        bochs.configure(self.machine, "/dev/pts/9")
        config = (bochs.folder(self.machine) / "bochsrc").read_text()
        self.assertIn("count=4", config)
        self.assertIn("dev=/dev/pts/9", config)

    def test_name_is_one_file_name(self) -> None:
        machine = replace(self.machine, append="x=/y " + "long " * 40)
        self.assertRegex(machine.name(), r"^[A-Za-z0-9.=-]{1,80}$")
        self.assertNotEqual(machine.name(), replace(machine, append=machine.append + "er").name())

    def test_another_boot_has_another_name(self) -> None:
        others = [self.machine, replace(self.machine, mem_mib=64), replace(self.machine, thread="single")]
        self.assertEqual(len({machine.name() for machine in others}), 3)

    def test_bochs_firmware_that_dies_is_told_from_a_kernel_that_dies(self) -> None:
        machine = replace(self.machine, engine="bochs")
        (bochs.folder(machine) / "bochs.log").write_text("p[CPU0 ] >>PANIC<< exception(): 3rd\n")
        machine.log().write_text("")
        self.assertRegex(bochs.firmware_failure(machine) or "", "crashes before")
        machine.log().write_text("GRUB")
        self.assertIsNone(bochs.firmware_failure(machine))

    def test_icount_wants_one_cpu(self) -> None:
        machine = replace(self.machine, engine="icount", thread="single")
        with self.assertRaisesRegex(Failure, "--thread single"):
            refuse_impossible(machine, asked_single=False)
        refuse_impossible(machine, asked_single=True)
        refuse_impossible(replace(machine, smp=1), asked_single=False)

    def test_bochs_has_eight_cpus_at_most(self) -> None:
        with self.assertRaisesRegex(Failure, "at most 8"):
            refuse_impossible(replace(self.machine, engine="bochs", smp=9), asked_single=False)

    def test_kvm_is_refused_politely(self) -> None:
        with mock.patch("builtins.open", side_effect=PermissionError(13, "Permission denied")):
            with self.assertRaisesRegex(Failure, "/dev/kvm"):
                refuse_impossible(replace(self.machine, engine="kvm"), asked_single=False)

    def test_sizes(self) -> None:
        self.assertEqual((parse_size("64M"), parse_size("2g")), (64, 2048))
        with self.assertRaises(Failure):
            parse_size("64")

    def test_dry_run_prints_and_starts_nothing(self) -> None:
        words = {"run": "qemu-system-i386", "test": "qemu-system-i386", "gdb": "gdb -q", "iso": "grub-mkrescue"}
        for command, starts in words.items():
            with (
                self.subTest(command),
                mock.patch("grainlib.machine.from_arguments", return_value=self.machine),
                mock.patch("subprocess.Popen", side_effect=AssertionError),
                contextlib.redirect_stdout(io.StringIO()) as out,
            ):
                self.assertEqual(cli.main([command, "--dry-run"]), 0)
                self.assertRegex(out.getvalue(), f"(?m)^{starts} ")

    def test_unknown_program_lists_what_there_is(self) -> None:
        build = Build(self.folder)
        build.facts["programs"] = {"ps": "/x/ps.elf"}
        with self.assertRaisesRegex(Failure, "no program top; there is ps"):
            build.module("top -d 1")
        with self.assertRaisesRegex(Failure, "not built yet"):
            build.module("ps")

    def test_a_jos_program_is_one_by_its_name(self) -> None:
        build = Build(self.folder)
        build.facts["programs"] = {"hello": "/x/hello.elf", "jos_hello": "/x/jos_hello.elf"}
        with self.assertRaisesRegex(Failure, "^no JOS program hello; there is jos_hello$"):
            build.module("hello", jos=True)
        with self.assertRaisesRegex(Failure, "JOS program jos_hello is not built yet"):
            build.module("jos_hello", jos=True)

    def sources(self) -> list[Path]:
        """Two files of one name in two folders, and a build whose compiler copies."""
        script = 'while [ "$2" != -o ]; do shift; done; cp "$1" "$3"'
        facts = {"cc": ["sh", "-c", script, "cc"], "user_args": [], "jos_args": [], "user_link_args": []}
        facts |= {"libuser": "", "libjos": "", "builtins": "", "kernels": {}, "programs": {}, "image_files": {}}
        (self.folder / "grain-build.json").write_text(json.dumps(facts))
        paths = [self.folder / name / "hello.c" for name in ("one", "two")]
        for path in paths:
            path.parent.mkdir()
            path.write_text(path.parent.name)
        return paths

    def test_sources_of_one_name_are_two_programs(self) -> None:
        one, two = self.sources()
        build = Build(self.folder)
        for jos in (False, True):
            modules = [build.module(str(path), jos) for path in (one, two)]
            self.assertEqual([module.path.read_text() for module in modules], ["one", "two"])
            self.assertEqual([module.path.name for module in modules], ["hello.elf"] * 2)
        text = iso.render_config(replace(self.machine, modules=tuple(modules)))
        self.assertIn("\nmodule /boot/hello.elf 'hello.elf'\nmodule /boot/1-hello.elf '1-hello.elf'\n", text)
        self.assertEqual(build.module(str(one), True), build.module(str(one.parent / ".." / "one" / "hello.c"), True))

    def test_processes_have_one_name_each(self) -> None:
        one, two = self.sources()
        with self.assertRaisesRegex(Failure, "two programs are called hello"):
            system_modules(Build(self.folder), [str(one), str(two)])

    def test_a_quote_that_is_not_closed(self) -> None:
        for line in (["run", "hello 'x"], ["run", "--system", "hello 'x"], ["test", 'hello "x']):
            with self.subTest(line), contextlib.redirect_stderr(io.StringIO()) as err:
                self.assertEqual(cli.main([*line, "--build", str(self.folder)]), 1)
                self.assertIn("No closing quotation", err.getvalue())

    def test_repeating_nothing_is_refused(self) -> None:
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()) as err:
            cli.main(["test", "--repeat", "0"])
        self.assertIn("0 is less than 1", err.getvalue())

    def test_no_build(self) -> None:
        with self.assertRaisesRegex(Failure, "no build in"):
            Build(self.folder / "nowhere")


class Debugger(Folder):
    """grain gdb, and what ends it."""

    def test_each_boot_has_its_own_stub(self) -> None:
        target = mock.Mock(spec=Machine)
        args = argparse.Namespace(ex=["bt"], batch=True)
        with mock.patch("grainlib.qemu.command", side_effect=lambda *_, serial, stub: [serial, stub]):
            target.log.return_value, target.kernel = self.folder / "log", self.folder / "kernel.elf"
            emulator, debugger = cmd_gdb.commands_for(args, target, self.folder / "stub")
        self.assertEqual(emulator[1], str(self.folder / "stub"))
        self.assertIn(f"target remote {self.folder}/stub", debugger)
        self.assertLess(debugger.index(f"target remote {self.folder}/stub"), debugger.index("bt"))

    def test_an_emulator_that_fails_is_no_guest(self) -> None:
        with self.assertRaisesRegex(Failure, "ended with status 3"):
            cmd_gdb.debug(["sh", "-c", "exit 3"], ["false"], self.folder / "stub")

    def test_gdb_comes_when_the_stub_is_there(self) -> None:
        stub = self.folder / "stub"
        status = cmd_gdb.debug(["sh", "-c", f"touch {stub}; exec sleep 60"], ["test", "-e", str(stub)], stub)
        self.assertEqual(status, 0)

    def test_a_terminal_that_is_closed_ends_the_emulator(self) -> None:
        script = (
            "import signal, sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
            "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # this test may run under nohup
            "from grainlib import cli, cmd_gdb\n"
            "cmd_gdb.run = lambda args: cmd_gdb.debug(['sh', '-c', f'echo $$ > {sys.argv[2]}; touch {sys.argv[2]}.stub; exec sleep 60'],"
            " ['sh', '-c', 'kill -HUP $PPID; exec sleep 60'], pathlib.Path(sys.argv[2] + '.stub'))\n"
            "sys.exit(cli.main(['gdb']))\n"
        )
        pid = self.folder / "pid"
        result = subprocess.run([sys.executable, "-B", "-c", script, str(SOURCE_DIR / "tools"), str(pid)], check=False, timeout=50)
        self.assertEqual(result.returncode, 1)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)

    def test_nohup_is_respected(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with contextlib.redirect_stderr(io.StringIO()):
            cli.main(["lint", "no-such-check"])
        self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)


class Image(unittest.TestCase):
    """The boot image."""

    def test_files_begin_on_pages_and_any_tar_reads_them(self) -> None:
        sizes = (0, 1, 511, 512, 513, 3071, 3072, 3073, 3584, 4095, 4096, 4097, 10000)
        files = [(f"file{size}", bytes(size % 251 for _ in range(size))) for size in sizes]
        image = mkimage.make_image(files)
        self.assertEqual(len(image) % 4096, 0)
        with tarfile.open(fileobj=io.BytesIO(image)) as archive:
            members = archive.getmembers()
            self.assertEqual([member.name for member in members], [name for name, _ in files])
            for member, (_, data) in zip(members, files):
                self.assertEqual(member.offset_data % 4096, 0)
                self.assertEqual(archive.extractfile(member).read(), data)

    def test_same_files_same_image(self) -> None:
        files = [("a", b"x"), ("b", b"y")]
        self.assertEqual(mkimage.make_image(files), mkimage.make_image(files))

    def test_of_a_program_what_is_loaded_goes_in(self) -> None:
        segment = mkimage.ELF_PROGRAM_HEADER.pack(mkimage.PT_LOAD, 100, 0, 0, 50, 50, 5, 4096)
        note = mkimage.ELF_PROGRAM_HEADER.pack(4, 150, 0, 0, 9, 9, 4, 1)
        ident = mkimage.ELF_MAGIC.ljust(16, b"\0")
        whole = mkimage.ELF_HEADER.pack(ident, 2, 3, 1, 0, 52, 160, 0, 52, 32, 2, 40, 3, 2)
        whole = (whole + segment + note).ljust(150, b"t") + b"symbols"
        cut = mkimage.without_sections(whole)
        self.assertEqual((len(cut), cut[52:]), (150, whole[52:150]))
        self.assertEqual(mkimage.ELF_HEADER.unpack_from(cut)[6], 0)
        for other in (b"", b"text", whole[:40], whole[:90], whole[:120], b"\x7fELF\x02" + whole[5:]):
            self.assertEqual(mkimage.without_sections(other), other)

    def test_bad_names_are_refused(self) -> None:
        for name in ("", "x" * 100):
            with self.assertRaises(mkimage.ImageError):
                mkimage.make_image([(name, b"")])
        with self.assertRaises(mkimage.ImageError):
            mkimage.make_image([("a", b""), ("a", b"")])


class Summary(unittest.TestCase):
    """Results added up."""

    def test_lines_count_and_skips_do_not(self) -> None:
        tap = "ok 1 - a\nok 2 - b # SKIP no\nnot ok 3 - c\n1..3\n"
        total = cmd_summary.count({"name": "grain:user / user/x", "stdout": tap, "result": "FAIL"})
        self.assertEqual((total.passed, total.failed), (1, ["user/x: c"]))

    def test_a_silent_failure_counts_once(self) -> None:
        total = cmd_summary.count({"name": "user/x", "stdout": "ok 1 - a\n", "result": "TIMEOUT"})
        self.assertEqual((total.passed, total.failed), (1, ["user/x: timeout"]))


class Lint(unittest.TestCase):
    """What is shown of other tools' output."""

    def test_paths_are_the_trees(self) -> None:
        text = f"{SOURCE_DIR}/kernel/a.c:1:2: error: x\n../../tests/b.c:3:4: error: y\n/b/../kernel/c.h:5: note: z"
        self.assertEqual(
            shorten(text), "kernel/a.c:1:2: error: x\ntests/b.c:3:4: error: y\nkernel/c.h:5: note: z"
        )

    def test_a_finding_is_shown_once(self) -> None:
        finding = ["abi/a.h:1:2: error: x", "    code"]
        self.assertEqual(unique_findings([*finding, "1 warning generated.", *finding]), finding)

    def test_without_a_compiler_for_it_the_check_of_locks_is_left_out(self) -> None:
        for found, version in (None, ""), ("/usr/bin/clang", "21.1.0"):
            with (
                self.subTest(version),
                mock.patch("shutil.which", side_effect=lambda name: found if name == "clang" else None),
                mock.patch("subprocess.run", return_value=mock.Mock(stdout=version)),
                mock.patch("grainlib.build.Build.find"),
                contextlib.redirect_stdout(io.StringIO()) as out,
                contextlib.redirect_stderr(io.StringIO()) as err,
            ):
                self.assertEqual(cli.main(["lint", "--tap", "locks"]), 0)
                self.assertRegex(out.getvalue(), "^ok 1 - lint.locks # SKIP no clang from release 22 on")
                self.assertEqual(cli.main(["lint-locks"]), 1)
                self.assertIn("install clang-22", err.getvalue())

    def test_an_interrupt_leaves_the_rest_out(self) -> None:
        calls = []

        def run(*_: object, **__: object) -> mock.Mock:
            calls.append(1)
            if len(calls) == 1:
                raise KeyboardInterrupt
            time.sleep(0.05)
            return mock.Mock(returncode=0)

        with mock.patch("subprocess.run", side_effect=run), self.assertRaises(KeyboardInterrupt):
            run_each([["true"]] * 2000)
        self.assertLess(len(calls), 2000)


if __name__ == "__main__":
    run_tests()
