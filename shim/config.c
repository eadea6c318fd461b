/*
 * config.c - the settings of the shim, read once at the start.
 *
 * The const table below is the only list of settings: reading, checking and
 * --help come from it. A message names the key and what is expected, and never
 * shows the value of a secret.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "limit.h"
#include "log.h"
#include "pdf.h"
#include "peer.h"
#include "store.h"
#include "text.h"

#define CONFIG_FILE_BYTES (64 * 1024)
#define CONFIG_SECRET_MIN 32
#define CONFIG_PAGE_MAX 500

enum config_type
{
	CONFIG_STRING,
	CONFIG_SECRET, /* also read from the file named by KEY_FILE */
	CONFIG_LONG,
	CONFIG_DOUBLE,
	CONFIG_BOOL
};

struct config_entry
{
	const char *name;
	enum config_type type;
	size_t offset;
	const char *value; /* the default; NULL = none */
	long min;
	long max;
	const char *help;
};

#define AT(field) offsetof(struct config, field)

static const struct config_entry config_table[] = {
	{"MJC_LISTEN", CONFIG_STRING, AT(listen), "127.0.0.1:3001", 0, 0,
	 "address to serve, host:port or unix:/path"},
	{"MJC_METRICS_LISTEN", CONFIG_STRING, AT(metrics_listen), "127.0.0.1:9301", 0, 0,
	 "private address of /metrics, or off"},
	{"MJC_DSN", CONFIG_SECRET, AT(dsn), "", 0, 0, "connection string of the primary server"},
	{"MJC_DSN_READ", CONFIG_SECRET, AT(dsn_read), NULL, 0, 0,
	 "connection string for public reads; default MJC_DSN"},
	{"MJC_JWT_SECRET", CONFIG_SECRET, AT(jwt_secret), NULL, 0, 0,
	 "signs access tokens, at least 32 bytes; required"},
	{"MJC_JWT_SECRET_PREVIOUS", CONFIG_SECRET, AT(jwt_secret_previous), NULL, 0, 0,
	 "still accepted while secrets are rotated"},
	{"MJC_FRONTEND_SECRET", CONFIG_SECRET, AT(frontend_secret), NULL, 0, 0,
	 "what the frontend's server shows to vouch for a person, at least 32 bytes"},
	{"MJC_GOOGLE_CLIENT_ID", CONFIG_STRING, AT(google_client_id), "", 0, 0,
	 "the shop's name at Google, whose id tokens then sign in"},
	{"MJC_GOOGLE_JWKS_FILE", CONFIG_STRING, AT(google_jwks_file), "", 0, 0,
	 "file with Google's public keys (JWKS), read again when it changes"},
	{"MJC_STRIPE_KEY", CONFIG_SECRET, AT(stripe_key), NULL, 0, 0,
	 "secret key of Stripe; none: no payment by Stripe"},
	{"MJC_STRIPE_WEBHOOK_SECRET", CONFIG_SECRET, AT(stripe_webhook_secret), NULL, 0, 0,
	 "signs what Stripe reports"},
	{"MJC_STRIPE_WEBHOOK_SECRET_PREVIOUS", CONFIG_SECRET, AT(stripe_webhook_secret_previous), NULL,
	 0, 0, "still accepted while secrets are rotated"},
	{"MJC_STRIPE_URL", CONFIG_STRING, AT(stripe_url), "https://api.stripe.com", 0, 0,
	 "where Stripe is called; http:// for this machine only"},
	{"MJC_CHARGILY_KEY", CONFIG_SECRET, AT(chargily_key), NULL, 0, 0,
	 "secret key of Chargily Pay, which signs its reports too; none: no payment by Chargily"},
	{"MJC_CHARGILY_KEY_PREVIOUS", CONFIG_SECRET, AT(chargily_key_previous), NULL, 0, 0,
	 "still accepted for reports while keys are rotated"},
	{"MJC_CHARGILY_URL", CONFIG_STRING, AT(chargily_url), "https://pay.chargily.net/api/v2", 0, 0,
	 "where Chargily is called; http:// for this machine only"},
	{"MJC_YALIDINE_WEBHOOK_SECRET", CONFIG_SECRET, AT(yalidine_webhook_secret), NULL, 0, 0,
	 "signs what the carrier Yalidine reports"},
	{"MJC_PAY_SUCCESS_URL", CONFIG_STRING, AT(pay_success_url), NULL, 0, 0,
	 "page after a payment; default /payment/success of the first origin"},
	{"MJC_PAY_FAILURE_URL", CONFIG_STRING, AT(pay_failure_url), NULL, 0, 0,
	 "page after a payment that failed; default /payment/failure of the first origin"},
	{"MJC_PAY_TIMEOUT_MS", CONFIG_LONG, AT(pay_timeout_ms), "10000", 100, 60000,
	 "milliseconds for a call of a provider"},
	{"MJC_PAY_CA_FILE", CONFIG_STRING, AT(pay_ca_file), "", 0, 0,
	 "certificates to trust in calls of providers; default those of the system"},
	{"MJC_PDF_PROGRAM", CONFIG_STRING, AT(pdf_program), "weasyprint", 0, 0,
	 "prints documents to PDF, a path or a name in PATH; none, or empty: no PDF"},
	{"MJC_PDF_TIMEOUT_S", CONFIG_LONG, AT(pdf_timeout_s), "25", 1, 300,
	 "seconds for a PDF, waiting included"},
	{"MJC_FILES_DIR", CONFIG_STRING, AT(files_dir), "", 0, 0,
	 "folder of the images and papers of the shop, an absolute path; empty: none are kept"},
	{"MJC_FILES_QUOTA_MB", CONFIG_LONG, AT(files_quota_mb), "10240", 1, 100000000,
	 "MiB that the files may take, those on their way counted"},
	{"MJC_CORS_ORIGINS", CONFIG_STRING, AT(cors_origins), "http://localhost:3000", 0, 0,
	 "comma list of origins of the frontends"},
	{"MJC_TRUSTED_PROXIES", CONFIG_STRING, AT(trusted_proxies), "", 0, 0,
	 "comma list of addresses or CIDR blocks whose X-Forwarded-For counts"},
	{"MJC_RATE_LIMITS", CONFIG_STRING, AT(rate_limits), LIMIT_DEFAULTS, 0, 0,
	 "comma list of CLASS=COUNT/UNIT[:BURST], UNIT s, min or h; BURST at once, else COUNT; "
	 "classes not named keep theirs"},
	{"MJC_RATE_SCALE", CONFIG_DOUBLE, AT(rate_scale), "1", 0, 1000000,
	 "multiplies every rate limit"},
	{"MJC_READ_CONNECTIONS", CONFIG_LONG, AT(read_connections), "3", 1, 64,
	 "pipelined connections for reads"},
	{"MJC_READ_BUSY", CONFIG_LONG, AT(read_busy), "2", 0, 64,
	 "of those that work at a time, 0 = all: as many as the database has cores; more while none "
	 "of them ends"},
	{"MJC_WRITE_CONNECTIONS", CONFIG_LONG, AT(write_connections), "16", 1, 256,
	 "connections for writes"},
	{"MJC_WRITE_BUSY", CONFIG_LONG, AT(write_busy), "3", 0, 256,
	 "of those that work at a time, 0 = all: one more than the database has cores; one that waits "
	 "for a lock is not at work. With MJC_LATE_ANSWERS"},
	{"MJC_LATE_ANSWERS", CONFIG_BOOL, AT(late_answers), "true", 0, 0,
	 "answers of writes wait for the disk together; false: each in its backend"},
	{"MJC_SLOW_CONNECTIONS", CONFIG_LONG, AT(slow_connections), "2", 1, 64,
	 "connections for slow reads"},
	{"MJC_EVENT_CONNECTIONS", CONFIG_LONG, AT(event_connections), "2", 1, 16,
	 "connections for what visitors do"},
	{"MJC_EVENT_QUEUE", CONFIG_LONG, AT(event_queue), "64", 1, 1024,
	 "batches of events that may wait for one; more are dropped"},
	{"MJC_CACHE_MS", CONFIG_LONG, AT(cache_ms), "1000", 0, 60000,
	 "milliseconds that an answer which everybody may see is given again, 0 = never"},
	{"MJC_CACHE_BYTES", CONFIG_LONG, AT(cache_bytes), "33554432", 65536, 4294967296,
	 "memory for such answers"},
	{"MJC_MAX_CONNECTIONS", CONFIG_LONG, AT(max_connections), "400", 1, 60000,
	 "client connections at a time"},
	{"MJC_BODY_LIMIT", CONFIG_LONG, AT(body_limit), "1048576", 1024, 67108864,
	 "bytes of a request body"},
	{"MJC_HEADER_TIMEOUT_S", CONFIG_LONG, AT(header_timeout_s), "10", 1, 600,
	 "seconds for the request headers"},
	{"MJC_REQUEST_TIMEOUT_S", CONFIG_LONG, AT(request_timeout_s), "30", 1, 3600,
	 "seconds for a whole request, and for reading its reply"},
	{"MJC_DB_TIMEOUT_S", CONFIG_LONG, AT(db_timeout_s), "5", 1, 600, "seconds for a statement"},
	{"MJC_QUEUE_TIMEOUT_MS", CONFIG_LONG, AT(queue_timeout_ms), "1000", 10, 60000,
	 "milliseconds to wait for a connection"},
	{"MJC_DRAIN_TIMEOUT_S", CONFIG_LONG, AT(drain_timeout_s), "25", 0, 600,
	 "seconds to finish requests after SIGTERM"},
	{"MJC_BCRYPT_THREADS", CONFIG_LONG, AT(bcrypt_threads), "1", 1, 64,
	 "threads that check passwords"},
	{"MJC_BCRYPT_QUEUE", CONFIG_LONG, AT(bcrypt_queue), "16", 1, 1024,
	 "sign-ins of strangers that may wait for a thread, and as many of known devices"},
	{"MJC_COOKIE_SECURE", CONFIG_BOOL, AT(cookie_secure), "false", 0, 0,
	 "cookies and Strict-Transport-Security for HTTPS"},
	{"MJC_COOKIE_DOMAIN", CONFIG_STRING, AT(cookie_domain), "", 0, 0, "Domain of the cookies"},
	{"MJC_HOUSEKEEP_INTERVAL_S", CONFIG_LONG, AT(housekeep_interval_s), "5", 0, 3600,
	 "seconds between housekeeping runs, 0 = never"},
	{"MJC_WEBHOOKS", CONFIG_BOOL, AT(webhooks), "true", 0, 0,
	 "other systems are told of orders; false for a copy of the shop"},
	{"MJC_ENVIRONMENT", CONFIG_STRING, AT(environment), "production", 0, 0, "name shown by GET /"},
	{"MJC_LOG_LEVEL", CONFIG_STRING, AT(log_level), "info", 0, 0, "debug, info, warn or error"},
};

