# distribution.t - the tables can be distributed (design 7): keys, references and
# every statement of the C code name the column that a table is hashed by.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Lint;
use Test::More;

my %class = table_classes();
my $any = join '|', sort { length $b <=> length $a } keys %class;

# Statements that reach every shard on purpose: "file statement" => why that is right.
my %EXCEPTION = (
	'extension/event.c stmt_error_count' =>
		'a limit on how many errors of the pages are kept apart, looked at when a new one comes',
	'extension/hold.c stmt_products' =>
		'somebody in psql names a hold by its id alone; orders name their products',
	'extension/what_if.c stmt_past' =>
		'a report over the orders of a period, wherever they are',
	'extension/order_change.c stmt_due' =>
		'the job looks for orders past confirm_by_at wherever they are; each is then locked by order_id',
);
my %used;

# The hash column of a table, undef for the others.
sub column_of
{
	my ($table) = @_;

	return $class{$table} ? $class{$table}{column} : undef;
}

#------------------------------------------------------------------ statements in C

# Every MjcStmt of a file: name, line, SQL.
sub statements
{
	my ($file) = @_;
	my $code = blank_c(slurp($file), strings => 1);
	my @found;

	while ($code =~ /\bMjcStmt\s+(\w+)\s*=\s*\{\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g)
	{
		push @found, { file => $file, line => line_at($code, $-[0]), name => $1, sql => c_strings($2) };
	}
	return @found;
}

# The hash tables that a statement reads or writes without their hash column.
sub without_column
{
	my ($statement) = @_;
	my $sql = $statement->{sql};
	my @found;

	while ($sql =~ /(\bINSERT\s+INTO\s+)?(?<![\w.])mjc\.($any)\b(?:\s*\(([^)]*)\))?/gi)
	{
		my ($insert, $table, $columns) = ($1, $2, $3);
		my $column = column_of($table) // next;

		next if defined $columns && !$insert;    # a function of that name
		my $named = $insert
			? ($columns // '') =~ /\b$column\b/i
			: $sql =~ /\b$column\b\s*(?:=|IN\b)|=\s*(?:\w+\.)?$column\b/i;

		push @found, "mjc.$table without $column" unless $named;
	}
	return @found;
}

sub check_statements
{
	my (@statements) = map { statements($_) } files(qr{^extension/.*\.c$});
	my $declared = 0;
	my @found;

	$declared += () = blank_c(slurp($_)) =~ /\bMjcStmt\s+\w+\s*=/g for files(qr{^extension/.*\.c$});
	is(scalar @statements, $declared, 'every statement of the C code is read');
	cmp_ok(scalar @statements, '>', 30, 'the statements are found');
	for my $statement (@statements)
	{
		my @without = without_column($statement) or next;
		my $key = "$statement->{file} $statement->{name}";

		if ($EXCEPTION{$key})
		{
			$used{$key} = 1;
			next;
		}
		push @found, map { "$statement->{file}:$statement->{line}: $statement->{name}: $_" } @without;
	}
	rule('a statement on a hash table names its hash column', @found);
	rule('every exception is still needed', grep { !$used{$_} } sort keys %EXCEPTION);
	rule('C names no table that has no class',
		map { my $s = $_; map { "$s->{file}:$s->{line}: mjc.$_" } grep { defined && !$class{$_} && !/^stock_(?:now|available)$|^sale_fact$/ }
			$s->{sql} =~ /\b(?:(?:FROM|JOIN)\s+mjc\.(\w+)(?!\w*\s*\()|(?:INTO|UPDATE)\s+mjc\.(\w+))/gi } @statements);
	return;
}

#------------------------------------------------------------------ keys and references

# Name => {file, line, parts} of every table, its columns and constraints as texts.
sub tables
{
	my %table;

	for my $statement (map { sql_statements($_) } files(qr{^sql/schema/.*\.sql$}))
	{
		my ($name, $body) = $statement->{text} =~ /^CREATE\s+(?:UNLOGGED\s+)?TABLE\s+mjc\.(\w+)\s*\((.*)\)[^()]*;\z/si or next;

		$table{$name} = { %$statement, parts => [ split_list($body) ] };
	}
	return %table;
}

sub columns
{
	my ($list) = @_;

	return map { s/"//gr } $list =~ /\b([a-z]\w*)\b/g;
}

# The keys of a table: [kind, columns]; kind is P (primary), U (unique) or X (exclusion).
sub keys_of
{
	my ($table) = @_;
	my @keys;

	for my $part (@{ $table->{parts} })
	{
		my $bare = $part =~ s/^CONSTRAINT\s+\w+\s+//ir;

		if ($bare =~ /^PRIMARY\s+KEY\s*\(([^)]*)\)/i) { push @keys, [ 'P', columns($1) ] }
		elsif ($bare =~ /^UNIQUE\s*\(([^)]*)\)/i) { push @keys, [ 'U', columns($1) ] }
		elsif ($bare =~ /^EXCLUDE\b/i) { push @keys, [ 'X', $bare =~ /[(,]\s*(\w+)\s+WITH\b/gi ] }
		elsif ($bare !~ /^(?:CHECK|FOREIGN)\b/i)
		{
			my ($column) = $bare =~ /^(\w+)/;

			push @keys, [ 'P', $column ] if $bare =~ /\bPRIMARY\s+KEY\b/i;
			push @keys, [ 'U', $column ] if $bare =~ /\bUNIQUE\b/i;
		}
	}
	return @keys;
}

# The references of a table: [columns as a text, other table].
sub references_of
{
	my ($table) = @_;

	return map { /^(?:CONSTRAINT\s+\w+\s+)?FOREIGN\s+KEY\s*\(([^)]*)\)\s*REFERENCES\s+mjc\.(\w+)/i
			? [ $1, $2 ] : /^(\w+)\s.*\bREFERENCES\s+mjc\.(\w+)/si ? [ $1, $2 ] : () } @{ $table->{parts} };
}

sub check_keys
{
	my %table = @_;
	my (@first, @unique, @references);

	for my $name (sort keys %table)
	{
		my $where = "$table{$name}{file}:$table{$name}{line}: mjc.$name";
		my $column = column_of($name);
		my @keys = keys_of($table{$name});
		my ($primary) = grep { $_->[0] eq 'P' } @keys;

		push @first, "$where has no primary key" unless $primary;
		push @first, "$where: primary key starts with $primary->[1], not $column"
			if $primary && $column && $primary->[1] ne $column;
		push @unique, map { "$where: $_->[0] (@{$_}[1 .. $#$_]) without $column" }
			grep { my @of = @$_; $column && !grep { $_ eq $column } @of[ 1 .. $#of ] } @keys;
		push @references, map { "$where ($_->[0]) to mjc.$_->[1]" }
			grep { !reference_allowed($name, @$_) } references_of($table{$name});
	}
	rule('every table has a primary key that starts with its hash column', @first);
	rule('every other unique key holds the hash column', @unique, unique_indexes());
	rule('references stay inside a group or go to a reference table', @references);
	return;
}

sub unique_indexes
{
	my @found;

	for my $statement (map { sql_statements($_) } files(qr{^sql/schema/.*\.sql$}))
	{
		my ($table, $list) = $statement->{text} =~ /^CREATE\s+UNIQUE\s+INDEX\b.*?\bON\s+mjc\.(\w+)[^(]*\((.*?)\)/si or next;
		my $column = column_of($table) // next;

		push @found, "$statement->{file}:$statement->{line}: unique index on mjc.$table without $column"
			unless $list =~ /\b$column\b/;
	}
	return @found;
}

sub reference_allowed
{
	my ($from, $columns, $to) = @_;
	my ($here, $there) = @class{ $from, $to };

	return 1 if !$there || $there->{class} eq 'reference';
	return $here->{class} eq 'local' if $there->{class} eq 'local';
	return $here->{class} eq 'hash' && $here->{group} eq $there->{group} && $columns =~ /\b$here->{column}\b/;
}

#------------------------------------------------------------------ tables used without SQL

# The columns of a table that are written: those it was made with, renamed, added, and not generated.
sub written_columns
{
	my ($table) = @_;
	my %column = map { /^(?:CONSTRAINT|PRIMARY|UNIQUE|CHECK|EXCLUDE|FOREIGN)\b/i || /\bGENERATED\s+ALWAYS\s+AS\s*\(/i
			? () : /^(\w+)/ ? ($1 => 1) : () } @{ $table->{parts} };

	for my $statement (map { sql_statements($_) } files(qr{^sql/schema/.*\.sql$}))
	{
		next unless $statement->{file} gt $table->{file} && $statement->{text} =~ /^ALTER\s+TABLE\s+mjc\.\Q$table->{name}\E\b/i;
		$column{$2} = delete $column{$1} if $statement->{text} =~ /\bRENAME\s+COLUMN\s+(\w+)\s+TO\s+(\w+)/i;
		$column{$1} = 1 while $statement->{text} =~ /\bADD\s+COLUMN\s+(\w++)\s++(?!\w+\s+GENERATED\s+ALWAYS\s+AS\s*\()/gi;
	}
	return %column;
}

# A description in C that lacks a column is not wrong, only slow: SPI serves. So it is checked here.
sub check_descriptions
{
	my %table = tables();
	my (@differ, @first, $found);

	for my $file (files(qr{^extension/.*\.c$}))
	{
		my $code = blank_c(slurp($file), strings => 1);

		while ($code =~ /\.name\s*=\s*"(\w+)",\s*\.columns\s*=\s*\{([^}]*)\},\s*\.types\s*=\s*\{([^}]*)\}/g)
		{
			my ($name, $types) = ($1, $3);
			my @described = $2 =~ /"(\w+)"/g;
			my %column = written_columns({ %{ $table{$name} }, name => $name });
			my $same = join(' ', sort @described) eq join(' ', sort keys %column);

			$found++;
			push @differ, "$file: $name" unless $same && @described == (() = $types =~ /\w+OID\b/g);
			push @first, "$file: $name" if column_of($name) && $described[0] ne column_of($name);
		}
	}
	cmp_ok($found, '>', 10, 'the tables used without SQL are found');
	rule('a table used without SQL is described with all its columns and their types', @differ);
	rule('its first column is the hash column', @first);
	return;
}

check_statements();
check_keys(tables());
check_descriptions();
rule('a class is whole: hash has column and group, the others neither',
	grep { ($class{$_}{class} eq 'hash') != (defined $class{$_}{column} && defined $class{$_}{group})
			|| $class{$_}{class} !~ /^(?:hash|reference|local)$/ } sort keys %class);

done_testing();
