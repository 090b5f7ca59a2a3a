/* Keys, see apps/keys.h. */
#include "apps/keys.h"

#include <errno.h>

#include "grain/console.h"
#include "grain/notify.h"

#define KEY_CTRL_C 3

/* In the background it is refused, and the console has another mode for others when the program is brought
 * forward: so it is asked for each time. */
int keys_begin(void)
{
    int mode = console_set_mode(CONSOLE_RAW);

    return mode < 0 && mode != -E_PERM ? mode : 0;
}

bool keys_pause(uint32_t ms)
{
    char key = 0;
    int got = keys_begin();

    if (got == 0)
        got = console_read(&key, 1, ms);
    if (got == -E_BUSY) /* its place is another's, whose turn it is */
        sleep_us(ms * 1000);
    return got == -E_TIMEOUT || got == -E_BUSY || (got > 0 && key != 'q' && key != KEY_CTRL_C);
}

void keys_end(void)
{
    (void)console_set_mode(CONSOLE_COOKED);
}
