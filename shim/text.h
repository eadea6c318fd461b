/*
 * text.h - small pure helpers on bytes: UTF-8, percent-decoding, base64url,
 * hex, SHA-256, uuids, lists, PostgreSQL array literals.
 *
 * Results called malloc'ed belong to the caller, are NUL-terminated and freed
 * with free(). NULL means no memory unless said otherwise.
 */
#ifndef MJC_SHIM_TEXT_H
#define MJC_SHIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "request.h"

#define TEXT_UUID_SIZE 37

enum text_result
{
	TEXT_OK,
	TEXT_BAD, /* the input cannot be accepted */
	TEXT_MEMORY
};

/* text_utf8_valid - whether len bytes are well-formed UTF-8 without NUL. */
bool text_utf8_valid(const char *s, size_t len);

/* text_utf8_length - characters in well-formed UTF-8. */
size_t text_utf8_length(const char *s, size_t len);

/* text_has_control - whether well-formed UTF-8 holds a control character (C0, DEL, C1). */
bool text_has_control(const char *s, size_t len, bool allow_newline);

/* text_trim - take white space (ASCII and no-break space) off both ends of *s. */
void text_trim(const char **s, size_t *len);

/* text_lower - ASCII letters to lower case, in place. */
void text_lower(char *s);

/* text_dup - malloc'ed copy of len bytes. */
char *text_dup(const char *s, size_t len);

/*
 * text_path_decode - percent-decode a path once.
 *
 * raw: from the first '/' up to the '?' or the end. '+' stays. TEXT_BAD:
 * broken escape, %00, raw control character, result not UTF-8.
 * On TEXT_OK *out is malloc'ed.
 */
enum text_result text_path_decode(const char *raw, size_t len, char **out);

/*
 * text_query_parse - split and decode a query string ("a=1&b=2", no '?').
 *
 * '+' is a space. Empty pieces are skipped, a piece without '=' has the value
 * "". TEXT_BAD: as in text_path_decode, or more than max pairs.
 * On TEXT_OK *out holds *n pairs; free with text_query_free.
 */
enum text_result text_query_parse(const char *raw, size_t len, int max, struct kv **out, int *n);

/* text_query_free - free the pairs of text_query_parse; NULL is fine. */
void text_query_free(struct kv *pairs, int n);

/*
 * text_base64url_decode - strict: no padding, no spaces, unused bits zero.
 *
 * out: at least len * 3 / 4 bytes. Returns false for anything else.
 */
bool text_base64url_decode(const char *in, size_t len, unsigned char *out, size_t *out_len);

/*
 * text_base64url_encode - without padding, NUL-terminated.
 *
 * out: at least (len * 4 + 2) / 3 + 1 bytes. Returns the characters written.
 */
size_t text_base64url_encode(const unsigned char *in, size_t len, char *out);

/* text_hex - lower-case hex of len bytes, NUL-terminated; out: 2 * len + 1 bytes. */
void text_hex(const unsigned char *in, size_t len, char *out);

/* text_uuid_parse - read xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, any case, to lower case. */
bool text_uuid_parse(const char *s, size_t len, char out[TEXT_UUID_SIZE]);

/*
 * text_uuid_v4 - a random uuid. Returns false when the system has no randomness.
 *
 * Its bits are fetched ahead, so it names things and is no secret.
 */
bool text_uuid_v4(char out[TEXT_UUID_SIZE]);

/*
 * text_list_next - step through a comma list.
 *
 * *list: where to go on, moved forward; NULL at the end. *item: the next entry,
 * trimmed, not NUL-terminated, maybe empty. Returns false when there is none.
 */
bool text_list_next(const char **list, struct str *item);

/*
 * text_url_loopback - whether a text is an http:// address of this very machine.
 *
 * Host 127.0.0.1, localhost or [::1], with or without a port.
 */
bool text_url_loopback(const char *url);

/* text_url_safe - whether a text is https:// with a host, or text_url_loopback; printable ASCII. */
bool text_url_safe(const char *url);

/* text_url_encode - percent-encode all but letters, digits and "-._~"; malloc'ed. */
char *text_url_encode(const char *s);

/*
 * text_array - a PostgreSQL array literal {"a","b"} of n NUL-terminated texts.
 *
 * Every entry is quoted, so that it serves for any element type. malloc'ed.
 */
char *text_array(const char *const *items, size_t n);

#endif
