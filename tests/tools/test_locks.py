"""The static proof of locking proves something: what it must refuse it does, and nothing guarded is left out.

    test_locks.py --build DIR

Each file in tests/locks/ is compiled as the check of lock annotations compiles the kernel. Its first line says what
the compiler must say; good.c must pass. Then each guarded field in the kernel's headers is read without its lock.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib.build import SOURCE_DIR, Build  # noqa: E402
from grainlib.cmd_lint import analysis_command, field_clang  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from grainlib.sources import Compilation, compilations  # noqa: E402
from tap_runner import run_tests  # noqa: E402

FILES = sorted((SOURCE_DIR / "tests" / "locks").glob("*.c"))
LIKE = "kernel/env.c"  # the file of the kernel whose options are used

options = argparse.Namespace()


try:
    CLANG = field_clang()
except Failure as missing:
    CLANG, WHY = "", str(missing)
else:
    WHY = ""


def complaint(file: Path) -> str:
    """What the analysis says to a file; nothing if it is content."""
    build = Build.find(options.build)
    like = next(c for c in compilations(build) if c.file == SOURCE_DIR / LIKE)
    command = like.command.replace(f"../{LIKE}", str(file))
    assert command != like.command
    words = analysis_command(Compilation(file, like.directory, command, like.output), CLANG)
    result = subprocess.run(words, check=False, cwd=like.directory, stderr=subprocess.PIPE, text=True)
    assert (result.returncode == 0) == ("error:" not in result.stderr), result.stderr
    return result.stderr


class Struct:
    """A struct in a header, with its locks and the fields that they guard."""

    def __init__(self, header: str, name: str, body: str) -> None:
        self.header = header
        self.name = name
        text = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        self.locks = re.findall(r"struct\s+lock\s+(\w+)", text)
        self.guarded = re.findall(r"(\w+)((?:\[[^;]*?\])*)\s+GUARDED_BY\(&(\w+)\)", text)


def structs() -> list[Struct]:
    """Those in headers of the kernel that have a lock."""
    found = []
    for header in sorted((SOURCE_DIR / "kernel").rglob("*.h")):
        if header.parent.name == "lock":
            continue
        for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\}", header.read_text(), re.M | re.S):
            struct = Struct(str(header.relative_to(SOURCE_DIR)), name, body)
            if struct.locks:
                found.append(struct)
    return found


@unittest.skipUnless(CLANG, WHY)
class Analysis(unittest.TestCase):
    """Files written to be refused."""

    def test_good_passes(self) -> None:
        self.assertEqual(complaint(SOURCE_DIR / "tests" / "locks" / "good.c"), "")

    def test_each_mistake_is_refused(self) -> None:
        mistakes = [file for file in FILES if file.stem != "good"]
        self.assertGreater(len(mistakes), 7)
        for file in mistakes:
            with self.subTest(file=file.name):
                match = re.match(r"/\* refused: (.*) \*/\n", file.read_text())
                assert match is not None, f"{file.name} does not say what is refused"
                self.assertIn(match[1], complaint(file))

    def test_each_guarded_field_is_guarded(self) -> None:
        fields = [(struct, *field) for struct in structs() for field in struct.guarded]
        self.assertGreater(len(fields), 12)
        for struct, field, dimensions, _ in fields:
            with self.subTest(struct=struct.name, field=field), tempfile.TemporaryDirectory() as folder:
                element = "[0]" * dimensions.count("[")
                file = Path(folder) / "field.c"
                file.write_text(
                    f'#include "{struct.header}"\n'
                    f"void f(const struct {struct.name} *p);\n"
                    f"void f(const struct {struct.name} *p)\n"
                    f"{{\n    __typeof__(p->{field}{element}) copy = p->{field}{element};\n    (void)copy;\n}}\n"
                )
                self.assertIn(f"reading variable '{field}' requires holding", complaint(file))


class Coverage(unittest.TestCase):
    """Locks and what they guard."""

    def test_each_lock_guards_something(self) -> None:
        self.assertGreater(len(structs()), 2)
        for struct in structs():
            guards = {lock for _, _, lock in struct.guarded}
            self.assertEqual(set(struct.locks), guards, f"struct {struct.name}")

    def test_each_lock_of_a_file_guards_something(self) -> None:
        for file in sorted((SOURCE_DIR / "kernel").rglob("*.c")):
            text = file.read_text()
            for lock in re.findall(r"^(?:static )?struct lock (\w+);", text, re.M):
                self.assertRegex(text, rf"GUARDED_BY\(&{lock}\)", f"{file.name}: {lock}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.parse_args(namespace=options)
    del sys.argv[1:]
    run_tests()
