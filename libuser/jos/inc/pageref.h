/* The JOS user API: what later labs have in inc/lib.h, and programs of lab 4 may have one of their own of. */
#ifndef JOS_INC_PAGEREF_H
#define JOS_INC_PAGEREF_H

/* How many times the page at v is mapped, by anyone; 0: it is not. */
int pageref(void *v);

#endif
