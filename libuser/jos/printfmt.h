/* What the two users of the formatter share. */
#ifndef LIBUSER_JOS_PRINTFMT_H
#define LIBUSER_JOS_PRINTFMT_H

/* What %e prints. Of a number that JOS does not have: a static buffer. */
const char *jos_error_text(int error);

#endif
