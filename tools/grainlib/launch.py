"""From a machine to a running guest."""

from __future__ import annotations

from grainlib import bochs, iso, qemu
from grainlib.guest import Guest, Terminal
from grainlib.machine import Machine


def command(machine: Machine, serial: str = "stdio") -> list[str]:
    """The emulator command of a machine."""
    return bochs.command(machine) if machine.engine == "bochs" else qemu.command(machine, serial)


def prepare(machine: Machine) -> None:
    """Make the ISO if the machine boots from one."""
    if machine.boot == "iso":
        iso.make(machine, iso.path(machine))


def launch(machine: Machine) -> Guest:
    """Start a prepared machine with its console in our hands."""
    if machine.engine != "bochs":
        return Guest.on_pipe(command(machine), machine.log())
    console = Terminal()
    bochs.configure(machine, console.path)
    return Guest.on_terminals(command(machine), machine.log(), console)
