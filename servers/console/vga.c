/* The VGA, see vga.h. Registers: IBM VGA, CRT controller. */
#include "servers/console/vga.h"

#include "abi/layout.h"
#include "grain/syscall.h"
#include "grain/windows.h"
#include "servers/console/screen.h"

#define CRTC_INDEX  0x3d4u
#define CRTC_DATA   0x3d5u
#define CURSOR_HIGH 14u
#define CURSOR_LOW  15u

static struct screen screen;
static bool present;

static void set_cursor(uint32_t cell)
{
    (void)port_out(CRTC_INDEX, 1, CURSOR_HIGH);
    (void)port_out(CRTC_DATA, 1, cell >> 8);
    (void)port_out(CRTC_INDEX, 1, CURSOR_LOW);
    (void)port_out(CRTC_DATA, 1, cell & 0xff);
}

void vga_init(void)
{
    present = (page_perm(BOOT_VGA_VA) & PERM_W) != 0;
    if (present)
        screen_init(&screen, (volatile uint16_t *)BOOT_VGA_VA, set_cursor);
}

void vga_write(const char *text, size_t len)
{
    if (present)
        screen_write(&screen, text, len);
}
