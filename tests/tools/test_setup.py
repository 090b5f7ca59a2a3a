"""Tests of tools/setup.sh: what is installed, and what is asked for once. A fake apt-get stands in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from tap_runner import run_tests  # noqa: E402

SETUP = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"

# What has "gone" in its name is in no list; what has "broken" cannot be installed today.
FAKE = """#!/bin/sh
echo "$(basename "$0") $*" >>{log}
case "$(basename "$0") $*" in
*gone*|apt-get*install*broken*) exit 100 ;;
esac
"""


class Extras(unittest.TestCase):
    """ensure_extras."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log"
        (self.folder / "build").mkdir()
        (self.folder / "bin").mkdir()
        for name in ("apt-get", "apt-cache"):
            self.fake(name, FAKE.format(log=self.log))
        self.fake("sudo", '#!/bin/sh\nexec "$@"\n')
        for name in ("meson", "ninja"):
            self.fake(name, "#!/bin/sh\n")
        (self.folder / "build" / "build.ninja").touch()

    def fake(self, name: str, text: str) -> None:
        """A command that is found before the real one."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run_setup(self, *pairs: str) -> tuple[str, list[str]]:
        """What is printed for these extras, and what apt was asked."""
        self.log.write_text("")
        script = f'set -eu\n. {SETUP}\nensure_extras "$@"\nensure_build\necho "installed ${{installed:-nothing}}"\n'
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        result = subprocess.run(
            ["sh", "-c", script, "check", *pairs], cwd=self.folder, env=environment, check=True, text=True, stdout=subprocess.PIPE
        )
        return result.stdout, self.log.read_text().splitlines()

    def installs(self, asked: list[str]) -> list[str]:
        """The packages that were asked for."""
        return [line.split()[-1] for line in asked if " install " in line]

    def test_what_is_there_is_not_asked_for(self) -> None:
        self.assertEqual(self.run_setup("sh:dash", "/bin/*sh:dash"), ("installed nothing\n", []))

    def test_each_by_itself_and_the_lists_once(self) -> None:
        text, asked = self.run_setup("no-a:first", "no-b:gone-one", "no-c:last")
        self.assertEqual(self.installs(asked), ["first", "gone-one", "last"])
        self.assertEqual(sum(" update " in line for line in asked), 1)
        self.assertIn("Going on without gone-one\n", text)
        self.assertIn("installed yes", text)

    def test_what_is_in_no_list_is_asked_for_once(self) -> None:
        pairs = ("no-a:gone-one", "no-b:broken")
        self.run_setup(*pairs)
        text, asked = self.run_setup(*pairs)
        self.assertEqual(self.installs(asked), ["broken"])
        self.assertIn("Going on without gone-one, which was not to be had", text)
        (self.folder / "build" / "unavailable-packages").unlink()
        self.assertEqual(self.installs(self.run_setup(*pairs)[1]), ["gone-one", "broken"])

    def test_without_the_lists_nothing_is_remembered(self) -> None:
        self.fake("apt-get", "#!/bin/sh\nexit 100\n")
        text, _ = self.run_setup("no-a:gone-one")
        self.assertIn("apt-get update failed", text)
        self.assertFalse((self.folder / "build" / "unavailable-packages").exists())


if __name__ == "__main__":
    run_tests()
