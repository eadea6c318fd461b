# sql.t - what every statement of sql/ must say, read as text. What only a server
# can tell (owners, privileges, volatility as stored) is in test/sql.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Lint;
use Test::More;

my @parts = map { "sql/$_.sql" } sql_parts();
my @script = map { sql_statements($_) } grep { -e "$ROOT/$_" } @parts;
my @schema = map { sql_statements($_) } files(qr{^sql/schema/.*\.sql$});
my @repeat = map { sql_statements($_) } files(qr{^sql/repeat/.*\.sql$});
my @functions = map { function($_) } grep { $_->{text} =~ /^CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\b/i } @script, @repeat;

sub at
{
	my ($statement, $what) = @_;

	return "$statement->{file}:$statement->{line}: $what";
}

# Splits CREATE FUNCTION into name, argument types, words (all before and after the body).
sub function
{
	my ($statement) = @_;
	my $list = qr/\(((?:[^()']|'(?:[^']|'')*'|\((?:[^()]|\([^()]*\))*\))*)\)/;
	my ($name, $args) = $statement->{text} =~ /FUNCTION\s+([\w.]+)\s*$list/i
		or die at($statement, "cannot be read\n");
	my @in = grep { !/^OUT\s/i } split_list($args);

	return {
		%$statement,
		name => $name,
		types => join(',', map { type_of($_) } @in),
		nargs => scalar @in,
		words => $statement->{text} =~ s/\$(\w*)\$.*?\$\1\$//sr,
		body => $statement->{text} =~ /\$(\w*)\$(.*?)\$\1\$/s ? $2 : '',
	};
}

# "qty integer DEFAULT 1" and "integer" are both "integer".
sub type_of
{
	my ($arg) = @_;
	my $type = lc($arg =~ s/\s+(?:DEFAULT\b|=).*//sir =~ s/^(?:IN|INOUT|VARIADIC)\s+//ir);

	$type =~ s/^\w+\s+(?=\S)// unless $type =~ /^(?:double precision|timestamp with|time with|character varying)/;
	return $type =~ s/\s+/ /gr;
}

sub functions_without
{
	my ($what, $pattern, $which) = @_;

	return map { at($_, "$_->{name} $what") } grep { (!$which || $which->($_)) && $_->{words} !~ $pattern } @functions;
}

sub statements_with
{
	my ($what, $pattern, @statements) = @_;

	return map { at($_, $what) } grep { $_->{text} =~ s/'(?:[^']|'')*'/''/gr =~ $pattern } @statements;
}

#------------------------------------------------------------------ the script

sub parts
{
	my %part = map { $_ => 1 } @parts;

	ok(@parts > 5, 'SQL_PARTS of the Makefile can be read');
	rule('every part of SQL_PARTS is there', grep { !-e "$ROOT/$_" } @parts);
	rule('every file of sql/ is a part', grep { !$part{$_} && $_ ne 'sql/distribution.sql' } files(qr{^sql/[^/]+\.sql$}));
	is($parts[0], 'sql/prelude.sql', 'the script begins with its prelude');
	is($parts[-1], 'sql/grants.sql', 'the script ends with the privileges');
	return;
}

sub marks
{
	my $volatility = qr/\b(?:IMMUTABLE|STABLE|VOLATILE)\b/;

	rule('functions state their language', functions_without('has no LANGUAGE', qr/\bLANGUAGE\s+\w+/));
	rule('functions state their volatility', functions_without('is not IMMUTABLE, STABLE or VOLATILE', $volatility));
	rule('functions with arguments say what NULL does',
		functions_without('is neither STRICT nor CALLED ON NULL INPUT',
			qr/\bSTRICT\b|\bCALLED ON NULL INPUT\b/, sub { $_[0]{nargs} > 0 }));
	rule('functions state PARALLEL', functions_without('has no PARALLEL', qr/\bPARALLEL\s+(?:SAFE|UNSAFE|RESTRICTED)\b/));
	rule('a function that writes is never STRICT: given NULL it would do nothing',
		map { at($_, $_->{name}) } grep { $_->{words} =~ /\bVOLATILE\b/ && $_->{words} =~ /\bSTRICT\b/ } @functions);
	rule('SECURITY DEFINER comes with a fixed search_path',
		functions_without('has no SET search_path = pg_catalog, pg_temp',
			qr/\bSET\s+search_path\s*=\s*pg_catalog,\s*pg_temp(?!\s*,)/, sub { $_[0]{words} =~ /\bSECURITY\s+DEFINER\b/ }));
	rule('C functions are of this module', functions_without("is not from 'MODULE_PATHNAME'",
			qr/\bAS\s+'MODULE_PATHNAME'\s*,\s*'mjc_\w+'/, sub { $_[0]{words} =~ /\bLANGUAGE\s+C\b/i }));
	rule('functions are in a schema of the shop, those over report views with them',
		map { at($_, $_->{name}) } grep { $_->{name} !~ ($_->{file} =~ m{^sql/repeat/} ? qr/^mjc_report\.\w+$/ : qr/^mjc(?:_api)?\.\w+$/) } @functions);
	rule('report functions run as who calls them, with a fixed search_path, and write nothing',
		map { at($_, $_->{name}) } grep { $_->{name} =~ /^mjc_report\./ && ($_->{words} =~ /\bSECURITY\s+DEFINER\b|\bVOLATILE\b/
				|| $_->{words} !~ /\bSET\s+search_path\s*=\s*pg_catalog,\s*pg_temp(?!\s*,)/) } @functions);
	rule('report functions read report views alone',
		map { at($_, $_->{name}) } grep { $_->{name} =~ /^mjc_report\./ && $_->{body} =~ /\b(?:FROM|JOIN)\s+mjc\.(?!\w+\s*\()/i } @functions);
	rule('what the shim calls runs as mjc_owner',
		functions_without('is not SECURITY DEFINER', qr/\bSECURITY\s+DEFINER\b/, sub { $_[0]{name} =~ /^mjc_api\./ }));
	rule('no function is LEAKPROOF', map { at($_, $_->{name}) } grep { $_->{words} =~ /\bLEAKPROOF\b/ } @functions);
	rule('no signature uses the row type of a table', row_types());
	return;
}

sub row_types
{
	my $table = join '|', map { quotemeta } tables();

	return map { at($_, $_->{name}) }
		grep { $_->{words} =~ /\b(?:SETOF|RETURNS|TABLE|[(,]\s*\w+)\s+mjc\.(?:$table)\b(?!\s*\()/ } @functions;
}

# One comment a function, aggregate, type, domain, operator of the script.
sub comments
{
	my %comment = map { $_ => 1 }
		map { /^COMMENT\s+ON\s+FUNCTION\s+([\w.]+)\s*\(([^)]*)\)/i
			? "$1(" . join(',', map { type_of($_) } split_list($2)) . ')'
			: /^COMMENT\s+ON\s+(\w+)\s+([\w.]+)/i ? uc($1) . " $2" : () } map { $_->{text} } @script, @repeat;
	my %function = map { $_->{name} . "($_->{types})" => $_ } @functions;
	my @others = map { $_->{text} =~ /^CREATE\s+(AGGREGATE|TYPE|DOMAIN|SCHEMA|VIEW)\s+([\w.]+)/i
			? [ $_, uc($1) . " $2" ] : () } @script;

	rule('functions have a comment', map { at($function{$_}, $_) } sort grep { !$comment{$_} } keys %function);
	rule('comments name a function that is there',
		sort grep { /\(/ && !$function{$_} } keys %comment);
	rule('everything else that the script makes has a comment', map { at(@$_) } grep { !$comment{ $_->[1] } } @others);
	rule('comments of functions end without a full stop',
		map { at($_, 'ends in a full stop') } grep { $_->{text} =~ /^COMMENT\s+ON\s+FUNCTION.*\.'\s*;\z/si } @script, @repeat);
	return;
}

sub safety
{
	# What was planted before must make the installation fail, not be taken over.
	rule('the script creates, it never replaces', statements_with('OR REPLACE', qr/\bOR\s+REPLACE\b/i, @script));
	rule('the script has no IF NOT EXISTS', statements_with('CREATE ... IF NOT EXISTS', qr/\bCREATE\s+(?:\w+\s+){1,2}IF\s+NOT\s+EXISTS\b/i, @script));
	rule('the script makes no table: those belong to the data',
		statements_with('CREATE TABLE', qr/^CREATE\s+(?:UNLOGGED\s+)?TABLE\b/i, @script));
	rule('no BEGIN ATOMIC', statements_with('BEGIN ATOMIC', qr/\bBEGIN\s+ATOMIC\b/i, @script, @repeat));
	rule('no trigger', statements_with('CREATE TRIGGER', qr/\bCREATE\s+(?:CONSTRAINT\s+|OR\s+REPLACE\s+)?(?:EVENT\s+)?TRIGGER\b/i,
			@script, @schema, @repeat));
	rule('no SELECT * of a table in a function', select_all());
	# A plan may run it again for each row: it skips what it has locked and takes more than its limit.
	rule('a batch is read once: no IN (SELECT ... LIMIT)', map { at($_, $_->{name}) }
		grep { $_->{body} =~ /\bIN\s*\(\s*SELECT\b(?:(?!\bSELECT\b)[^;])*?\bLIMIT\b(?:(?!\bSELECT\b)[^;])*?\)/i } @functions);
	# Words that are only joined say the same for {reference: x} and {note: x}.
	rule('a request is told from others by all its fields', map { at($_, $_->{name}) }
		grep { $_->{body} =~ /\bidempotency_begin\([^;]*(?:concat|\|\|)/i } @functions);
	rule('SQL text is never built from data', built_text());
	rule('functions change no setting of the session', map { at($_, $_->{name}) }
		grep { $_->{body} =~ /(?:;|\b(?:BEGIN|THEN|ELSE|LOOP))\s*SET\s+(?!LOCAL)/i
				|| $_->{body} =~ /\bset_config\s*\([^;]*\bfalse\s*\)/i } @functions);
	return;
}

# Right whatever columns are added: a whole row into a %ROWTYPE variable, the rows of a function.
sub select_all
{
	return map { at($_, $_->{name}) }
		grep { $_->{body} =~ /\bSELECT\s+(?:\w+\.)?\*\s+(?!INTO\b|FROM\s+[\w.]+\()/i } @functions;
}

# format() and quote_*() stand where no value of a client can come by: the roles and
# owners of prelude and grants, the texts of invariants, the names of partitions (a table of
# ours and a date).
sub built_text
{
	my %free = map { $_ => 1 } qw(sql/prelude.sql sql/grants.sql sql/invariants.sql sql/invariants_catalogue.sql sql/invoice_page.sql sql/partition.sql);
	my @found;

	for my $file (grep { !$free{$_} } @parts, map { $_->{file} } @schema, @repeat)
	{
		my $code = blank_sql(slurp($file), strings => 1);

		push @found, "$file:" . line_at($code, $-[0]) . ": $1"
			while $code =~ /(?<![\w.])((?:pg_catalog\.)?(?:format|quote_ident|quote_literal|quote_nullable))\s*\(/g;
	}
	# In the invariants and on pages a text is shown, never run.
	push @found, map { at($_, "$_->{name} runs a text") }
		grep { $_->{file} =~ m{^sql/(?:invariants|invariants_catalogue|invoice_page)\.sql$} && $_->{body} =~ /\bEXECUTE\b/i } @functions;
	my %seen;
	return grep { !$seen{$_}++ } @found;
}

#------------------------------------------------------------------ the tables

sub tables
{
	my @installer = slurp('extension/install.c') =~ /CREATE TABLE mjc\.(\w+)/g;

	my %dropped = map { $_->{text} =~ /^DROP\s+TABLE\s+mjc\.(\w+)/i ? ($1 => 1) : () } @schema;

	return sort grep { !$dropped{$_} } @installer, map { $_->{text} =~ /^CREATE\s+(?:UNLOGGED\s+)?TABLE\s+mjc\.(\w+)(?!.*\bPARTITION\s+OF\b)/si ? $1 : () } @schema;
}

# Dropping the extension must leave the tables whole, so nothing in them may be ours.
sub own_parts
{
	my @found;
	my $operator_class = qr/mjc_ext\.(?:gin|gist)_trgm_ops\b/;

	for my $statement (@schema)
	{
		my $text = $statement->{text};

		$text =~ s/'(?:[^']|'')*'/''/g;
		$text =~ s/^(CREATE\s+(?:UNLOGGED\s+)?(?:TABLE|SEQUENCE)\s+|(?:ALTER|DROP)\s+(?:TABLE|SEQUENCE|INDEX)\s+(?:ONLY\s+)?)mjc\.\w+/$1/i;
		$text =~ s/\b(ON\s+|REFERENCES\s+|PARTITION\s+OF\s+|INSERT\s+INTO\s+|UPDATE\s+|FROM\s+|JOIN\s+)mjc\.\w+/$1/gi;
		$text =~ s/$operator_class//g;
		push @found, at($statement, $1) while $text =~ /\b(mjc\w*\.\w+)/g;
	}
	return @found;
}

sub unnamed
{
	return map { my $statement = $_; map { at($statement, $_) } $statement->{text} =~ /^\s*(CHECK\s*\(.*)$/mg } @schema;
}

sub classes
{
	my %class = table_classes();
	my %table = map { $_ => 1 } tables();
	my %comment = map { $_ => 1 } map { $_->{text} =~ /^COMMENT\s+ON\s+TABLE\s+mjc\.(\w+)/i ? $1 : () } @repeat;

	ok(keys(%table) > 20, 'the tables are found') or diag(scalar keys %table);
	rule('every table has a class in sql/distribution.sql', grep { !$class{$_} } sort keys %table);
	rule('every class is of a table', grep { !$table{$_} } sort keys %class);
	rule('every table has a comment in sql/repeat', grep { !$comment{$_} } sort keys %table);
	return;
}

sub schema
{
	rule('schema files are named NNNN_topic.sql, each number once', schema_names());
	rule('tables use built-in types and functions only', own_parts());
	rule('CHECK constraints have a name', unnamed());
	rule('amounts are bigint centimes and times have a time zone',
		statements_with('numeric, money, real or timestamp', qr/^\s*\w+\s+(?:numeric|money|real|float\d?|double precision|timestamp(?!tz)\b(?!\s+with\s+time))/mi, @schema));
	rule('amounts are bigint', map { my $s = $_; map { at($s, $_) } $s->{text} =~ /^\s*(\w+_centimes\s+(?!bigint\b)\w+)/mg }
		grep { $_->{text} =~ /^CREATE\s+TABLE/i } @schema);
	classes();
	return;
}

sub schema_names
{
	my %seen;

	return grep { !m{/(\d{4})_[a-z0-9_]+\.sql$} || $seen{$1}++ } files(qr{^sql/schema/});
}

parts();
ok(@functions > 50, 'the functions of the script are found') or diag(scalar @functions);
marks();
comments();
safety();
schema();

done_testing();
