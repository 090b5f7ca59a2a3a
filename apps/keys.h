/* Keys for a program that shows something again and again: one at a time, without Enter. In the background it gets none
 * and goes on all the same; the shell may bring it forward. */
#ifndef GRAIN_APPS_KEYS_H
#define GRAIN_APPS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns 0, or a negated error: there is no console. */
int keys_begin(void);

/* Lets so many milliseconds pass, less if a key is pressed. False: it is q or Ctrl-C, or the end of input. */
bool keys_pause(uint32_t ms);

void keys_end(void);

#endif
