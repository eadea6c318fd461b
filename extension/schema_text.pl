#!/usr/bin/perl
#
# schema_text.pl - writes schema_text.c: the SQL files that mjc.install() runs,
# as C strings inside the library.
#
# usage: schema_text.pl SQL_FOLDER > schema_text.c
#
# Order of the rows, which is the order of running: schema/*.sql by name,
# repeat/*.sql by name, distribution.sql. The file's bytes are kept as they are.

use strict;
use warnings;

my $root = shift or die "usage: schema_text.pl SQL_FOLDER\n";
my @rows = (
	(map { ['schema', $_] } sort glob "$root/schema/*.sql"),
	(map { ['repeat', $_] } sort glob "$root/repeat/*.sql"),
	(map { ['distribution', $_] } grep { -e } "$root/distribution.sql"),
);

die "$root: no schema files\n" unless @rows;

print qq|/* Made by schema_text.pl from sql/; do not edit. */\n|;
print qq|#include "postgres.h"\n\n#include "install.h"\n\n|;
print qq|const MjcSchemaFile mjc_schema_files[] = {\n|;
for my $row (@rows)
{
	my ($kind, $path) = @$row;
	my ($name) = $path =~ m{([^/]+)\.sql$};

	open my $file, '<:raw', $path or die "$path: $!\n";
	print qq(\t{"$kind", "$name",\n);
	while (my $line = <$file>)
	{
		die "$path: line $. holds a NUL byte\n" if $line =~ /\0/;
		$line =~ s/([\\"])/\\$1/g;
		$line =~ s/\?/\\?/g;
		$line =~ s/\r/\\r/g;
		$line =~ s/\t/\\t/g;
		$line =~ s/\n/\\n/;
		print qq|\t "$line"\n|;
	}
	print qq|\t ""},\n|;
}
print qq|};\nconst int mjc_schema_nfiles = lengthof(mjc_schema_files);\n|;
close STDOUT or die "schema_text.c: $!\n";
