"""The report page in a browser (Chromium without a window, by the WebDriver protocol), narrow and wide: no error, nothing
wider than the screen, every plot drawn.

https://www.w3.org/TR/webdriver2/
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import cmd_report, plots, report  # noqa: E402
from grainlib.report import Plot  # noqa: E402
from sample_results import all_kinds  # noqa: E402
from tap_runner import run_tests  # noqa: E402

plots.need_matplotlib(sys.argv)

START_SECONDS = 60
HEIGHT = 900

# What sticks out of the page, but not out of a box that scrolls by itself.
TOO_WIDE = """
return [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.table') && e.getBoundingClientRect().right > window.innerWidth + 1)
    .map(e => e.tagName + ' ' + e.id);
"""
PAGE_WIDTH = "return document.documentElement.scrollWidth;"
DRAWN = """
return [...document.querySelectorAll('figure')].map(f => {
    const box = f.querySelector('svg').getBoundingClientRect();
    return [f.id, box.width, box.height, f.querySelectorAll('svg path').length];
});
"""


class Browser:
    """A session of Chromium."""

    def __init__(self, width: int, profile: str) -> None:
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            self.address = f"http://127.0.0.1:{self._port()}"
            self.session = self._start(width, profile)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it and its driver."""
        try:
            if hasattr(self, "session"):
                self.ask("DELETE", "")
        finally:
            self.driver.kill()
            self.driver.wait()
            assert self.driver.stdout is not None
            self.driver.stdout.close()

    def _port(self) -> int:
        assert self.driver.stdout is not None
        end = time.monotonic() + START_SECONDS
        for line in self.driver.stdout:
            words = line.rstrip(".\n").split()
            if "started successfully on port" in line:
                return int(words[-1])
            if time.monotonic() > end:
                break
        raise AssertionError("chromedriver does not start")

    def _start(self, width: int, profile: str) -> str:
        metrics = {"width": width, "height": HEIGHT, "pixelRatio": 1, "mobile": width < 600}
        options = {
            "args": ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"],
            "mobileEmulation": {"deviceMetrics": metrics},
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = ""
        return str(self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The value of a command's answer."""
        url = f"{self.address}/session" + (f"/{self.session}" if self.session else "") + path
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode(errors='replace')[:500]}") from None

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})


class Page(unittest.TestCase):
    """The page of made-up results of every kind."""

    def look(self, width: int) -> None:
        """All that must hold at one width."""
        sections = report.sections_of(all_kinds())
        names = [part.name for section in sections for part in section.parts if isinstance(part, Plot)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report.html"
            file.write_text(cmd_report.page(sections))
            browser = Browser(width, f"{folder}/profile")
            try:
                browser.ask("POST", "/url", {"url": file.as_uri()})
                self.assertEqual(browser.run("return window.innerWidth;"), width)
                self.assertEqual(browser.run(TOO_WIDE), [])
                self.assertLessEqual(browser.run(PAGE_WIDTH), width)
                drawn = browser.run(DRAWN)
                errors = browser.ask("POST", "/se/log", {"type": "browser"})
            finally:
                browser.close()
        self.assertEqual([name for name, *_ in drawn], names)
        for name, plot_width, plot_height, paths in drawn:
            self.assertTrue(plot_width > width / 4 and plot_height > 100 and paths > 10, name)
        self.assertEqual(errors, [])

    def test_narrow(self) -> None:
        self.look(375)

    def test_wide(self) -> None:
        self.look(1280)


if __name__ == "__main__":
    run_tests()
