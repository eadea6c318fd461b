/*
 * scrub.c - what may be kept of addresses, texts and programs of visitors (see scrub.h).
 *
 * Paths and texts are cut into words; a word that looks like an e-mail, a phone, an
 * order or a secret is replaced by MASK. A path keeps the ids of what the shop shows,
 * and no others. Pure: no table is read.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/inet.h"

#include "args.h"
#include "scrub.h"
#include "text.h"
#include "uuid.h"

#define MASK '*'
#define PHONE_DIGITS 8	/* as many in a row are no year and no quantity */
#define PHONE_BYTES 60	/* of one as people write it, in groups */
#define SECRET_BYTES 20 /* shorter words open nothing */
#define WORD_BYTES 100	/* longer ones are no words */

/* What a word is made of. */
typedef struct Word
{
	const char *at;
	int len;
	int digits;
	int lower;
	int upper;
	int dashes;	 /* and low lines */
	int foreign; /* letters that are no ASCII, percent-encoded */
	bool mail;	 /* an @, plain or encoded */
	bool phone;	 /* nothing but what phones are written with */
} Word;

/* ---------------------------------------------------------------- Words -- */

static bool
is_encoded(const char *at, int left, const char *code)
{
	return left >= 3 && at[0] == '%' && at[1] == code[0] && (at[2] & ~0x20) == (code[1] & ~0x20);
}

/* A byte of a letter outside ASCII: Arabic names of pages are full of them. */
static bool
is_foreign(const char *at, int left)
{
	return left >= 3 && at[0] == '%' && strchr("89ABCDEFabcdef", at[1]) != NULL && at[1] != '\0' &&
		   isxdigit((unsigned char) at[2]);
}

static Word
look(const char *at, int len)
{
	Word word = {.at = at, .len = len, .phone = true};

	for (int i = 0; i < len; i++)
	{
		char c = at[i];

		if (is_foreign(at + i, len - i))
		{
			word.foreign++;
			word.phone = false;
			i += 2;
			continue;
		}
		if (c >= '0' && c <= '9')
			word.digits++;
		else if (c >= 'a' && c <= 'z')
			word.lower++;
		else if (c >= 'A' && c <= 'Z')
			word.upper++;
		else if (c == '-' || c == '_')
			word.dashes++;
		if (c == '@' || is_encoded(at + i, len - i, "40"))
			word.mail = true;
		if (is_encoded(at + i, len - i, "2B") || is_encoded(at + i, len - i, "20"))
			i += 2;
		else if ((c < '0' || c > '9') && strchr("-+.() ", c) == NULL)
			word.phone = false;
	}
	return word;
}

static bool
is_uuid(const Word *word)
{
	pg_uuid_t uuid;

	return mjc_uuid_parse(word->at, word->len, &uuid);
}

/* A script keeps the hash in its name: without it nobody finds the place of an error. */
static bool
is_script(const Word *word)
{
	return (word->len > 3 && memcmp(word->at + word->len - 3, ".js", 3) == 0) ||
		   (word->len > 4 && memcmp(word->at + word->len - 4, ".mjs", 4) == 0);
}

/* Words of a language have dashes or no digits; a key has neither, or all kinds of signs. */
static bool
is_secret(const Word *word)
{
	if (word->len - 3 * word->foreign > WORD_BYTES)
		return true;
	if (word->len < SECRET_BYTES || is_script(word))
		return false;
	return word->digits > 0 && (word->dashes == 0 || (word->lower > 0 && word->upper > 0));
}

static bool
is_reference(const Word *word)
{
	return word->len > 8 && word->digits >= PHONE_DIGITS && strncasecmp(word->at, "MJ-", 3) == 0;
}

static bool
is_personal(const Word *word)
{
	return word->mail || (word->phone && word->digits >= PHONE_DIGITS) || is_reference(word) ||
		   is_secret(word);
}

/* Names of campaigns, ads and experiments are long and full of digits: a phone is one of here. */
static bool
names_person(const Word *word)
{
	return word->mail || is_reference(word) ||
		   (word->phone && word->digits > PHONE_DIGITS &&
			mjc_phone_canonical_or_null(pnstrdup(word->at, word->len)) != NULL);
}

/* ---------------------------------------------------------------- Texts -- */

