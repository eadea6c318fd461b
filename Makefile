# MJ Chauffage: a PostgreSQL extension (extension/, sql/) and its HTTP server,
# the shim (shim/). `make help` lists what can be made.
#
# Read in two passes. The outer one needs nothing but make: it takes the build
# lock and calls this file again inside the build folder, where PGXS is included
# (MJC_BUILD set). So `make run` works before PostgreSQL is installed, nothing is
# built beside the sources, and two makes at once do not trip over each other.
#
#   VARIANT=           gcc, optimised, in .build/
#   VARIANT=clang      the same with clang, in .build/clang/
#   VARIANT=asan       AddressSanitizer and UBSan, in .build/asan/
#   VARIANT=coverage   gcov, in .build/coverage/
#   VARIANT=nosales    orders that no sales figure knows, for make bench-sales, in .build/nosales/

# The parts of the extension script in the order in which they are joined. A
# part may use what stands before it.
SQL_PARTS = prelude money words tax text fold part_number csv aggregate numbering account audit session privacy outbox webhook idempotency document setting partition event \
	catalogue facet search_refresh search search_api card shelf counter catalogue_api media stock stock_read pricing quote price_list promotion article category kind article_api review \
	tariff credit pricing_api cart cart_api order order_api sale payment payment_api shipment provider \
	customer address customer_api account_api consent erasure join invoice invoice_page person order_edit order_staff export \
	supersession boiler plate fitment boiler_api diagram customer_boiler boiler_staff \
	report report_api traffic_api figure import import_product import_link import_api \
	job invariants_catalogue invariants install grants

# The newest server that is here with its development files, else the one on PATH.
PG_VERSIONS = 18 17 16 15
PG_HOMES = $(foreach v,$(PG_VERSIONS),$(if $(and \
	$(wildcard /usr/lib/postgresql/$v/bin/postgres), \
	$(wildcard /usr/lib/postgresql/$v/lib/pgxs/src/makefiles/pgxs.mk)), \
	/usr/lib/postgresql/$v))
PG_CONFIG ?= $(firstword $(addsuffix /bin/pg_config,$(PG_HOMES)) pg_config)

BUILD = .build$(if $(VARIANT),/$(VARIANT))

ifndef MJC_BUILD
#------------------------------------------------------------------ outer pass

.DEFAULT_GOAL := all
.SUFFIXES:
BUILD_GOALS = all extension shim unit install uninstall \
	install-extension uninstall-extension fuzz-build client-build
COMMANDS = run test psql dashboard import dsn staff upgrade installcheck lint format asan \
	coverage fuzz test-fault test-client test-attack bench clean help packages
.PHONY: $(BUILD_GOALS) $(COMMANDS)

UP = ..$(if $(VARIANT),/..)
INNER = flock $(BUILD)/lock $(MAKE) --no-print-directory -C $(BUILD) -f $(UP)/Makefile \
	MJC_BUILD=1 VPATH=$(UP) PG_CONFIG=$(PG_CONFIG) VARIANT=$(VARIANT) with_llvm=no
BUILD_ALL = echo "building…"; $(MAKE) -s --no-print-directory -j$$(nproc)
SHOP = MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) \
	exec setpriv --pdeathsig TERM docker/shop.sh

$(BUILD_GOALS): ## build goals are made in the build folder
	@mkdir -p $(BUILD)
	@command -v $(PG_CONFIG) >/dev/null || { \
		echo "make: no pg_config: install PostgreSQL's development files (make packages does) or name it with PG_CONFIG=" >&2; exit 1; }
	+@$(INNER) $@

all: ## the extension and the shim
install: ## both into the server's folders and PREFIX (DESTDIR is honoured)
install-extension: ## the extension alone, for a server without the shim

packages: ## install the Debian packages that make run and make test need
	@docker/packages.sh test

run: ## start the shop: packages, build, database, demo catalogue, REST on :3001
	@docker/packages.sh run
	+@$(BUILD_ALL) all
	@$(SHOP) run

test: ## every check that must hold; T=FILE runs one of them
	@docker/packages.sh test
	+@$(BUILD_ALL) all unit
	@MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) exec setpriv --pdeathsig TERM test/run.sh $(T)