#define CONFIG_ENTRIES (sizeof(config_table) / sizeof(config_table[0]))

/* The lines of the --config file, split in place. */
struct config_file
{
	char *text;
	struct kv *pairs;
	int n;
};

static const struct config_entry *
config_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_ENTRIES; i++)
	{
		if (strcmp(config_table[i].name, name) == 0)
			return &config_table[i];
	}
	return NULL;
}

/* Whether a --config file may hold this key: a setting, or a secret's _FILE. */
static bool
config_known(const char *name)
{
	size_t len = strlen(name);
	char base[64];
	const struct config_entry *entry = config_find(name);

	if (entry != NULL)
		return true;
	if (len < 6 || len >= sizeof(base) || strcmp(name + len - 5, "_FILE") != 0)
		return false;
	memcpy(base, name, len - 5);
	base[len - 5] = '\0';
	entry = config_find(base);
	return entry != NULL && entry->type == CONFIG_SECRET;
}

/* The bytes of a small file without trailing line ends; malloc'ed. */
static char *
config_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file == NULL ? NULL : malloc(CONFIG_FILE_BYTES + 1);
	size_t n;

	if (text == NULL)
	{
		if (file != NULL)
			fclose(file);
		return NULL;
	}
	n = fread(text, 1, CONFIG_FILE_BYTES + 1, file);
	if (ferror(file) != 0 || n > CONFIG_FILE_BYTES || memchr(text, '\0', n) != NULL)
	{
		free(text);
		text = NULL;
	}
	else
	{
		while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
			n--;
		text[n] = '\0';
	}
	fclose(file);
	return text;
}

