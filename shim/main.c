/*
 * main.c - mjc-shim, the HTTP server of the shop: start, serve, stop.
 *
 * Prints JSON lines on standard output and nothing else while it serves; what
 * keeps it from starting is one line on standard error and exit code 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "app.h"
#include "cache.h"
#include "clock.h"
#include "config.h"
#include "db.h"
#include "deliver.h"
#include "gzip.h"
#include "housekeep.h"
#include "http.h"
#include "id_token.h"
#include "limit.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "metrics.h"
#include "metrics_http.h"
#include "outcall.h"
#include "pdf.h"
#include "routes.h"
#include "store.h"
#include "sweep.h"
#include "task.h"
#include "token.h"
#include "upload.h"
#include "version.h"
#include "worker.h"

#define MAIN_SPARE_FILES 512
#define MAIN_FILE_JOBS 64 /* uploads that store, and the sweep */
#define MAIN_OUTCALLS 64  /* calls of providers at a time */

static int
main_fail(const char *what)
{
	fprintf(stderr, "mjc-shim: %s\n", what);
	return 1;
}

static void
main_help(void)
{
	puts("mjc-shim - REST server of MJ Chauffage\n"
		 "\n"
		 "  mjc-shim [--config FILE]             serve\n"
		 "  mjc-shim [--config FILE] --check     check the settings\n"
		 "  mjc-shim --print-routes              the route table, one line a route\n"
		 "  mjc-shim --hash-password             bcrypt hash of the line on standard input\n"
		 "  mjc-shim [--config FILE] --mint-token ROLE SUB TV [SECONDS [SESSION]]\n"
		 "                                       an access token, for tests\n"
		 "  mjc-shim --version | --help\n"
		 "\n"
		 "Settings, from the environment or as KEY=VALUE lines of FILE:");
	config_help(stdout);
}

/* Read one line from standard input and print its hash. */
static int
main_hash_password(void)
{
	char line[WORKER_PASSWORD_MAX + 3];
	char hash[WORKER_HASH_MAX];
	size_t len;
	bool ok;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return main_fail("no password on standard input");
	len = strcspn(line, "\r\n");
	if (len == 0 || len > WORKER_PASSWORD_MAX)
	{
		explicit_bzero(line, sizeof(line));
		return main_fail("a password has 1 to 72 bytes");
	}
	line[len] = '\0';
	ok = worker_hash(line, hash);
	explicit_bzero(line, sizeof(line));
	if (!ok)
		return main_fail("cannot make a bcrypt hash");
	puts(hash);
	return 0;
}