/* mjc_clip_text - at most max characters, without control characters; NULL when nothing is left. */
char *
mjc_clip_text(const char *text, int max)
{
	int len = (int) strlen(text);
	char *out;

	if (len > max)
		len = pg_mbcharcliplen(text, len, max);
	out = pnstrdup(text, len);
	for (char *c = out; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			*c = ' ';
	while (len > 0 && out[len - 1] == ' ')
		out[--len] = '\0';
	return len > 0 ? out : NULL;
}

static bool
in_word(char c)
{
	return isalnum((unsigned char) c) || (c & 0x80) != 0 || strchr("@.%+-_~=", c) != NULL;
}

/* Bytes of the digit here, ASCII or Arabic-Indic; 0 when it is none. */
static int
digit_bytes(const char *at)
{
	const unsigned char *p = (const unsigned char *) at;

	if (p[0] >= '0' && p[0] <= '9')
		return 1;
	return (p[0] == 0xD9 && p[1] >= 0xA0 && p[1] <= 0xA9) ||
				   (p[0] == 0xDB && p[1] >= 0xB0 && p[1] <= 0xB9)
			   ? 2
			   : 0;
}

/* Does a word end here, but for the full stop or dash of a sentence? */
static bool
word_ends(const char *at)
{
	if (*at == '.' || *at == '-')
		at++;
	return *at == '\0' || !in_word(*at);
}

/*
 * People write phones in groups, 0550 12 34 56: no word of it is one. Bytes of the longest phone
 * that begins here; 0 for none.
 */
static int
phone_in_groups(const char *at)
{
	int digit[PHONE_BYTES];
	int longest = 0, digits = 0, n = 0;

	if (digit_bytes(at) == 0 && *at != '+')
		return 0;
	while (n < PHONE_BYTES && at[n] != '\0')
	{
		int bytes = digit_bytes(at + n);

		if (bytes == 0 && strchr("+ .-/()", at[n]) == NULL)
			break;
		n += Max(bytes, 1);
		if (bytes == 0)
			continue;
		digit[digits++] = at[n - 1] & 0x0F;
		/* The last nine begin with 5, 6 or 7, or nobody needs to look closer. */
		if (digits > PHONE_DIGITS && digit[digits - 9] >= 5 && digit[digits - 9] <= 7 &&
			word_ends(at + n) && mjc_phone_canonical_or_null(pnstrdup(at, n)) != NULL)
			longest = n;
	}
	return longest;
}

static void
append_word(StringInfo out, const char *at, int len, bool is_name)
{
	Word word = look(at, len);

	if (is_name ? names_person(&word) : is_personal(&word) || is_uuid(&word))
		appendStringInfoChar(out, MASK);
	else
		appendBinaryStringInfo(out, at, len);
}

/* What follows a ? is a query string unless a blank does; its end is that of the address. */
static const char *
after_query(const char *at)
{
	at++;
	while (*at != '\0' && !isspace((unsigned char) *at) && strchr(")\"'<>", *at) == NULL &&
		   !(*at == ':' && isdigit((unsigned char) at[1])))
		at++;
	return at;
}

/* Cut only at the end: half a phone or half a secret looks like none. */
static char *
scrub(const char *text, int max, bool is_name)
{
	StringInfoData out;
	const char *at = text;

	initStringInfo(&out);
	while (*at != '\0' && out.len < max * MAX_MULTIBYTE_CHAR_LEN)
	{
		int n = phone_in_groups(at);

		if (n > 0)
		{
			appendStringInfoChar(&out, MASK);
			at += n;
			continue;
		}
		while (at[n] != '\0' && in_word(at[n]))
			n++;
		if (n > 0)
			append_word(&out, at, n, is_name);
		at += n;
		if (*at == '?' && at[1] != '\0' && !isspace((unsigned char) at[1]))
			at = after_query(at);
		else if (*at != '\0')
		{
			appendStringInfoChar(&out, *at == '\n' || (unsigned char) *at >= ' ' ? *at : ' ');
			at++;
		}
	}
	out.len = pg_mbcharcliplen(out.data, out.len, max);
	out.data[out.len] = '\0';
	while (out.len > 0 && isspace((unsigned char) out.data[out.len - 1]))
		out.data[--out.len] = '\0';
	return out.len > 0 ? out.data : NULL;
}

/* mjc_scrub_text - at most max characters of a message or a stack; NULL when nothing is left. */
char *
mjc_scrub_text(const char *text, int max)
{
	return scrub(text, max, false);
}

/* mjc_scrub_name - the same of what somebody named or searched for: only persons go. */
char *
mjc_scrub_name(const char *text, int max)
{
	return scrub(text, max, true);
}

/* ---------------------------------------------------------------- Paths -- */

/* After these words stands the id of something that everybody is shown. */
static bool
shows_all(const char *at, int len)
{
	static const char *const words[] = {"products", "product", "categories", "category",
										"models",	"boilers", "services",	 "manufacturers"};

	for (int i = 0; i < lengthof(words); i++)
		if ((int) strlen(words[i]) == len && strncmp(words[i], at, len) == 0)
			return true;
	return false;
}

/* Where the path of an address begins and how long it is, without query and fragment. */
static const char *
path_of(const char *url, int *len)
{
	const char *scheme = strstr(url, "://");
	int host_end = (int) strcspn(url, "/?#");

	if (scheme != NULL && scheme - url == host_end - 1)
		url = scheme + 3 + strcspn(scheme + 3, "/?#");
	*len = (int) strcspn(url, "?#");
	return url;
}

/* mjc_scrub_path - the path of an address of the shop, or of what an address ends with. */
char *
mjc_scrub_path(const char *url)
{
	StringInfoData out;
	int left;
	const char *at = path_of(url, &left);
	bool shown = false;

	initStringInfo(&out);
	while (left > 0 && out.len < MJC_PATH_MAX * MAX_MULTIBYTE_CHAR_LEN)
	{
		const char *slash;
		Word word;

		if (*at == '/')
		{
			at++;
			left--;
			continue;
		}
		slash = memchr(at, '/', left);
		word = look(at, slash == NULL ? left : (int) (slash - at));
		appendStringInfoChar(&out, '/');
		if (is_uuid(&word) ? shown : !is_personal(&word))
			appendBinaryStringInfo(&out, at, word.len);
		else
			appendStringInfoChar(&out, MASK);
		shown = shows_all(at, word.len);
		at += word.len;
		left -= word.len;
	}
	if (out.len == 0)
		appendStringInfoChar(&out, '/');
	return mjc_clip_text(out.data, MJC_PATH_MAX);
}

/* ------------------------------------------------------- Who is looking -- */

/* mjc_agent_is_bot - the User-Agent of a program; browsers have one. NULL: nobody said. */
bool
mjc_agent_is_bot(const char *agent)
{
	/* In lower case. Another one is added here and nowhere else. */
	static const char *const words[] = {
		"bot",		  "crawl",	  "spider",	   "slurp",		 "headless", "lighthouse", "pagespeed",
		"facebookex", "preview",  "curl/",	   "wget/",		 "python",	 "java/",	   "okhttp",
		"go-http",	  "node",	  "axios",	   "httpclient", "monitor",	 "uptime",	   "scrap",
		"phantomjs",  "selenium", "puppeteer", "playwright", "scan",	 "http-tiny",  "libwww"};
	char lower[512];
	int n = 0;

	if (agent == NULL)
		return false;
	if (*agent == '\0')
		return true;
	for (; agent[n] != '\0' && n < lengthof(lower) - 1; n++)
		lower[n] = (char) tolower((unsigned char) agent[n]);
	lower[n] = '\0';
	for (int i = 0; i < lengthof(words); i++)
	{
		const char *found = strstr(lower, words[i]);

		/* CUBOT makes phones. */
		if (found != NULL && !(i == 0 && found - lower >= 2 && strncmp(found - 2, "cu", 2) == 0))
			return true;
	}
	return false;
}

/* mjc_agent_device - desktop, mobile or tablet; NULL without a User-Agent. */
const char *
mjc_agent_device(const char *agent)
{
	if (agent == NULL || *agent == '\0')
		return NULL;
	if (strstr(agent, "iPad") != NULL || strstr(agent, "Tablet") != NULL ||
		(strstr(agent, "Android") != NULL && strstr(agent, "Mobile") == NULL))
		return "tablet";
	return strstr(agent, "Mobi") != NULL || strstr(agent, "iPhone") != NULL ? "mobile" : "desktop";
}

/* Digits, dots, colons: what the server's own parser reads without an error. */
static bool
is_address(const char *address)
{
	unsigned char bytes[16];

	return inet_pton(strchr(address, ':') == NULL ? AF_INET : AF_INET6, address, bytes) == 1;
}

/*
 * mjc_network_of - the network of an address as inet: IPv4 /24, IPv6 /48, an IPv4 in IPv6
 * as IPv4; NULL for what is no address.
 */
Datum
mjc_network_of(const char *address, bool *isnull)
{
	Datum full;
	int bits;

	if (address != NULL && strncasecmp(address, "::ffff:", 7) == 0 && strchr(address, '.') != NULL)
		address += 7;
	*isnull = address == NULL || !is_address(address);
	if (*isnull)
		return (Datum) 0;
	bits = strchr(address, ':') == NULL ? 24 : 48;
	full = DirectFunctionCall2(inet_set_masklen,
							   DirectFunctionCall1(inet_in, CStringGetDatum(address)),
							   Int32GetDatum(bits));
	return DirectFunctionCall1(network_network, full);
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_page_path);
/* mjc.page_path(url text) - see mjc_scrub_path. */
Datum
mjc_page_path(PG_FUNCTION_ARGS)
{
	char *url = mjc_arg_text_or_null(fcinfo, 0);

	if (url == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(mjc_scrub_path(url)));
}

PG_FUNCTION_INFO_V1(mjc_agent_is_bot_sql);
/* mjc.agent_is_bot(user_agent text) - see mjc_agent_is_bot. */
Datum
mjc_agent_is_bot_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(mjc_agent_is_bot(mjc_arg_text_or_null(fcinfo, 0)));
}
