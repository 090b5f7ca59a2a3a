"""`grain run --jos`: programs from outside the tree, written as for the lab, are compiled, booted and watched to their end.

    test_jos.py --build DIR
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from tap_runner import run_tests  # noqa: E402

GRAIN = Path(__file__).resolve().parents[2] / "tools" / "grain"
WAIT = 60  # seconds for anything to appear: the machine that runs the tests may be busy

# In the style of those who do the lab.
HELLO = r"""
// hello, world
#include <inc/lib.h>

void
umain(int argc, char **argv)
{
	cprintf("hello from %08x on CPU %d\n", thisenv->env_id, thisenv->env_cpunum);
}
"""

# Nobody needs the quotient.
DIVZERO = r"""
#include <inc/lib.h>

int zero;

void
umain(int argc, char **argv)
{
	zero = 0;
	cprintf("1/0 is %08x!\n", 1/zero);
}
"""

# Each name that a program may use, at least once.
EVERYTHING = r"""
#include <inc/types.h>
#include <inc/string.h>
#include <inc/stdio.h>
#include <inc/stdarg.h>
#include <inc/error.h>
#include <inc/assert.h>
#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/syscall.h>
#include <inc/trap.h>
#include <inc/x86.h>
#include <inc/lib.h>

#define PTE_COW		0x800
extern void _pgfault_upcall(void);
extern const volatile struct Env *thisenv;
extern volatile pte_t uvpt[];
extern volatile pde_t uvpd[];

static void *functions[] = {
	exit, set_pgfault_handler, readline, sys_cputs, sys_cgetc, sys_getenvid, sys_env_destroy, sys_yield,
	sys_env_set_status, sys_env_set_pgfault_upcall, sys_page_alloc, sys_page_map, sys_page_unmap, sys_ipc_try_send,
	sys_ipc_recv, ipc_send, ipc_recv, ipc_find_env, fork, sfork, cputchar, getchar, iscons, printfmt, vprintfmt,
	snprintf, vsnprintf, cprintf, vcprintf, strlen, strnlen, strcpy, strncpy, strcat, strlcpy, strcmp, strncmp,
	strchr, strfind, memset, memcpy, memmove, memcmp, memfind, strtol, _pgfault_upcall, _panic, _warn,
};

static uint32_t numbers[] = {
	E_UNSPECIFIED, E_BAD_ENV, E_INVAL, E_NO_MEM, E_NO_FREE_ENV, E_FAULT, E_IPC_NOT_RECV, E_EOF, MAXERROR,
	ENV_FREE, ENV_DYING, ENV_RUNNABLE, ENV_RUNNING, ENV_NOT_RUNNABLE, ENV_TYPE_USER, NENV, LOG2NENV,
	UTOP, UXSTACKTOP, USTACKTOP, UTEXT, (uint32_t) UTEMP, (uint32_t) PFTEMP, USTABDATA, ULIM, UVPT, UENVS, KERNBASE,
	PGSIZE, PGSHIFT, PTSIZE, PTSHIFT, PTXSHIFT, PDXSHIFT, NPDENTRIES, NPTENTRIES,
	PTE_P, PTE_W, PTE_U, PTE_PWT, PTE_PCD, PTE_A, PTE_D, PTE_PS, PTE_G, PTE_AVAIL, PTE_SYSCALL, PTE_COW,
	FEC_PR, FEC_WR, FEC_U, FL_IF, FL_CF, FL_ZF, FL_IOPL_3, CR0_PE, CR0_PG, CR4_PSE,
	T_DIVIDE, T_PGFLT, T_SYSCALL, IRQ_OFFSET, IRQ_TIMER, SYS_cputs, SYS_ipc_recv, NSYSCALLS,
};

void
umain(int argc, char **argv)
{
	int i, r, n = 0;
	const volatile struct Env *e;
	struct UTrapframe utf;
	struct Trapframe tf;
	char *p = (char*) ROUNDUP(0x10000123, PGSIZE);

	static_assert(sizeof(utf) == 52 && sizeof(tf) == 68);
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		n += functions[i] != 0;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		n += numbers[i] == 0xffffffff;
	assert(n == sizeof(functions) / sizeof(functions[0]));
	thisenv = &envs[ENVX(sys_getenvid())];
	e = thisenv;
	assert(e->env_id == thisenv->env_id && e->env_parent_id == 0 && e->env_status == ENV_RUNNING && e->env_runs > 0 &&
	       e->env_cpunum >= 0 && e->env_type == ENV_TYPE_USER && e->env_pgfault_upcall == 0 && !e->env_ipc_recving &&
	       e->env_ipc_value == 0 && e->env_ipc_from == 0 && e->env_ipc_perm == 0);
	if ((r = sys_page_alloc(0, p, PTE_P|PTE_U|PTE_W)) < 0)
		panic("sys_page_alloc: %e", r);
	if ((uvpd[PDX(p)] & PTE_P) && (uvpt[PGNUM(p)] & (PTE_P|PTE_W)) == (PTE_P|PTE_W))
		cprintf("mapped at %08x, frame %s\n", p, PTE_ADDR(uvpt[PGNUM(p)]) != 0 ? "there" : "missing");
	uint32_t word = 1;
	USED(xchg(&word, 2)); USED(read_tsc()); USED(read_ebp()); USED(read_esp());
	write_eflags(read_eflags());
	cpuid(0, NULL, NULL, NULL, NULL);
	cprintf("everything is there: %d, %s\n", MIN(MAX(1, 3), 2), binaryname);
}
"""

ECHO = r"""
#include <inc/lib.h>

