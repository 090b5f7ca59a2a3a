/* Results: one JSON object a line, on COM2 where the program has its ports (a bare program has them from
 * init), else on the console behind "bench: ".
 *
 * A line is built in memory and sent as one piece. Strings are the program's own and hold nothing that
 * JSON would have to escape.
 */
#ifndef TESTS_BENCH_EMIT_H
#define TESTS_BENCH_EMIT_H

#include <stdint.h>

#include "grain/compiler.h"

void emit_begin(void); /* {"...": ..., */
void emit_text(const char *key, const char *value);
void emit_number(const char *key, uint64_t value);
void emit_list(const char *key, const uint64_t *values, uint32_t count);
void emit_end(void); /* ...} and out with it */

#endif
