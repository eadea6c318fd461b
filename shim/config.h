/*
 * config.h - the settings of the shim, read once at the start.
 *
 * Each setting comes from the environment, else from the file named by
 * --config, else from its default. Nothing changes them afterwards.
 */
#ifndef MJC_SHIM_CONFIG_H
#define MJC_SHIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config
{
	char *listen;
	char *metrics_listen;
	char *dsn;
	char *dsn_read;
	char *jwt_secret;
	char *jwt_secret_previous; /* NULL when there is none */
	char *cors_origins;		   /* comma list */
	char *trusted_proxies;	   /* comma list of addresses and CIDR blocks */
	char *cookie_domain;
	char *environment;
	char *log_level;
	char *frontend_secret;	/* NULL when there is none */
	char *google_client_id; /* empty: no sign-in by Google's tokens */
	char *google_jwks_file;
	char *stripe_key; /* NULL, as each of the next five: not configured */
	char *stripe_webhook_secret;
	char *stripe_webhook_secret_previous;
	char *chargily_key; /* signs the webhooks too */
	char *chargily_key_previous;
	char *yalidine_webhook_secret;
	char *stripe_url; /* without a slash at the end, like the next one */
	char *chargily_url;
	char *pay_success_url; /* pages of the frontend; never NULL, like the next one */
	char *pay_failure_url;
	char *pay_ca_file; /* empty: the system's certificates */
	char *pdf_program; /* empty: no PDF */
	char *files_dir;   /* empty: no files */
	char *rate_limits; /* a list like LIMIT_DEFAULTS */
	double rate_scale;
	long read_connections;
	long write_connections;
	long slow_connections;
	long event_connections;
	long event_queue;
	long read_busy;
	long write_busy;
	bool late_answers;
	long cache_ms;
	long cache_bytes;
	long max_connections;
	long body_limit;
	long header_timeout_s;
	long request_timeout_s;
	long db_timeout_s;
	long queue_timeout_ms;
	long drain_timeout_s;
	long bcrypt_threads;
	long bcrypt_queue;
	long housekeep_interval_s;
	long pay_timeout_ms;
	long pdf_timeout_s;
	long files_quota_mb;
	bool cookie_secure;
	bool webhooks; /* other systems are told of orders */
};

/*
 * config_load - read every setting from the environment and the given file.
 *
 * file: path of KEY=VALUE lines, or NULL. On success returns true and the
 * caller owns the strings (config_free). On failure returns false with one
 * line in error that names the key and never holds a secret's value.
 */
bool config_load(struct config *config, const char *file, char *error, size_t error_size);

/* config_free - release the strings, wiping the secrets. */
void config_free(struct config *config);

/* config_help - print the table of settings. */
void config_help(FILE *out);

#endif
