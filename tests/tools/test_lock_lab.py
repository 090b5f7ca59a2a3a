"""docs/lock-lab.md, followed to the letter in a copy of the tree: files written, changes applied, commands run.

What the page shows between fences is one of three: "c NAME" is a file, "diff" a change, "sh" commands, which must succeed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from grainlib.cmd_lint import field_clang  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from tap_runner import run_tests  # noqa: E402

PAGE = (ROOT / "docs" / "lock-lab.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.M | re.S)
LIMIT = 600  # seconds for one block
LOCKS_CHECK = "tools/grain lint-locks\n"  # left out where its compiler is missing


def not_sources(folder: str, names: list[str]) -> list[str]:
    """What is left out of the copy: build folders, and what belongs to git and Python."""
    return [name for name in names if name in (".git", "__pycache__") or (Path(folder) / name / "meson-info").is_dir()]


try:
    field_clang()
    HAVE_FIELD_CLANG = True
except Failure:
    HAVE_FIELD_CLANG = False


@unittest.skipUnless(shutil.which("patch"), "no patch: install patch")
class Page(unittest.TestCase):
    """The page, from its first line to its last."""

    tree: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="grain-lock-lab-")
        cls.addClassCleanup(folder.cleanup)
        cls.tree = Path(folder.name) / "grain"
        shutil.copytree(ROOT, cls.tree, ignore=not_sources)

    def run_in_tree(self, command: list[str], text: str) -> str:
        """Output of a command that must succeed, its input a block."""
        result = subprocess.run(
            command, input=text, cwd=self.tree, check=False, timeout=LIMIT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(result.returncode, 0, f"{text}\n{result.stdout[-4000:]}")
        return result.stdout

    def test_followed_to_the_letter(self) -> None:
        self.assertGreater(len(BLOCKS), 10)
        output = ""
        for kind, name, text in BLOCKS:
            if kind == "c":
                (self.tree / name).write_text(text)
            elif kind == "diff":
                self.run_in_tree(["patch", "-p1", "--forward"], text)
            else:
                self.assertEqual(kind, "sh")
                text = text if HAVE_FIELD_CLANG else text.replace(LOCKS_CHECK, "")
                output += self.run_in_tree(["bash", "-euo", "pipefail", "-c", text], "")
        self.check_output(output)

    def check_output(self, output: str) -> None:
        """What the page promises to show."""
        self.assertEqual((self.tree / "build" / "waiting.svg").read_text().count("<polyline"), 3)
        self.assertIn("ok 1 - ", output)
        self.assertNotIn("not ok", output)
        self.assertIn("kernel_lock_backoff_excludes", output)
        self.assertIn("kernel_shootdown_in_line_backoff", output)
        self.assertEqual(len(re.findall(r"IPC round trip, registers +min +\d+", output)), 3)
        self.assertRegex(output, r"mixed\.txt:.*locks: object, ticket, env mcs, pool b")
        self.assertRegex(output, r"page_alloc: [1-9]\d* of class aspace in 100 calls")
        self.assertRegex(output, r"taken as lock number 1: [1-9]")


if __name__ == "__main__":
    run_tests()