/* A whole number in a range from an argument; false when it is none. */
static bool
main_number(const char *text, long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

static int
main_mint_token(const struct config *config, int argc, char **argv)
{
	struct token_secrets secrets;
	struct caller who = {.present = true};
	long seconds = TOKEN_STAFF_LIFE_S;
	char *token;

	if (argc < 3 || argc > 5 || !main_number(argv[2], 0, 2147483647, &who.token_version) ||
		(argc >= 4 && !main_number(argv[3], -31536000, 31536000, &seconds)) ||
		strlen(argv[0]) >= sizeof(who.role) || strlen(argv[1]) >= sizeof(who.account_id) ||
		(argc == 5 && strlen(argv[4]) >= sizeof(who.token_id)))
		return main_fail("usage: mjc-shim --mint-token ROLE SUB TV [SECONDS [SESSION]]");
	if (argc == 5)
		snprintf(who.token_id, sizeof(who.token_id), "%s", argv[4]);
	snprintf(who.role, sizeof(who.role), "%s", argv[0]);
	snprintf(who.account_id, sizeof(who.account_id), "%s", argv[1]);
	login_secrets(config, &secrets);
	token = token_mint(&secrets, &who, time(NULL), seconds);
	if (token == NULL)
		return main_fail("cannot make such a token");
	puts(token);
	free(token);
	return 0;
}

/* Descriptors 0 to 2 are open, signals are blocked, there is room for sockets. */
static bool
main_prepare(const struct config *config)
{
	struct rlimit files;
	const struct rlimit no_core = {0, 0};
	rlim_t want = (rlim_t) config->max_connections + MAIN_SPARE_FILES;
	sigset_t set;
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
	/* Secrets stay out of core files, also of those that a program gets through a pipe. */
	(void) setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__ /* the leak check has to look into the process */
	(void) prctl(PR_SET_DUMPABLE, 0);
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < want)
	{
		files.rlim_cur = files.rlim_max < want ? files.rlim_max : want;
		(void) setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0;
}

/* Make every part, the listeners last. */
static bool
main_open(struct app *app, char *error, size_t size)
{
	const struct config *config = app->config;

	snprintf(error, size, "out of memory");
	app->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	app->now_ms = clock_ms();
	app->start_ms = app->now_ms;
	app->start_time = time(NULL);
	app->log = log_new(STDOUT_FILENO, log_level_parse(config->log_level));
	app->metrics = metrics_new();
	app->limit = limit_new(config->rate_limits, config->rate_scale, 0);
	app->gzip = gzip_new();
	if (app->epoll_fd < 0 || app->log == NULL || app->metrics == NULL || app->limit == NULL ||
		app->gzip == NULL)
		return false;
	if (config->cache_ms > 0)
	{
		app->cache = cache_new((size_t) config->cache_bytes, config->cache_ms);
		if (app->cache == NULL)
			return false;
	}
	app->http = http_new(app, error, size);
	if (app->http == NULL)
		return false;
	if (strcmp(config->metrics_listen, "off") != 0)
	{
		app->metrics_http = metrics_http_new(app, error, size);
		if (app->metrics_http == NULL)
			return false;
	}
	snprintf(error, size, "cannot start");
	app->worker = worker_new(app, config->bcrypt_threads, config->bcrypt_queue);
	app->id_keys = id_keys_new(config->google_jwks_file, config->google_client_id);
	app->db = db_new(app);
	app->housekeep = housekeep_new(app);
	app->outcall = outcall_new(app, config->pay_timeout_ms, config->pay_ca_file, MAIN_OUTCALLS);
	app->pdf = pdf_new(app, config->pdf_program, config->pdf_timeout_s);
	if (*config->files_dir != '\0' && (app->store = store_new(config->files_dir)) == NULL)
	{
		snprintf(error, size, "cannot use the folder of MJC_FILES_DIR");
		return false;
	}
	app->filer = worker_new(app, 1, MAIN_FILE_JOBS);
	app->uploads = uploads_new(app);
	app->sweep = sweep_new(app);
	app->task = task_new(app);
	app->deliver = deliver_new(app);
	return app->outcall != NULL && app->pdf != NULL && app->task != NULL && app->deliver != NULL &&
		   app->filer != NULL && app->uploads != NULL && app->sweep != NULL &&
		   app->worker != NULL && app->id_keys != NULL && app->db != NULL && app->housekeep != NULL;
}

/* The order matters: what holds requests goes before what they lie in. */
static void
main_close(struct app *app)
{
	worker_free(app->worker);
	worker_free(app->filer);
	outcall_free(app->outcall);
	pdf_free(app->pdf);
	db_free(app->db);
	app->db = NULL;
	http_free(app->http);
	metrics_http_free(app->metrics_http);
	housekeep_free(app->housekeep);
	task_free(app->task);
	deliver_free(app->deliver);
	uploads_free(app->uploads);
	sweep_free(app->sweep);
	store_free(app->store);
	id_keys_free(app->id_keys);
	limit_free(app->limit);
	gzip_free(app->gzip);
	cache_free(app->cache);
	metrics_free(app->metrics);
	log_free(app->log);
	if (app->epoll_fd >= 0)
		close(app->epoll_fd);
}

static int
main_serve(const struct config *config)
{
	struct app app = {.config = config, .epoll_fd = -1};
	char error[512];
	int code;

	if (!main_prepare(config))
		return main_fail("cannot block signals");
	if (!main_open(&app, error, sizeof(error)))
	{
		main_close(&app);
		return main_fail(error);
	}
	log_always(app.log, "ready");
	log_text(app.log, "listen", config->listen);
	log_text(app.log, "version", MJC_VERSION);
	log_end(app.log);
	log_flush(app.log);
	code = loop_run(&app);
	log_begin(app.log, LOG_INFO, "stopped");
	log_end(app.log);
	main_close(&app);
	return code;
}

/* What the command line asks for. */
struct command
{
	const char *config_file;
	bool check;
	char **mint; /* the arguments after --mint-token */
	int nmint;
};

/* Returns -1 to go on, else the exit code. */
static int
main_arguments(int argc, char **argv, struct command *command)
{
	for (int i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			command->config_file = argv[++i];
		else if (strcmp(argv[i], "--check") == 0)
			command->check = true;
		else if (strcmp(argv[i], "--mint-token") == 0)
		{
			command->mint = argv + i + 1;
			command->nmint = argc - i - 1;
			return -1;
		}
		else if (strcmp(argv[i], "--print-routes") == 0)
		{
			routes_print(stdout);
			return 0;
		}
		else if (strcmp(argv[i], "--hash-password") == 0)
			return main_hash_password();
		else if (strcmp(argv[i], "--version") == 0)
		{
			puts("mjc-shim " MJC_VERSION);
			return 0;
		}
		else if (strcmp(argv[i], "--help") == 0)
		{
			main_help();
			return 0;
		}
		else
			return main_fail("unknown argument, see --help");
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct command command = {0};
	struct config config;
	char error[512];
	int code = main_arguments(argc, argv, &command);

	if (code >= 0)
		return code;
	if (!config_load(&config, command.config_file, error, sizeof(error)))
		return main_fail(error);
	json_object_seed(0);
	if (command.mint != NULL)
		code = main_mint_token(&config, command.nmint, command.mint);
	else if (command.check)
	{
		puts("ok");
		code = 0;
	}
	else
		code = main_serve(&config);
	config_free(&config);
	return code;
}
