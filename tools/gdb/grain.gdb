# Loaded by `tools/grain gdb`, which then attaches to the emulator, stopped before the first instruction.
set pagination off
set confirm off
set print pretty on
set architecture i386

# A software breakpoint set now would be overwritten when the loader copies the kernel to memory.
define kbreak
  hbreak $arg0
end
document kbreak
kbreak LOCATION: hardware breakpoint, the kind that holds before the kernel is loaded.
end

# Symbols of a user program, in addition to the kernel's.
define user
  add-symbol-file $arg0
end
document user
user FILE.elf: add a program's symbols; programs are linked at their user addresses.
end
