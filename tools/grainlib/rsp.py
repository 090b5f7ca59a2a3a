"""The debugger's side of GDB's remote serial protocol, as far as `grain profile` needs it.

https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from grainlib.failure import Failure

CONNECT_SECONDS = 10
I386_EIP = 8  # register number; each has 4 bytes


class Remote:
    """A connection to an emulator's debug stub, on a local socket."""

    def __init__(self, path: Path) -> None:
        self.socket = connect(path)
        self.buffer = b""

    def close(self) -> None:
        """Let go of the emulator."""
        self.socket.close()

    def ask(self, request: str, seconds: float | None = 30) -> str:
        """The stub's answer to one packet."""
        self.socket.settimeout(seconds)
        body = request.encode("ascii")
        self.socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))
        return self._packet()

    def order(self, request: str) -> None:
        """A packet whose answer has to be OK."""
        answer = self.ask(request)
        if answer != "OK":
            raise Failure(f"the emulator's debug stub answers {request} with {answer!r}")

    def monitor(self, command: str) -> str:
        """The output of one command of the emulator's monitor."""
        text = ""
        answer = self.ask("qRcmd," + command.encode().hex())
        while answer.startswith("O") and answer != "OK":
            text += bytes.fromhex(answer[1:]).decode("utf-8", "replace")
            answer = self._packet()
        return text

    def set_breakpoint(self, address: int) -> None:
        """Stop before the instruction at a virtual address, whichever address space it is executed in."""
        self.order(f"Z1,{address:x},1")

    def clear_breakpoint(self, address: int) -> None:
        """Undo set_breakpoint."""
        self.order(f"z1,{address:x},1")

    def resume(self, seconds: float, step: bool = False) -> None:
        """Let the guest run until it stops at a breakpoint, or for one instruction."""
        try:
            answer = self.ask("s" if step else "c", seconds)
        except (TimeoutError, socket.timeout):
            raise Failure(f"the guest did not come to a breakpoint in {seconds:g} s") from None
        if not answer.startswith(("T05", "S05")):
            raise Failure(f"the guest ended before the sample ({answer})")

    def eip(self) -> int:
        """The program counter of the CPU that stopped."""
        registers = bytes.fromhex(self.ask("g"))
        return int.from_bytes(registers[I386_EIP * 4 : I386_EIP * 4 + 4], "little")

    def memory(self, address: int, count: int) -> bytes:
        """Bytes as the current address space has them; none where nothing is mapped."""
        answer = self.ask(f"m{address:x},{count:x}")
        return b"" if answer.startswith("E") else bytes.fromhex(answer)

    def _packet(self) -> str:
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.buffer) - 3:
                body = self.buffer[start + 1 : end]
                self.buffer = self.buffer[end + 3 :]
                self.socket.sendall(b"+")
                return body.decode("ascii")
            chunk = self.socket.recv(65536)
            if not chunk:
                raise Failure("the emulator ended before the sample: see its console")
            self.buffer += chunk


def connect(path: Path) -> socket.socket:
    """A connection to the socket that an emulator is about to make."""
    end = time.monotonic() + CONNECT_SECONDS
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
            return client
        except OSError as error:
            client.close()
            if time.monotonic() > end:
                raise Failure(f"no debug stub at {path}: {error.strerror}") from None
            time.sleep(0.02)