/* Split KEY=VALUE; quotes around the whole value go. False: not such a line. */
static bool
config_split(char *line, struct kv *pair)
{
	char *equals = strchr(line, '=');
	size_t len;

	if (equals == NULL || equals == line)
		return false;
	*equals = '\0';
	pair->name = line;
	pair->value = equals + 1;
	for (char *end = equals; end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = '\0';
	pair->value += strspn(pair->value, " \t");
	len = strlen(pair->value);
	while (len > 0 && strchr(" \t\r", pair->value[len - 1]) != NULL)
		pair->value[--len] = '\0';
	if (len >= 2 && (pair->value[0] == '"' || pair->value[0] == '\'') &&
		pair->value[len - 1] == pair->value[0])
	{
		pair->value[len - 1] = '\0';
		pair->value++;
	}
	return true;
}

static bool
config_file_load(struct config_file *file, const char *path, char *error, size_t size)
{
	char *save = NULL;
	int number = 0;

	file->text = config_read(path);
	file->pairs = calloc(CONFIG_FILE_BYTES / 2, sizeof(struct kv));
	if (file->text == NULL || file->pairs == NULL)
	{
		snprintf(error, size, "cannot read the configuration file %s", path);
		return false;
	}
	for (char *line = strtok_r(file->text, "\n", &save); line != NULL;
		 line = strtok_r(NULL, "\n", &save))
	{
		number++;
		line += strspn(line, " \t\r");
		if (*line == '\0' || *line == '#')
			continue;
		if (!config_split(line, &file->pairs[file->n]))
		{
			snprintf(error, size, "%s: entry %d is not KEY=VALUE", path, number);
			return false;
		}
		if (!config_known(file->pairs[file->n].name))
		{
			snprintf(error, size, "%s: unknown key %.60s", path, file->pairs[file->n].name);
			return false;
		}
		file->n++;
	}
	return true;
}

static const char *
config_lookup(const struct config_file *file, const char *name)
{
	const char *value = getenv(name);

	for (int i = file->n - 1; value == NULL && i >= 0; i--)
	{
		if (strcmp(file->pairs[i].name, name) == 0)
			value = file->pairs[i].value;
	}
	return value;
}

/* The text of an entry, malloc'ed, or NULL; false with error when unreadable. */
static bool
config_text(const struct config_entry *entry, const struct config_file *file, char **out,
			char *error, size_t size)
{
	const char *value = config_lookup(file, entry->name);
	char name[80];

	*out = NULL;
	if (value == NULL && entry->type == CONFIG_SECRET)
	{
		const char *path;

		snprintf(name, sizeof(name), "%s_FILE", entry->name);
		path = config_lookup(file, name);
		if (path != NULL && *path != '\0')
		{
			*out = config_read(path);
			if (*out == NULL)
				snprintf(error, size, "%s: cannot read the file", name);
			return *out != NULL;
		}
	}
	if (value == NULL)
		value = entry->value;
	if (value == NULL)
		return true;
	*out = strdup(value);
	if (*out == NULL)
		snprintf(error, size, "out of memory");
	return *out != NULL;
}

static bool
config_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"true", "1", "on", "yes"};
	static const char *const no[] = {"false", "0", "off", "no", ""};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
	{
		if (strcmp(text, yes[i]) == 0)
		{
			*out = true;
			return true;
		}
	}
	*out = false;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
	{
		if (strcmp(text, no[i]) == 0)
			return true;
	}
	return false;
}

