/* The VGA as the machine has it: its text memory at BOOT_VGA_VA, put there by init, and the cursor. */
#ifndef CONSOLE_VGA_H
#define CONSOLE_VGA_H

#include <stddef.h>

void vga_init(void);
void vga_write(const char *text, size_t len);

#endif
