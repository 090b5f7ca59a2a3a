/* init's words on the kernel's command line:
 *   init.test       results are told as TAP lines
 *   init.run=NAME,ARGUMENT,...   a program to run in place of the shell; several are run one by one
 *   init.bare       those are started by init itself, without proc and pager
 */
#ifndef INIT_WORDS_H
#define INIT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define WORD_TEXT_MAX 120u /* with the 0 at the end */

bool words_have(const char *word);

/* The index-th text after init.run=, from 0. False: there is none. */
bool words_run(uint32_t index, char text[WORD_TEXT_MAX]);

#endif