/* Store the text of an entry in its field; takes text over. */
static bool
config_store(struct config *config, const struct config_entry *entry, char *text, char *error,
			 size_t size)
{
	char *field = (char *) config + entry->offset;
	char *end = NULL;
	bool ok = true;

	if (entry->type == CONFIG_STRING || entry->type == CONFIG_SECRET)
	{
		memcpy(field, &text, sizeof(text));
		return true;
	}
	errno = 0;
	if (entry->type == CONFIG_LONG)
	{
		long value = strtol(text, &end, 10);

		ok = *text != '\0' && *end == '\0' && errno == 0 && value >= entry->min &&
			 value <= entry->max;
		memcpy(field, &value, sizeof(value));
		if (!ok)
			snprintf(error, size, "%s must be a whole number from %ld to %ld", entry->name,
					 entry->min, entry->max);
	}
	else if (entry->type == CONFIG_DOUBLE)
	{
		double value = strtod(text, &end);

		ok = *text != '\0' && *end == '\0' && errno == 0 && value > (double) entry->min &&
			 value <= (double) entry->max;
		memcpy(field, &value, sizeof(value));
		if (!ok)
			snprintf(error, size, "%s must be a number above %ld and at most %ld", entry->name,
					 entry->min, entry->max);
	}
	else
	{
		bool value = false;

		ok = config_bool(text, &value);
		memcpy(field, &value, sizeof(value));
		if (!ok)
			snprintf(error, size, "%s must be true or false", entry->name);
	}
	free(text);
	return ok;
}

