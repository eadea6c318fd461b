/*
 * peer.h - addresses: where to listen, who is trusted, who is the client.
 */
#ifndef MJC_SHIM_PEER_H
#define MJC_SHIM_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PEER_TEXT 48 /* an IPv6 address, or "unix" */

struct peer_list;

/* peer_list_new - parse a comma list of addresses and CIDR blocks; NULL when it is none. */
struct peer_list *peer_list_new(const char *text);

/* peer_list_free - release a list; NULL is fine. */
void peer_list_free(struct peer_list *list);

/* peer_text - address of a socket as text, IPv4-mapped ones as IPv4; "unix" for AF_UNIX. */
void peer_text(const struct sockaddr *addr, char out[PEER_TEXT]);

/* peer_trusted - whether an address in text form is in the list. "unix" always is. */
bool peer_trusted(const struct peer_list *list, const char *addr);

/*
 * peer_client - the client's address.
 *
 * forwarded: X-Forwarded-For, several joined by commas, or NULL. Counts only
 * when peer is trusted, by the list or because vouched says so: the rightmost
 * entry that is not trusted itself. An entry that is no address ends the
 * search with the last good one. Returns whether an entry was taken.
 */
bool peer_client(const struct peer_list *list, const char *peer, const char *forwarded,
				 bool vouched, char out[PEER_TEXT]);

/* peer_truncate - the address as logs may keep it: IPv4 /24, IPv6 /48. */
void peer_truncate(const char *addr, char out[PEER_TEXT]);

/* peer_listen_ok - whether a text reads host:port or unix:/path. */
bool peer_listen_ok(const char *text);

/*
 * peer_listen - a listening, non-blocking socket for host:port or unix:/path.
 *
 * A stale unix socket is replaced, one that answers is not. Returns the
 * descriptor, or -1 with one line in error.
 */
int peer_listen(const char *text, char *error, size_t error_size);

#endif
