"""The parts of tools/grain, one noun to a file.

cli        the commands and their order
build      what Meson built, and programs from outside the tree
machine    what is to be booted, and the options that describe it
qemu       every QEMU flag
bochs      the Bochs configuration
iso        the GRUB image
launch     from a machine to a running guest
guest      a running emulator and the lines of its console
ending     how a boot ended, told from those lines
tap        test results
cases      what is measured, and in which program
point      a point of the benchmark matrix and its boots
pin        a guest's CPUs on the host's
results    files of results
table      results for a terminal
report     results as tables and plots for a page
plots      plots as SVG
usl        the scalability law
field      figures of other systems
optimised  the builds that are measured
rsp        a debugger's connection to an emulator
trace      an emulator's log of executed instructions
code       what the instruction at an address is
cmd_*      one command each: add_parser() and a function of the parsed arguments
"""