static bool
config_dsn_ok(const char *dsn)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(dsn, &message);
	bool ok = options != NULL;

	PQconninfoFree(options);
	PQfreemem(message);
	return ok;
}

static bool
config_origins_ok(const char *list)
{
	struct str item;

	while (text_list_next(&list, &item))
	{
		size_t scheme = 0;

		if (item.len == 0)
			continue;
		if (item.len > 8 && memcmp(item.ptr, "https://", 8) == 0)
			scheme = 8;
		else if (item.len > 7 && memcmp(item.ptr, "http://", 7) == 0)
			scheme = 7;
		if (scheme == 0 || memchr(item.ptr + scheme, '/', item.len - scheme) != NULL ||
			memchr(item.ptr, '*', item.len) != NULL)
			return false;
	}
	return true;
}

static bool
config_plain(const char *text)
{
	return !text_has_control(text, strlen(text), false) && strpbrk(text, "; ,\"") == NULL;
}

static bool
config_page_ok(const char *url)
{
	return (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) &&
		   strlen(url) <= CONFIG_PAGE_MAX && strchr(url, '#') == NULL &&
		   strspn(url,
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?[]@!$&'"
				  "()*+,;=%") == strlen(url);
}

/* What is wrong with the settings of payments, or NULL. */
static const char *
config_pay_fault(const struct config *config)
{
	if (!text_url_safe(config->stripe_url) || strpbrk(config->stripe_url, "?#") != NULL)
		return "MJC_STRIPE_URL must be an https:// address, or http:// of this machine";
	if (!text_url_safe(config->chargily_url) || strpbrk(config->chargily_url, "?#") != NULL)
		return "MJC_CHARGILY_URL must be an https:// address, or http:// of this machine";
	if (!config_page_ok(config->pay_success_url))
		return "MJC_PAY_SUCCESS_URL must be the address of a page";
	if (!config_page_ok(config->pay_failure_url))
		return "MJC_PAY_FAILURE_URL must be the address of a page";
	if ((config->stripe_key != NULL && !config_plain(config->stripe_key)) ||
		(config->chargily_key != NULL && !config_plain(config->chargily_key)))
		return "MJC_STRIPE_KEY and MJC_CHARGILY_KEY must be one word each";
	if (config->stripe_webhook_secret == NULL && config->stripe_webhook_secret_previous != NULL)
		return "MJC_STRIPE_WEBHOOK_SECRET_PREVIOUS needs MJC_STRIPE_WEBHOOK_SECRET";
	if (*config->pay_ca_file != '\0' && access(config->pay_ca_file, R_OK) != 0)
		return "MJC_PAY_CA_FILE cannot be read";
	return NULL;
}

