/* What a workload did to the kernel's locks, where the kernel keeps statistics (abi/lockstat.h): a line for each
 * class that was used.
 */
#ifndef TESTS_BENCH_LOCKS_H
#define TESTS_BENCH_LOCKS_H

void locks_begin(void);               /* what is counted from here on */
void locks_report(const char *bench); /* up to here is the workload's */

/* The longest ways through the kernel since the start of the machine, interrupts off, a line for each system
 * call and for interrupts and exceptions, where the kernel measures them. */
void locks_report_sections(void);

#endif
