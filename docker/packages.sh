#!/usr/bin/env bash
#
# packages.sh - installs the Debian packages that are missing.
#
# usage: packages.sh run | test | coverage | client | attack | bench | list
#
# run: what building and serving needs   test: run and what the tests need
# coverage: test and gcovr               client: test and what make test-client needs
# attack: test and the attackers         bench: test and what measures
# list: print them with their reasons
#
# This is the one list of packages. PG stands for the PostgreSQL version: the
# newest that is installed whole, else the newest that Debian offers here.

set -u

readonly VERSIONS="18 17 16 15"
readonly RUN_PACKAGES="
postgresql-PG|the database server
postgresql-server-dev-PG|headers and PGXS, to build the extension
gcc|compiler
libc6-dev|C library headers
libmicrohttpd-dev|HTTP in the shim
libjansson-dev|JSON in the shim
libpq-dev|the shim's way to PostgreSQL
libssl-dev|token signatures and the names of files in the shim
libcurl4-openssl-dev|calls of payment providers in the shim
libcrypt-dev|bcrypt in the shim
zlib1g-dev|gzip and the checksums of PNG files in the shim
weasyprint|documents as PDF
python3-munkres|what weasyprint needs, instead of python3-scipy: 370 MB less
fonts-dejavu-core|French and Arabic letters of a PDF
curl|to try what the shop serves
"
readonly TEST_PACKAGES="
postgresql-PG-pgtap|SQL tests
libipc-run-perl|tests that start and watch processes
perl|prove and the Perl tests
poppler-utils|looks into a PDF
nginx-light|the server in front, for its test
openssl|a certificate for that test
clang|the second compiler, fuzzing
clang-format|the layout check
"
readonly COVERAGE_PACKAGES="
gcovr|make coverage
"
readonly CLIENT_PACKAGES="
nodejs|runs the clients of make test-client
npm|installs them
default-jdk-headless|runs the JDBC client
libpostgresql-jdbc-java|JDBC
odbc-postgresql|ODBC
unixodbc|isql
python3-pyodbc|the ODBC client
python3-psycopg2|the psycopg2 client
"
readonly ATTACK_PACKAGES="
sqlmap|looks for SQL injection in every route (make test-attack)
sqlsmith|random SQL as the logins of the shop (make test-attack)
"
readonly BENCH_PACKAGES="
wrk|HTTP load (make bench-door, make bench-search, make bench-orders)
nodejs|runs DuckDB (make bench-analytics)
npm|installs it
"

die()
{
	printf 'mjchauffage: %s\n' "$*" >&2
	exit 1
}

# A program that is here by other means than its package (node's own npm) serves as well.
installed()
{
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]] ||
		[[ $1 == npm && -x $(command -v npm) ]]
}

offered()
{
	[[ -n $(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([^(]\)/\1/p') ]]
}

# The PostgreSQL version to use; nothing when apt knows none (yet).
server_version()
{
	local v

	for v in $VERSIONS; do
		installed "postgresql-$v" && installed "postgresql-server-dev-$v" && { echo "$v"; return; }
	done
	for v in $VERSIONS; do
		offered "postgresql-$v" && offered "postgresql-server-dev-$v" && { echo "$v"; return; }
	done
}

# Package names of a list; while PG is unknown they end in -PG, which nothing has installed.
names()
{
	local row

	while IFS='|' read -r row _; do
		[[ -n $row ]] && echo "${row/-PG/-${PG:-PG}}"
	done <<<"$1"
}

missing()
{
	local name

	for name in $(names "$1"); do
		installed "$name" || echo "$name"
	done
}

# Runs apt-get as root, its talk kept in $log.
apt()
{
	local sudo=()

	[[ $EUID -eq 0 ]] || sudo=(sudo)
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

# Debian's server package makes and starts a cluster "main" of its own. Whoever has
# the package already keeps what he has; whoever gets it through us gets no second server.
without_main_cluster()
{
	local file=/etc/postgresql-common/createcluster.d/mjchauffage.conf sudo=()

	[[ $EUID -eq 0 ]] || sudo=(sudo)
	installed "postgresql-$PG" && return
	apt install -y --no-install-recommends postgresql-common || return 1
	"${sudo[@]}" mkdir -p "${file%/*}" &&
		echo "create_main_cluster = false" | "${sudo[@]}" tee "$file" >/dev/null
}

install_missing()
{
	local todo reached=yes

	todo=$(missing "$want" | sed 's/-PG//')
	[[ -x $(command -v apt-get) ]] ||
		die "these Debian packages are missing and there is no apt-get: $(echo $todo)"
	[[ $EUID -eq 0 || -x $(command -v sudo) ]] ||
		die "these packages are missing and neither root nor sudo is here: $(echo $todo)"

	log=$(mktemp) || die "no temporary file can be made in ${TMPDIR:-/tmp}"
	trap 'rm -f "$log"' EXIT
	echo "missing packages: $(echo $todo)"
	echo "asking Debian for them…"
	# A registry that fails is no reason to stop while another one has the packages.
	apt -o APT::Update::Error-Mode=any update || reached=
	if [[ -n ${PG:=$(server_version)} ]]; then
		todo=$(missing "$want")
		echo "installing: $(echo $todo)"
		without_main_cluster && apt install -y --no-install-recommends $todo && return
	fi
	[[ -n $reached ]] || die "the package registry cannot be reached: $(reason)"
	[[ -n $PG ]] || die "Debian offers none of PostgreSQL $VERSIONS here with its development files"
	die "the packages could not be installed: $(reason)"
}

# The first complaint of apt, in one line.
reason()
{
	local line

	line=$(grep -m 1 -E '^(E|W|Err):' "$log" || tail -n 1 "$log")
	echo "${line:-apt-get said nothing}"
}

case ${1-} in
	run) want=$RUN_PACKAGES ;;
	test) want=$RUN_PACKAGES$TEST_PACKAGES ;;
	coverage) want=$RUN_PACKAGES$TEST_PACKAGES$COVERAGE_PACKAGES ;;
	client) want=$RUN_PACKAGES$TEST_PACKAGES$CLIENT_PACKAGES ;;
	attack) want=$RUN_PACKAGES$TEST_PACKAGES$ATTACK_PACKAGES ;;
	bench) want=$RUN_PACKAGES$TEST_PACKAGES$BENCH_PACKAGES ;;
	list) want=$RUN_PACKAGES$TEST_PACKAGES$COVERAGE_PACKAGES$CLIENT_PACKAGES$ATTACK_PACKAGES$BENCH_PACKAGES ;;
	*) die "usage: packages.sh run|test|coverage|client|attack|bench|list" ;;
esac
PG=$(server_version)
if [[ $1 == list ]]; then
	sed -n "s/-PG/-${PG:-PG}/; s/|/\t/p" <<<"$want"
elif [[ -n $(missing "$want") ]]; then
	install_missing
fi
