/* Error names and texts. There is no errno variable: a call that fails returns a negated number of
 * abi/errors.h. */
#ifndef GRAIN_LIB_ERRNO_H
#define GRAIN_LIB_ERRNO_H

#include "abi/errors.h"

/* The text of an error number, negated or not; "success" for 0, "unknown error" else. */
const char *grain_strerror(int error);

/* Its name, "E_INVAL"; "0" for 0, "E_?" else. */
const char *grain_errname(int error);

#endif
