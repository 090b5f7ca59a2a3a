"""Tests of tools/ksyms.py on hand-made ELF images."""

from __future__ import annotations

import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

import ksyms  # noqa: E402
from tap_runner import run_tests  # noqa: E402

FUNC, NOTYPE, OBJECT = 2, 0, 1
TEXT, DATA = 1, 2  # section indices
TEXT_ADDR, TEXT_SIZE = 0xC0101000, 0x1000


def make_elf(symbols: list[tuple[str, int, int, int]]) -> bytes:
    """An ELF32 image of headers alone with these (name, address, type, section) symbols."""
    strings = b"\0"
    table = bytes(16)
    for name, addr, kind, section in symbols:
        table += struct.pack("<IIIBBH", len(strings), addr, 0, 0x10 | kind, 0, section)
        strings += name.encode() + b"\0"
    sections = [
        (0,) * 10,
        (0, 1, 6, TEXT_ADDR, 0, TEXT_SIZE, 0, 0, 1, 0),
        (0, 1, 3, 0xC0200000, 0, 0x1000, 0, 0, 1, 0),
        (0, 2, 0, 0, 52, len(table), 4, 0, 4, 16),
        (0, 3, 0, 0, 52 + len(table), len(strings), 0, 0, 1, 0),
    ]
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0, 0, 52 + len(table) + len(strings), 0, 52, 0, 0, 40, 5, 4)
    return header + table + strings + b"".join(struct.pack("<10I", *section) for section in sections)


class Ksyms(unittest.TestCase):
    """What is in the table, and when the check fails."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def image(self, name: str, symbols: list[tuple[str, int, int, int]]) -> str:
        """Write an image and return its path."""
        path = Path(self.folder.name) / name
        path.write_bytes(make_elf(symbols))
        return str(path)

    def test_functions_and_code_labels_sorted(self) -> None:
        path = self.image(
            "a",
            [
                ("second", TEXT_ADDR + 0x20, FUNC, TEXT),
                ("entry", TEXT_ADDR + 0x10, NOTYPE, TEXT),
                ("variable", 0xC0200000, OBJECT, DATA),
                ("data_label", 0xC0200000, NOTYPE, DATA),
                (".Llocal", TEXT_ADDR + 0x14, NOTYPE, TEXT),
            ],
        )
        self.assertEqual(ksyms.read_functions(path), [(TEXT_ADDR + 0x10, "entry"), (TEXT_ADDR + 0x20, "second")])

    def test_one_name_an_address_and_functions_win(self) -> None:
        path = self.image(
            "a",
            [
                ("kernel_text_start", TEXT_ADDR, NOTYPE, TEXT),
                ("start", TEXT_ADDR, FUNC, TEXT),
                ("kernel_text_end", TEXT_ADDR + TEXT_SIZE, NOTYPE, TEXT),
            ],
        )
        self.assertEqual(ksyms.read_functions(path), [(TEXT_ADDR, "start")])

    def test_offsets_point_at_names(self) -> None:
        text = ksyms.render([(16, "ab"), (32, "cde")])
        self.assertIn("ksyms_count: .long 2", text)
        self.assertIn("ksyms_name_off:\n    .long 0\n    .long 3\n", text)

    def test_check_accepts_equal_images(self) -> None:
        symbols = [("f", TEXT_ADDR, FUNC, TEXT)]
        ksyms.check(self.image("a", symbols), self.image("b", symbols))

    def test_check_refuses_a_moved_function(self) -> None:
        first = self.image("a", [("f", TEXT_ADDR, FUNC, TEXT)])
        second = self.image("b", [("f", TEXT_ADDR + 4, FUNC, TEXT)])
        with self.assertRaisesRegex(SystemExit, "moved"):
            ksyms.check(first, second)

    def test_check_refuses_an_image_without_functions(self) -> None:
        path = self.image("a", [])
        with self.assertRaisesRegex(SystemExit, "no function"):
            ksyms.check(path, path)

    def test_not_an_elf_file(self) -> None:
        path = Path(self.folder.name) / "text"
        path.write_text("hello")
        with self.assertRaisesRegex(SystemExit, "not a 32-bit"):
            ksyms.read_functions(str(path))


if __name__ == "__main__":
    run_tests()
