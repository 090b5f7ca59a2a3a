"""What the instruction at an address is: text, function and source line, from llvm-objdump.

A kernel image also holds the page that user code calls (abi/layout.h, VSYS_ENTER); user programs share addresses, so
of several the one is taken that the executed addresses fit best.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import ksyms
from grainlib.build import SOURCE_DIR
from grainlib.failure import Failure

OBJDUMP = "llvm-objdump"
NM = "llvm-nm"
VSYS_ENTER = 0xFF000000
SIGNATURE_BYTES = 16

FUNCTION = re.compile(r"([0-9a-f]+) <(.+)>:")
PLACE = re.compile(r"; (/\S+):(\d+)$")
CODE = re.compile(r"\s*([0-9a-f]+):\s+(\S.*)")

PREFIXES = ("lock", "rep", "repne")  # which llvm-objdump may print as instructions of their own

# Kinds of dear instructions, in the order of the tables, and how each is told (AT&T syntax).
KINDS = {
    "atomic": re.compile(r"lock\b|xchg\w* (?!%\w+, %\w+$)|mfence"),
    "CR3": re.compile(r"mov\w* %\w+, %cr3"),
    "segment": re.compile(r"mov\w* \S+, %[defgs]s$|pop\w* %[defgs]s$|l[defgs]s\w* |ljmp|lret|ltr|lldt"),
    "device": re.compile(r"(in|out)[bwl] |(in|out)s[bwl]\b"),
    "serial": re.compile(r"mov\w* %\w+, %([cd]r[0-24-7])|wrmsr|invlpg|wbinvd|invd|lgdt|lidt|ltr|lldt|cpuid|iret"),
    "ring": re.compile(r"sysenter|sysexit|int\s+\$|int3"),
    "divide": re.compile(r"i?div[bwl]? "),
}


@dataclass(frozen=True)
class Instruction:
    """One instruction of an image."""

    text: str
    function: str
    file: str
    line: int
    image: str

    @property
    def place(self) -> str:
        """Where it comes from, for a reader."""
        return f"{self.file}:{self.line}" if self.file else ""

    def kinds(self) -> list[str]:
        """The dear kinds it is of; device accesses in memory cannot be told from the text."""
        return [kind for kind, pattern in KINDS.items() if pattern.match(self.text)]


UNKNOWN = Instruction("?", "?", "", 0, "?")


class Image:
    """The code of one ELF file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self.code: dict[int, Instruction] = {}
        self._read([OBJDUMP, "-d", "-l", "--no-show-raw-insn", "--no-leading-headers", str(path)])
        symbols = self.symbols()
        if "vsys_start" in symbols:
            self._read_vsys(symbols["vsys_start"], symbols["vsys_end"])

    def symbols(self) -> dict[str, int]:
        """Address of each symbol."""
        lines = (line.split() for line in output([NM, str(self.path)]).splitlines())
        return {words[2]: int(words[0], 16) for words in lines if len(words) == 3}

    def words(self, name: str) -> list[int]:
        """The 32-bit words of a section, which need not be one that is loaded."""
        data = self.path.read_bytes()
        sections = ksyms.read_sections(data, str(self.path))
        names = sections[int.from_bytes(data[50:52], "little")].offset
        for section in sections:
            if ksyms.string_at(data, names + section.name) == name:
                return [word for (word,) in struct.iter_unpack("<I", data[section.offset : section.offset + section.size])]
        return []

    def bytes_at(self, address: int) -> bytes:
        """A few bytes of the code at an address, to tell this program from others."""
        data = self.path.read_bytes()
        for section in ksyms.read_sections(data, str(self.path)):
            if section.flags & ksyms.SHF_EXECINSTR and section.addr <= address < section.addr + section.size:
                start = section.offset + address - section.addr
                return data[start : start + SIGNATURE_BYTES]
        return b""

    def _read(self, command: list[str], shift: int = 0) -> None:
        function, file, line = "?", "", 0
        prefix: tuple[int, str] | None = None
        for text in output(command).splitlines():
            if match := CODE.match(text):
                address, words = int(match[1], 16) + shift, " ".join(re.sub(r"\s*# .*", "", match[2]).split())
                if prefix:
                    address, words = prefix[0], f"{prefix[1]} {words}"
                prefix = (address, words) if words in PREFIXES else None
                self.code[address] = Instruction(words, function, file, line, self.name)
            elif match := PLACE.match(text):
                file, line = shorten(match[1]), int(match[2])
            elif match := FUNCTION.match(text):
                function, file, line = match[2], "", 0

    def _read_vsys(self, start: int, end: int) -> None:
        command = [OBJDUMP, "-D", "--no-show-raw-insn", f"--start-address={start:#x}", f"--stop-address={end:#x}"]
        self._read([*command, str(self.path)], VSYS_ENTER - start)


def output(command: list[str]) -> str:
    """What a tool prints."""
    if shutil.which(command[0]) is None:
        raise Failure(f"no {command[0]}: install llvm")
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def shorten(path: str) -> str:
    """A path as it is in the tree."""
    full = os.path.normpath(path)
    return full.removeprefix(f"{SOURCE_DIR}/")


def best_image(images: list[Image], addresses: list[int]) -> Image | None:
    """The image that has code at most of the addresses, the earlier of two that have as many."""
    if not images:
        return None
    return max(images, key=lambda image: sum(address in image.code for address in addresses))