/* A program that is named by its path is there: a name may be that of one not installed. */
static bool
config_program_ok(const char *program)
{
	char path[PDF_PROGRAM];

	return strchr(program, '/') == NULL || pdf_find(program, path);
}

/* What is wrong with the settings as a whole, or NULL. */
static const char *
config_fault(const struct config *config)
{
	struct peer_list *proxies;

	if (config->jwt_secret == NULL || *config->jwt_secret == '\0')
		return "MJC_JWT_SECRET is missing: set it, or MJC_JWT_SECRET_FILE, to at least 32 bytes";
	if (strlen(config->jwt_secret) < CONFIG_SECRET_MIN)
		return "MJC_JWT_SECRET must have at least 32 bytes";
	if (config->jwt_secret_previous != NULL &&
		strlen(config->jwt_secret_previous) < CONFIG_SECRET_MIN)
		return "MJC_JWT_SECRET_PREVIOUS must have at least 32 bytes";
	if (config->frontend_secret != NULL && strlen(config->frontend_secret) < CONFIG_SECRET_MIN)
		return "MJC_FRONTEND_SECRET must have at least 32 bytes";
	if ((*config->google_client_id == '\0') != (*config->google_jwks_file == '\0'))
		return "MJC_GOOGLE_CLIENT_ID and MJC_GOOGLE_JWKS_FILE go together";
	if (!config_dsn_ok(config->dsn))
		return "MJC_DSN is not a connection string of PostgreSQL";
	if (!config_dsn_ok(config->dsn_read))
		return "MJC_DSN_READ is not a connection string of PostgreSQL";
	if (!peer_listen_ok(config->listen))
		return "MJC_LISTEN must be host:port or unix:/path";
	if (strcmp(config->metrics_listen, "off") != 0 && !peer_listen_ok(config->metrics_listen))
		return "MJC_METRICS_LISTEN must be host:port, unix:/path or off";
	if (!config_origins_ok(config->cors_origins))
		return "MJC_CORS_ORIGINS must be a comma list of origins such as https://shop.example";
	if (!limit_rates_ok(config->rate_limits))
		return "MJC_RATE_LIMITS must be a comma list such as api=1000/min:200,order=20/h: a class "
			   "of --help, a count up to 1000000, a unit s, min or h, and a burst if wanted";
	if (log_level_parse(config->log_level) == LOG_LEVEL__MAX)
		return "MJC_LOG_LEVEL must be debug, info, warn or error";
	if (!config_plain(config->cookie_domain))
		return "MJC_COOKIE_DOMAIN must be a host name";
	if (!text_utf8_valid(config->environment, strlen(config->environment)))
		return "MJC_ENVIRONMENT must be UTF-8";
	if (!config_program_ok(config->pdf_program))
		return "MJC_PDF_PROGRAM must be a program, or the name of one in PATH";
	if (*config->files_dir != '\0' && !store_folder_ok(config->files_dir))
		return "MJC_FILES_DIR must be the absolute path of a folder that can be written to";
	proxies = peer_list_new(config->trusted_proxies);
	if (proxies == NULL)
		return "MJC_TRUSTED_PROXIES must be a comma list of addresses or CIDR blocks";
	peer_list_free(proxies);
	return config_pay_fault(config);
}

/* An empty secret is none. */
static void
config_none_if_empty(char **text)
{
	if (*text == NULL || **text != '\0')
		return;
	free(*text);
	*text = NULL;
}