test-fault: ## the long tests: what a killed program, a full disk, a lost line does
	+@MJC_FSYNC=on $(MAKE) --no-print-directory test T="$(or $(T),$(sort $(wildcard test/fault/*.t)))"

# The only target that asks the npm registry; the versions are those of package-lock.json.
CLIENT = $(BUILD)/client
test-client: ## the clients of other people: npm's for tokens and providers, psql, JDBC, ODBC, psycopg2 for reports
	@docker/packages.sh client
	+@$(BUILD_ALL) all client-build
	@mkdir -p $(CLIENT) && cp test/client/package.json test/client/package-lock.json $(CLIENT)
	@cmp -s $(CLIENT)/package-lock.json $(CLIENT)/node_modules/.lock || { \
		(cd $(CLIENT) && npm ci --silent --ignore-scripts --no-audit --no-fund) && \
		cp $(CLIENT)/package-lock.json $(CLIENT)/node_modules/.lock; }
	@MJC_TEST_CLIENT=$(abspath $(CLIENT)) MJC_TEST_VERIFY=$(abspath $(BUILD))/test/client/verify \
		MJC_TEST_PROVIDER=$(abspath $(BUILD))/test/client/provider \
		MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) exec setpriv --pdeathsig TERM \
		test/run.sh $(or $(T),$(filter-out %/lib.mjs,$(wildcard test/client/*.mjs test/client/*.t)))

test-attack: ## sqlmap on every route, sqlsmith for SQLSMITH_SECONDS (900) as the shim and as an analyst
	@docker/packages.sh attack
	+@$(BUILD_ALL) all
	@MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) exec setpriv --pdeathsig TERM \
		test/run.sh $(or $(T),$(sort $(wildcard test/attack/*.t)))

bench: $(patsubst test/bench/%.sh,bench-%,$(wildcard test/bench/*.sh)) ## all measurements; bench-<name> for one
bench-%: test/bench/%.sh
	@docker/packages.sh bench
	+@$(BUILD_ALL) all unit
	@MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) exec setpriv --pdeathsig TERM $<

psql: ## psql on the running shop, as staff
	@MJC_PG_CONFIG=$(PG_CONFIG) exec docker/shop.sh psql

dashboard: ## the running shop at a glance: sales, stock, what is to do
	@MJC_PG_CONFIG=$(PG_CONFIG) exec docker/shop.sh dashboard

import: ## FILE=parts.csv into the running shop's catalogue [KIND=products|cross_references|fitments] [DRY=yes] [MAPPING={"column": "field"}]
	@MJC_PG_CONFIG=$(PG_CONFIG) exec docker/shop.sh import '$(FILE)' '$(or $(KIND),products)' '$(or $(DRY),no)' '$(or $(MAPPING),{})'

dsn: ## print the staff connection of the running shop as a URI
	@MJC_PG_CONFIG=$(PG_CONFIG) exec docker/shop.sh dsn

staff: ## a login for a person: NAME=x [ROLE=admin|analyst] [EMAIL= of the REST account]
	@MJC_PG_CONFIG=$(PG_CONFIG) exec docker/shop.sh staff '$(NAME)' '$(or $(ROLE),admin)' '$(EMAIL)'

upgrade: ## bring the database that PGDATABASE, PGHOST... name to this version
	@psql -Xq -v ON_ERROR_STOP=1 -c "SET lock_timeout = '5s'" -c BEGIN \
		-c 'ALTER EXTENSION mjchauffage UPDATE' -c 'SELECT mjc.install()' -c COMMIT
	@echo "building what is derived from products…"
	@while n=$$(psql -XqAt -v ON_ERROR_STOP=1 -c 'SELECT mjc.catalogue_fill(1000)') || exit 1; [ "$$n" -gt 0 ]; do :; done

installcheck: ## the SQL tests on a server that PGHOST, PGPORT... name
	@MJC_PG_CONFIG=$(PG_CONFIG) MJC_VARIANT=$(VARIANT) exec test/run.sh --installcheck $(T)

lint: ## clang's warnings, clang-format and the lints of test/lint
	@docker/packages.sh test
	+@$(BUILD_ALL) VARIANT=clang all unit
	@clang-format --dry-run --Werror $(C_FILES)
	@prove --exec test/one.sh test/lint

format: ## apply .clang-format
	@clang-format -i $(C_FILES)

asan: ## make test with AddressSanitizer and UBSan in extension and shim
	+@$(MAKE) --no-print-directory VARIANT=asan test

coverage: ## make test with gcov; the table ends the output
	@docker/packages.sh coverage
	@find .build/coverage -name '*.gcda' -delete 2>/dev/null || true
	+@$(MAKE) --no-print-directory VARIANT=coverage test; status=$$?; \
	gcovr --root . --exclude test/ --exclude '.*schema_text.c' .build/coverage 2>/dev/null; \
	exit $$status

fuzz: ## feed the shim's parsers with libFuzzer: FUZZ_SECONDS (60) each, FUZZ_JOBS (1) at a time; T=NAME runs one
	@docker/packages.sh test
	+@$(BUILD_ALL) fuzz-build
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) FUZZ_JOBS=$(or $(FUZZ_JOBS),1) FUZZ_KEEP=$(FUZZ_KEEP) \
		MJC_VARIANT=$(VARIANT) exec setpriv --pdeathsig TERM prove --exec '' test/fuzz/run.sh $(if $(T),:: $(T))

clean: ## remove what was built
	@rm -rf .build

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F '\t' '{ printf "make %-18s %s\n", $$1, $$2 }'

C_FILES = $(wildcard extension/*.[ch] shim/*.[ch] test/*/*.[ch] test/fuzz/replay/*.c)

else
#------------------------------------------------------------------ inner pass

MJC_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(VPATH)/mjchauffage.control)

# What a changed flag or version stands in.
BUILD_RULES = $(VPATH)/Makefile $(VPATH)/mjchauffage.control

# Sanitizers and coverage: the same flags to compile and to link both programs.
VARIANT_FLAGS_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-wrapv
VARIANT_FLAGS_coverage = -O0 -g --coverage
VARIANT_FLAGS_nosales = -DMJC_NO_SALES
VARIANT_FLAGS = $(VARIANT_FLAGS_$(VARIANT))
COMPILER_NAME = $(if $(filter clang,$(VARIANT)),clang,gcc)
# Flags of the server's own compiler that clang does not know.
CLANG_FLAGS = $(if $(filter clang,$(COMPILER_NAME)), \
	-Wno-unknown-warning-option -Wno-ignored-optimization-argument)
override CC := $(COMPILER_NAME)

# --- the extension, by PGXS
MODULE_big = mjchauffage
EXTENSION = mjchauffage
EXTENSION_SCRIPT = mjchauffage--$(MJC_VERSION).sql
DATA_built = $(EXTENSION_SCRIPT)
DATA = $(notdir $(wildcard $(VPATH)/sql/upgrade/*.sql))
EXTENSION_OBJS = $(patsubst $(VPATH)/%.c,%.o,$(wildcard $(VPATH)/extension/*.c))
OBJS = $(EXTENSION_OBJS) extension/schema_text.o
# The server's headers count as the system's, or our warnings would stop at theirs.
PG_CPPFLAGS = -DMJC_VERSION='"$(MJC_VERSION)"' -I$(VPATH)/extension \
	-isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wvla -Wundef \
	-Wno-unused-parameter -Wno-sign-compare -Wno-declaration-after-statement \
	$(CLANG_FLAGS) $(VARIANT_FLAGS)
SHLIB_LINK = -Wl,--version-script=$(VPATH)/extension/exports.map -Wl,-Bsymbolic-functions \
	$(VARIANT_FLAGS)
NO_INSTALLCHECK = 1

PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) names no PGXS: install the server's development files (make packages does))
endif
include $(PGXS)

vpath %.sql $(VPATH)/sql/upgrade

COMPILE_DEPS = -MMD -MP
$(EXTENSION_OBJS): %.o: $(VPATH)/%.c $(BUILD_RULES) | extension/.made
	$(CC) $(CFLAGS) $(CPPFLAGS) $(COMPILE_DEPS) -c -o $@ $<
extension/schema_text.o: extension/schema_text.c
	$(CC) $(CFLAGS) $(CPPFLAGS) $(COMPILE_DEPS) -c -o $@ $<
$(shlib): $(VPATH)/extension/exports.map

SCHEMA_SQL = $(wildcard $(VPATH)/sql/schema/*.sql $(VPATH)/sql/repeat/*.sql) \
	$(VPATH)/sql/distribution.sql
extension/schema_text.c: $(VPATH)/extension/schema_text.pl $(SCHEMA_SQL) \
		$(VPATH)/sql/schema $(VPATH)/sql/repeat | extension/.made
	perl $< $(VPATH)/sql > $@.new && mv $@.new $@

$(EXTENSION_SCRIPT): $(patsubst %,$(VPATH)/sql/%.sql,$(SQL_PARTS)) $(BUILD_RULES)
	{ printf '%s\n' '\echo Use "CREATE EXTENSION mjchauffage" to load this file. \quit'; \
	  for part in $(SQL_PARTS); do \
		echo; echo "-- sql/$$part.sql"; cat $(VPATH)/sql/$$part.sql || exit 1; \
	  done; } > $@.new && mv $@.new $@

# --- the shim
PREFIX = /usr/local
SHIM = shim/mjc-shim
SHIM_SOURCES = $(wildcard $(VPATH)/shim/*.c)
SHIM_OBJS = $(patsubst $(VPATH)/%.c,%.o,$(SHIM_SOURCES))
SHIM_PARTS = $(filter-out shim/main.o,$(SHIM_OBJS))
SHIM_WARNINGS = -Wall -Wextra -Werror -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes
SHIM_HARDENING = $(if $(VARIANT_FLAGS),,-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
SHIM_CPPFLAGS = -D_GNU_SOURCE -DMJC_VERSION='"$(MJC_VERSION)"' -I$(VPATH)/shim \
	-I$(shell $(PG_CONFIG) --includedir)
SHIM_CFLAGS = -std=c11 -g $(SHIM_WARNINGS) $(SHIM_HARDENING) -fPIE $(VARIANT_FLAGS)
SHIM_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT_FLAGS) \
	-L$(shell $(PG_CONFIG) --libdir)
SHIM_LIBS = -lmicrohttpd -lpq -ljansson -lcurl -lcrypto -lcrypt -lz -pthread

.PHONY: extension shim unit install-extension uninstall-extension install-shim uninstall-shim \
	fuzz-build client-build
extension: $(shlib) $(EXTENSION_SCRIPT)
shim: $(SHIM)
all: $(SHIM)

$(SHIM): $(SHIM_OBJS)
	$(CC) $(SHIM_CFLAGS) -o $@ $^ $(SHIM_LDFLAGS) $(SHIM_LIBS)
$(SHIM_OBJS): %.o: $(VPATH)/%.c $(BUILD_RULES) | shim/.made
	$(CC) $(SHIM_CPPFLAGS) $(SHIM_CFLAGS) $(COMPILE_DEPS) -c -o $@ $<

install-extension: extension installdirs install-lib
	$(INSTALL_DATA) $(VPATH)/mjchauffage.control $(addprefix $(VPATH)/sql/upgrade/,$(DATA)) \
		$(DATA_built) '$(DESTDIR)$(datadir)/extension/'
uninstall-extension: uninstall-lib
	rm -f '$(DESTDIR)$(datadir)'/extension/mjchauffage.control \
		'$(DESTDIR)$(datadir)'/extension/mjchauffage--*.sql
install: install-shim
install-shim: $(SHIM)
	$(MKDIR_P) '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL_PROGRAM) $(SHIM) '$(DESTDIR)$(PREFIX)/bin/mjc-shim'
uninstall: uninstall-shim
uninstall-shim:
	rm -f '$(DESTDIR)$(PREFIX)/bin/mjc-shim'

# --- C tests: one TAP program over the shim's parts; one fuzz target a file, and the same
# target with its kept inputs alone
REPLAYS = $(patsubst $(VPATH)/%.c,%,$(wildcard $(VPATH)/test/fuzz/*.c))
UNIT_OBJS = $(patsubst $(VPATH)/%.c,%.o,$(wildcard $(VPATH)/test/shim/*.c))
unit: $(if $(UNIT_OBJS),test/shim/unit) $(if $(filter asan,$(VARIANT)),test/asan/nonls.so) \
	test/bench/slowflush.so $(REPLAYS)
test/shim/unit: $(UNIT_OBJS) $(SHIM_PARTS)
	$(CC) $(SHIM_CFLAGS) -o $@ $^ $(SHIM_LDFLAGS) $(SHIM_LIBS)
$(UNIT_OBJS): %.o: $(VPATH)/%.c $(BUILD_RULES) | test/shim/.made
	$(CC) $(SHIM_CPPFLAGS) $(SHIM_CFLAGS) $(COMPILE_DEPS) -c -o $@ $<
test/asan/nonls.so: $(VPATH)/test/asan/nonls.c | test/asan/.made
	$(CC) -O1 -fPIC -shared -o $@ $<
test/bench/slowflush.so: $(VPATH)/test/bench/slowflush.c | test/bench/.made
	$(CC) -O2 -Wall -Wextra -Werror -fPIC -shared -o $@ $<

# What a token costs to judge, what is said to providers: for the clients of test/client.
CLIENT_PROGRAMS = test/client/verify test/client/provider
client-build: $(CLIENT_PROGRAMS)
$(CLIENT_PROGRAMS): %: %.o $(SHIM_PARTS)
	$(CC) $(SHIM_CFLAGS) -o $@ $^ $(SHIM_LDFLAGS) $(SHIM_LIBS)
$(CLIENT_PROGRAMS:=.o): %.o: $(VPATH)/%.c $(BUILD_RULES) | test/client/.made
	$(CC) $(SHIM_CPPFLAGS) $(SHIM_CFLAGS) $(COMPILE_DEPS) -c -o $@ $<

FUZZ = $(patsubst $(VPATH)/test/%.c,%,$(wildcard $(VPATH)/test/fuzz/*.c))
REPLAY_OBJS = $(addprefix test/,$(FUZZ:=.o)) test/fuzz/replay.o
$(REPLAYS): %: %.o test/fuzz/replay.o $(SHIM_PARTS)
	$(CC) $(SHIM_CFLAGS) -o $@ $^ $(SHIM_LDFLAGS) $(SHIM_LIBS)
$(addprefix test/,$(FUZZ:=.o)): %.o: $(VPATH)/%.c $(BUILD_RULES) | test/fuzz/.made
	$(CC) $(SHIM_CPPFLAGS) $(SHIM_CFLAGS) $(COMPILE_DEPS) -c -o $@ $<
test/fuzz/replay.o: $(VPATH)/test/fuzz/replay/replay.c $(BUILD_RULES) | test/fuzz/.made
	$(CC) $(SHIM_CPPFLAGS) $(SHIM_CFLAGS) $(COMPILE_DEPS) -c -o $@ $<

FUZZ_FLAGS = -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJS = $(addprefix fuzz/,$(SHIM_PARTS))
fuzz-build: $(FUZZ)
$(FUZZ): %: $(VPATH)/test/%.c $(FUZZ_OBJS) | fuzz/.made
	clang $(SHIM_CPPFLAGS) $(FUZZ_FLAGS) $(COMPILE_DEPS) -o $@ $< $(FUZZ_OBJS) $(SHIM_LIBS)
$(FUZZ_OBJS): fuzz/%.o: $(VPATH)/%.c $(BUILD_RULES) | fuzz/shim/.made
	clang $(SHIM_CPPFLAGS) $(FUZZ_FLAGS) $(COMPILE_DEPS) -c -o $@ $<

$(addsuffix /.made,extension shim test/shim test/asan test/bench test/client test/fuzz fuzz fuzz/shim):
	@mkdir -p $(@D) && touch $@

-include $(OBJS:.o=.d) $(SHIM_OBJS:.o=.d) $(UNIT_OBJS:.o=.d) $(CLIENT_PROGRAMS:=.d) \
	$(REPLAY_OBJS:.o=.d) $(FUZZ_OBJS:.o=.d) $(FUZZ:=.d)
endif
