/* Output: to the serial line and the screen, line by line.
 *
 * It keeps the line that is not finished yet, and whose it is: when somebody else writes, a new line is
 * begun; when a reader's line is edited, what stands before it is the prompt. One that others have broken off
 * before its reader came is written again.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "abi/env.h"
#include "servers/console/editor.h"

void output_init(void);

/* A client's text. */
void output_write(envid_t client, const char *text, uint32_t len);

/* The same while a line is edited and hidden: the unfinished line, which is its prompt, stays as it is. What
 * the client left unfinished is ended. */
void output_write_between(const char *text, uint32_t len);

/* What the editor writes: as it is. */
void output_echo(const char *text, size_t len);

/* The reader's unfinished line becomes the editor's prompt; one that is too long is ended. */
void output_prompt(struct editor *editor, envid_t reader);

/* The unfinished line has ended, on the terminal too. */
void output_line_done(void);

#endif
