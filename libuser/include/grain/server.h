/* The servers of the system that a process runs in (abi/server.h), and calls to them. */
#ifndef GRAIN_SERVER_H
#define GRAIN_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/server.h"
#include "grain/compiler.h"
#include "grain/ipc.h"

/* What this process was told when it began; all 0 in a program that init started bare. Ids of servers
 * that were started again since are put right by server_call. */
extern struct process_start process_servers;

/* Whether there is such a server at all. */
bool server_exists(enum server server);

/* Sends *msg to a server and waits for its answer, in *msg. flags: IPC_SEND_WORDS, IPC_PAGES,
 * IPC_WINDOW, or 0 (grain/ipc.h). If the server was started again under another id, the call is made
 * there. Returns 0 or what the server answered, a negated error; E_BAD_ENV: there is no such server;
 * else an error of ipc(). After success ipc's result is in *result, unless that is NULL. */
MUST_CHECK int server_call(enum server server, uint32_t flags, struct ipc_msg *msg,
                           int32_t *result);

/* Asks init for the server's id; if it has died, waits until it was started again and pager and proc know of
 * it. 0: init does not know, or it is init's watcher itself that asks. Leaves the words of the message page as they
 * are. */
envid_t server_find(enum server server);

/* Strings in utcb->words, SERVER_STRING_MAX bytes at most with the 0. The first returns how many words
 * go along, or 0: too long. The second copies out of a message that has just come, and always ends
 * `text` with 0. */
uint32_t server_put_string(const char *text);
void server_get_string(char *text, uint32_t size);

#endif