/* A page of the first origin, where none is named. False: no memory. */
static bool
config_page(const struct config *config, char **url, const char *path)
{
	const char *list = config->cors_origins;
	struct str origin = {"", 0};

	if (*url != NULL && **url != '\0')
		return true;
	free(*url);
	*url = NULL;
	while (text_list_next(&list, &origin) && origin.len == 0)
		;
	if (origin.len == 0)
		origin = (struct str){"http://localhost:3000", 21};
	if (asprintf(url, "%.*s%s", (int) origin.len, origin.ptr, path) >= 0)
		return true;
	*url = NULL;
	return false;
}

/* What stands for nothing, and what follows from another setting. False: no memory. */
static bool
config_complete(struct config *config)
{
	config_none_if_empty(&config->jwt_secret_previous);
	config_none_if_empty(&config->frontend_secret);
	config_none_if_empty(&config->stripe_key);
	config_none_if_empty(&config->stripe_webhook_secret);
	config_none_if_empty(&config->stripe_webhook_secret_previous);
	config_none_if_empty(&config->chargily_key);
	config_none_if_empty(&config->chargily_key_previous);
	config_none_if_empty(&config->yalidine_webhook_secret);
	for (size_t n = strlen(config->stripe_url); n > 0 && config->stripe_url[n - 1] == '/'; n--)
		config->stripe_url[n - 1] = '\0';
	for (size_t n = strlen(config->chargily_url); n > 0 && config->chargily_url[n - 1] == '/'; n--)
		config->chargily_url[n - 1] = '\0';
	if (config->dsn_read == NULL || *config->dsn_read == '\0')
	{
		free(config->dsn_read);
		config->dsn_read = strdup(config->dsn);
	}
	return config->dsn_read != NULL &&
		   config_page(config, &config->pay_success_url, "/payment/success") &&
		   config_page(config, &config->pay_failure_url, "/payment/failure");
}

static bool
config_fill(struct config *config, const struct config_file *file, char *error, size_t size)
{
	const char *fault;

	for (size_t i = 0; i < CONFIG_ENTRIES; i++)
	{
		char *text;

		if (!config_text(&config_table[i], file, &text, error, size))
			return false;
		if (text != NULL && !config_store(config, &config_table[i], text, error, size))
			return false;
	}
	fault = config_complete(config) ? config_fault(config) : "out of memory";
	if (fault != NULL)
		snprintf(error, size, "%s", fault);
	return fault == NULL;
}

bool
config_load(struct config *config, const char *file, char *error, size_t error_size)
{
	struct config_file lines = {0};
	bool ok;

	memset(config, 0, sizeof(*config));
	ok = (file == NULL || config_file_load(&lines, file, error, error_size)) &&
		 config_fill(config, &lines, error, error_size);
	if (lines.text != NULL)
		explicit_bzero(lines.text, strlen(lines.text));
	free(lines.text);
	free(lines.pairs);
	if (!ok)
		config_free(config);
	return ok;
}

void
config_free(struct config *config)
{
	for (size_t i = 0; i < CONFIG_ENTRIES; i++)
	{
		char *text;

		if (config_table[i].type != CONFIG_STRING && config_table[i].type != CONFIG_SECRET)
			continue;
		memcpy(&text, (char *) config + config_table[i].offset, sizeof(text));
		if (text != NULL)
			explicit_bzero(text, strlen(text));
		free(text);
	}
	memset(config, 0, sizeof(*config));
}

void
config_help(FILE *out)
{
	for (size_t i = 0; i < CONFIG_ENTRIES; i++)
	{
		const struct config_entry *entry = &config_table[i];

		fprintf(out, "  %-34s %s", entry->name, entry->help);
		if (entry->type == CONFIG_LONG)
			fprintf(out, " (%ld to %ld)", entry->min, entry->max);
		if (entry->value != NULL && *entry->value != '\0')
			fprintf(out, " [%s]", entry->value);
		if (entry->type == CONFIG_SECRET)
			fprintf(out, "; or %s_FILE", entry->name);
		fputc('\n', out);
	}
}
