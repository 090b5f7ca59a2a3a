"""The tables in docs/ say what the code says: system calls, lock classes, links between pages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from tap_runner import run_tests  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


class Syscalls(unittest.TestCase):
    def test_page_lists_what_the_header_lists(self) -> None:
        header = re.findall(r'X\(\s*(\d+), (\w+),\s*(\d+), "([^"]*)"\)', read("abi/syscalls.h"))
        page = re.findall(r"^\| (\d+) \| (\w+) \| (\d+) \| (.*?) \| .* \|$", read("docs/syscalls.md"), re.M)
        listed = [(n, name, args, text.replace("&#124;", "|")) for n, name, args, text in page]
        self.assertGreater(len(header), 20)
        self.assertEqual(header, listed)

    def test_numbers_have_no_gaps(self) -> None:
        numbers = re.findall(r'X\(\s*(\d+), \w+,', read("abi/syscalls.h"))
        self.assertEqual([int(n) for n in numbers], list(range(len(numbers))))


class Locks(unittest.TestCase):
    def test_page_lists_what_the_header_lists(self) -> None:
        header = re.findall(r'X\(\w+,\s*(\w+),\s*(\d+), "([^"]*)"\)', read("kernel/lock/classes.h"))
        page = re.findall(r"^\| (\w+) \| (\d+) \| (.*?) \| .* \|$", read("docs/locking.md").split("\n## ")[1], re.M)
        self.assertGreater(len(header), 4)
        self.assertEqual(header, page)

    def test_ranks_rise(self) -> None:
        ranks = [int(r) for r in re.findall(r'X\(\w+,\s*\w+,\s*(\d+), "', read("kernel/lock/classes.h"))]
        self.assertEqual(ranks, sorted(set(ranks)))


class Models(unittest.TestCase):
    """docs/models.md says which functions the transitions of the models stand for."""

    def setUp(self) -> None:
        folders = ("kernel", "servers/pager")
        files = [path for folder in folders for kind in ("*.c", "*.h") for path in (ROOT / folder).rglob(kind)]
        self.sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
        self.models = {}
        for path in (ROOT / "tests/models").glob("*.pml"):
            text = path.read_text(encoding="utf-8")
            parts = [read(f"tests/models/{name}") for name in re.findall(r'#include "(.*)"', text)]
            self.models[path.name] = "\n".join([text, *parts])

    def test_functions_are_defined_and_transitions_modelled(self) -> None:
        defined = set(re.findall(r"^\w[\w \t*]*?\**(\w+)\([^;{]*\)[^;{]*\{", self.sources, re.M))
        page = read("docs/models.md")
        tables = re.findall(r"^\| `(\w+\.pml)` \| C \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.M)
        self.assertEqual({name for name, _ in tables}, set(self.models))
        for name, body in tables:
            for row in body.splitlines():
                here, there = row.strip("| ").split(" | ")[:2]
                for transition in re.findall(r"`(\w+)`", here):
                    self.assertRegex(self.models[name], rf"(?m)^(\w+ )*{transition}(:|\()|#define {transition}\b")
                for function in re.findall(r"`(\w+)`", there):
                    self.assertTrue(function in defined, f"{name}: {function} in: {row}")

    def test_comments_of_models_name_what_there_is(self) -> None:
        for name, text in self.models.items():
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            for comment in re.findall(r"/\*.*?\*/", text, re.S):
                plain = re.sub(r"@\w+ \S+.*", "", comment)
                for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", plain):
                    known = re.search(rf"\b{word}\b", self.sources + code) or f" {word} " in text
                    self.assertTrue(known, f"{name}: {word}")


class Fields(unittest.TestCase):
    """docs/locking.md has a rule for each field of each shared struct."""

    STRUCTS = {
        "env": "kernel/env.h",
        "cpu": "kernel/cpu.h",
        "aspace": "kernel/mm/aspace.h",
        "frame": "kernel/mm/frame.h",
        "irq": "kernel/irq.c",
        "lock": "kernel/lock/lock.h",
    }

    def fields_of(self, struct: str) -> list[str]:
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", read(self.STRUCTS[struct]), flags=re.M | re.S)
        match = re.search(rf'struct (?:CAPABILITY\("\w+"\) )?{struct} \{{\n(.*?)^\}}', text, re.M | re.S)
        assert match is not None, f"no struct {struct} in {self.STRUCTS[struct]}"
        fields = []
        for declaration in match[1].split(";"):
            plain = re.sub(r"(GUARDED_BY|ALIGNED|_Atomic)\([^)]*\)|\[[^\]]*\]", "", declaration).strip()
            if plain:
                fields.append(re.findall(r"\w+", plain)[-1])
        return fields

    def test_each_field_has_a_rule(self) -> None:
        page = read("docs/locking.md")
        for struct in self.STRUCTS:
            with self.subTest(struct=struct):
                section = page.split(f"\n### struct {struct}\n", 1)[1].split("\n#", 1)[0]
                rows = re.findall(r"^\| (`.*?) \| .+ \|$", section, re.M)
                ruled = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
                self.assertEqual(sorted(ruled), sorted(self.fields_of(struct)))


class Jos(unittest.TestCase):
    """docs/from-jos.md: each row names tests, and they exist."""

    def rows(self) -> dict[int, list[str]]:
        section = read("docs/from-jos.md").split("## Row by row")[1]
        rows = re.findall(r"^\| (\d+) \| .*? \| (.*?) \|$", section, re.M)
        return {int(number): tests.split(", ") for number, tests in rows}

    def test_all_rows_are_there(self) -> None:
        self.assertEqual(list(self.rows()), list(range(1, 26)))

    def test_rows_name_tests_that_exist(self) -> None:
        builds = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("t*/**/meson.build")))
        for number, tests in self.rows().items():
            for test in tests:
                folder, name = test.split("/")
                # By its name; or by the name alone, where a list makes a test of each.
                known = f"'{test}'" in builds or (
                    f"'{folder}/' + name" in builds and re.search(rf"'{re.escape(name)}'", builds) is not None
                )
                self.assertTrue(known, f"row {number}: there is no test {test}")
                if folder == "jos" and name != "outside":
                    self.assertTrue((ROOT / "tests" / "jos" / f"{name}.c").exists(), test)

    def test_programs_are_in_the_table(self) -> None:
        named = {test.split("/")[1] for tests in self.rows().values() for test in tests if test.startswith("jos/")}
        programs = {path.stem for path in (ROOT / "tests" / "jos").glob("*.c")}
        self.assertEqual(programs - named, {"cost", "library"})


class Security(unittest.TestCase):
    """docs/security.md: each promise names tests, and they exist."""

    def rows(self) -> list[tuple[int, list[str]]]:
        rows = re.findall(r"^\| (\d+) \| .*? \| (.*?) \|$", read("docs/security.md"), re.M)
        return [(int(number), tests.split(", ")) for number, tests in rows]

    def test_promises_are_numbered(self) -> None:
        self.assertEqual([number for number, _ in self.rows()], list(range(1, len(self.rows()) + 1)))
        self.assertGreater(len(self.rows()), 15)

    def test_promises_name_tests_that_exist(self) -> None:
        builds = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("t*/**/meson.build")))
        for number, tests in self.rows():
            for test in tests:
                folder, _, name = test.partition("/")
                # By its name; or by a prefix and the rest, where a list makes a test of each.
                parts = [(name[:i], name[i:]) for i in range(len(name))]
                known = f"'{test}'" in builds or any(
                    f"'{folder}/{first}' +" in builds and f"'{rest}'" in builds for first, rest in parts
                )
                self.assertTrue(known or test == "session" and "'session smp=" in builds, f"{number}: no test {test}")

    def test_tests_of_isolation_are_in_the_table(self) -> None:
        named = {test for _, tests in self.rows() for test in tests}
        programs = {f"isolation/isolation_{path.stem}" for path in (ROOT / "tests/isolation").glob("*.c")}
        self.assertEqual(programs - named, set())


class Names(unittest.TestCase):
    """What pages call by name is there: functions, fields, tests, programs."""

    PAGES = ("apps", "caveats", "ipc", "memory-map", "races", "security", "servers", "syscalls", "testing")
    FOLDERS = ("abi", "apps", "boot", "kernel", "libuser", "servers", "tests", "tools")

    def test_names_of_several_words_are_known(self) -> None:
        known: set[str] = set()
        for folder in self.FOLDERS:
            for path in (ROOT / folder).rglob("*"):
                if path.suffix in (".c", ".h", ".S", ".build", ".pml", ".py"):
                    known.update(re.findall(r"\w+", path.name + path.read_text(encoding="utf-8")))
        for page in self.PAGES:
            for name in re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\(\))?`", read(f"docs/{page}.md")):
                self.assertTrue(name in known, f"{page}.md: {name}")


class FirstHour(unittest.TestCase):
    """The program of docs/first-hour.md."""

    def test_it_compiles_without_a_warning(self) -> None:
        clang = shutil.which("clang")
        if clang is None:
            self.skipTest("no clang")
        blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", read("docs/first-hour.md"), re.M)
        (program,) = (textwrap.dedent(block) for block in blocks if "int main(" in block)
        command = [clang, "--target=i386-pc-none-elf", "-std=gnu11", "-O2", "-ffreestanding", "-nostdlibinc", "-fsyntax-only"]
        command += ["-Wall", "-Wextra", "-Werror", "-DGRAIN_USER=1", "-DGRAIN_FASTPATH=1", "-DGRAIN_MAX_CPUS=32", "-DGRAIN_ASSERTS=1"]
        command += [f"-I{ROOT}", f"-I{ROOT}/libuser/include", "-x", "c", "-"]
        result = subprocess.run(command, input=program, check=False, stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class Packages(unittest.TestCase):
    """docs/testing.md names what ./check installs."""

    def test_each_extra_is_in_the_table(self) -> None:
        extras = re.search(r"^ensure_extras (.*?[^\\])$", read("check"), re.M | re.S)
        assert extras is not None
        installed = {word.strip("'").rsplit(":", 1)[1] for word in extras[1].replace("\\\n", " ").split()}
        section = read("docs/testing.md").split("\n## Packages\n")[1]
        rows = re.findall(r"^\| (`.*?) \|", section, re.M)
        self.assertEqual({name for row in rows for name in re.findall(r"`(.*?)`", row)}, installed)


class Links(unittest.TestCase):
    def test_links_between_pages_lead_somewhere(self) -> None:
        pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for page in pages:
            for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")

    def test_readme_names_each_page(self) -> None:
        named = set(re.findall(r"\(docs/(\S+\.md)\)", read("README.md")))
        self.assertEqual({path.name for path in (ROOT / "docs").glob("*.md")}, named)

    def test_each_plot_is_shown(self) -> None:
        shown = set(re.findall(r"\(plots/(\S+\.svg)\)", "".join(map(read, ("docs/benchmarks.md", "docs/locking.md")))))
        self.assertGreater(len(shown), 10)
        self.assertEqual({path.name for path in (ROOT / "docs/plots").glob("*.svg")}, shown)

    def test_readme_fits_a_screen(self) -> None:
        self.assertLess(len(read("README.md").splitlines()), 50)


if __name__ == "__main__":
    run_tests()
