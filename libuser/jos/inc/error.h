/* The JOS user API: error numbers. A call that fails returns one negated. */
#ifndef JOS_INC_ERROR_H
#define JOS_INC_ERROR_H

enum {
    E_UNSPECIFIED = 1,
    E_BAD_ENV = 2,
    E_INVAL = 3,
    E_NO_MEM = 4,
    E_NO_FREE_ENV = 5,
    E_FAULT = 6,
    E_IPC_NOT_RECV = 7,
    E_EOF = 8,

    MAXERROR
};

#endif