void
umain(int argc, char **argv)
{
	char *line;

	while (strcmp(line = readline("> "), "end"))
		cprintf("you said '%s'\n", line);
	if (fork() == 0)
		sys_env_destroy(sys_getenvid());
	sys_ipc_recv((void*) UTOP);
}
"""

options = argparse.Namespace()


class Jos(unittest.TestCase):
    """Programs in a folder somewhere."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.console = ""  # all that was said
        self.output = ""  # what nobody has waited for yet

    def source(self, name: str, text: str) -> str:
        """A source file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A run, its console on pipes."""
        command = [str(GRAIN), "run", "--build", options.build, "--jos", *words]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        return process

    def expect(self, process: subprocess.Popen[bytes], text: str) -> None:
        """Wait until the console has said that, and forget what came before."""
        assert process.stdout is not None
        end = time.monotonic() + WAIT
        while text not in self.output:
            ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
            chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                self.fail(f"no {text!r} in {self.output!r}")
            said = chunk.decode(errors="replace").replace("\r", "")
            self.console += said
            self.output += said
        self.output = self.output.split(text, 1)[1]

    def type(self, process: subprocess.Popen[bytes], keys: str) -> None:
        """Send keys."""
        assert process.stdin is not None
        process.stdin.write(keys.encode())
        process.stdin.flush()

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """It ends by itself, in success."""
        self.expect(process, "No runnable environments in the system!")
        self.assertEqual(process.wait(WAIT), 0)

    def test_runs_a_file_from_anywhere(self) -> None:
        for cpus in ("1", "4"):
            process = self.start(self.source("hello.c", HELLO), "--smp", cpus)
            self.expect(process, "[00000000] new env 00001000\n")
            self.expect(process, "hello from 00001000 on CPU ")
            self.expect(process, "[00001000] exiting gracefully\n[00001000] free env 00001000\n")
            self.finish(process)

    def test_several_are_envs_of_equal_rank(self) -> None:
        process = self.start(self.source("one/it.c", HELLO), self.source("two/it.c", DIVZERO), "--smp", "1")
        self.finish(process)
        for text in ("hello from 00001000", "TRAP frame at", "Divide error", "[00001001] free env 00001001"):
            self.assertIn(text, self.console)

    def test_has_all_of_the_interface(self) -> None:
        process = self.start(self.source("everything.c", EVERYTHING), "--smp", "1")
        self.expect(process, "mapped at 10001000, frame there\n")
        self.expect(process, "everything is there: 2, <unknown>\n")
        self.finish(process)

    def test_reads_lines_and_ends_when_nobody_can_run(self) -> None:
        process = self.start(self.source("echo.c", ECHO), "--smp", "1")
        self.expect(process, "> ")
        self.type(process, "hello\r")
        self.expect(process, "you said 'hello'\n> ")
        self.type(process, "hi\x7fullo\r")
        self.expect(process, "you said 'hullo'\n> ")
        self.type(process, "end\r")
        self.finish(process)

    def test_says_what_is_no_jos_program(self) -> None:
        process = self.start("hello")  # there is one, but not for this interface
        output, _ = process.communicate(timeout=WAIT)
        self.assertIn(b"no JOS program hello; there is jos_", output)
        self.assertEqual(process.returncode, 1)

    def test_says_what_does_not_compile(self) -> None:
        process = self.start(self.source("wrong.c", "#include <inc/lib.h>\nvoid umain(int c, char **v) { oops }\n"))
        output, _ = process.communicate(timeout=WAIT)
        self.assertIn(b"wrong.c does not compile", output)
        self.assertEqual(process.returncode, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.parse_args(namespace=options)
    options.build = str(Path(options.build).resolve())
    del sys.argv[1:]
    run_tests()
