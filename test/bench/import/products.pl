#!/usr/bin/perl
#
# products.pl LINES - a catalogue as a file of CSV, always the same: as the sheet of a shopkeeper with
# French columns, prices with a comma, names in French and Arabic.

use strict;
use warnings;

my $lines = shift // 100_000;
my $seed = 20260101;
my @parts = ([ 'Électrode d\'allumage', 'إلكترود الإشعال' ], [ 'Vanne gaz', 'صمام الغاز' ], [ 'Circulateur', 'مضخة' ], [ 'Échangeur à plaques', 'مبادل حراري' ], [ 'Carte électronique', 'بطاقة إلكترونية' ],
	[ 'Sonde de température', 'مسبار الحرارة' ], [ 'Joint de brûleur', 'وصلة الحارق' ], [ 'Ventilateur d\'extraction', 'مروحة' ]);
my @makers = qw(Saunier-Duval Vaillant Viessmann Chappee De-Dietrich Ferroli Baxi Beretta Ariston Riello Immergas Junkers Bosch Frisquet ELM-Leblanc);

# A generator of its own: the same on every machine.
sub draw { $seed = ($seed * 1103515245 + 12345) % 2147483648; return int($seed / 65536) % $_[0] }

print "Référence;Désignation;Nom arabe;Descriptif;Catégorie;Marque;Réf fabricant;Prix TTC;Prix promo;Prix d'achat;TVA;Stock minimum;Poids;Garantie;État;Actif;Photo;spec:Puissance;spec:Tension\r\n";
for my $n (1 .. $lines)
{
	my $part = $parts[ draw(8) ];
	my $maker = $makers[ draw(15) ];
	my $price = 500 + draw(30000);
	my $number = sprintf '%03d%05d', draw(999), $n;

	printf "IMPORT-%06d;%s %s %s;%s %s;\"%s d'origine %s, référence %s.\nLivré avec ses joints ; contrôle obligatoire.\";bench-%02d;%s;%s;\"%d %03d,%02d\";%s;%d,50;19;%d;0,%03d;%d;Neuf;oui;/images/bench/%d.jpg;%d kW;230 V\r\n",
		$n, $part->[0], $maker, $number, $part->[1], $maker, $part->[0], $maker, $number, draw(40), $maker, $number, 1 + $price / 1000, $price % 1000, draw(100),
		draw(10) ? '' : int($price / 2), $price / 3, 1 + draw(9), 1 + draw(998), 12 * draw(4), $n % 500, 12 + draw(30);
}
