/*
 * password.c - whether a new password may be used.
 *
 * What is hard to guess is told from what is easy by points: a character that
 * nothing explains is worth three, and each part that somebody would try early
 * is worth little however long it is - a common word, the person's own name, a
 * run over the alphabet or the keyboard, a repetition, digits. Letters that
 * follow each other as they do in French and English are worth less than
 * others, so that a word which stands in no list here is known by its looks.
 * Upper case, accents and the usual digits for letters (p4ssw0rd) are seen
 * through and add nothing.
 */
#include "password.h"

#include <string.h>

#include "text.h"

#define POINTS_NEEDED 15
#define POINTS_CHARACTER 3
#define POINTS_PART 3 /* a word, a run */
#define WORD_MIN 3
#define RUN_MIN 3
#define PLAIN_MAX 512 /* bytes of what is known of a person */

/* What people of this shop build passwords from; compared with letters and signs made alike. */
static const char base_words[] =
	"password passwd passe motdepasse mot mdp pass secret admin administrateur administrator root user "
	"utilisateur login welcome bienvenue bonjour salut hello test tester demo guest invite default "
	"change changeme changer letmein access master monkey dragon football soccer baseball sunshine "
	"princess shadow superman batman iloveyou love lover loveyou amour jetaime soleil chocolat "
	"doudou cheri cherie bebe baby maman papa mama mother father family famille mafamille "
	"fille garcon ange angel coeur heart fleur flower rose princesse computer internet ordinateur "
	"facebook google gmail yahoo hotmail iphone samsung android windows microsoft apple "
	"juventus barcelona barca realmadrid madrid liverpool chelsea arsenal milan messi ronaldo "
	"cristiano mahrez zidane france paris marseille lyon london canada america "
	"mjchauffage mjc chauffage chaudiere chauffe chauffeeau radiateur boiler heating plombier "
	"plomberie plumber piece pieces brulefuel bruleur thermostat vaillant saunier duval beretta "
	"ferroli ariston baxi riello chaffoteaux junkers bosch immergas technicien client boutique "
	"algerie algeria algerien algerienne alger algiers dzair dzayer djazair oran wahran constantine "
	"qsantina annaba setif batna blida bejaia tlemcen tizi ouzou tiziouzou biskra sidi belabbes "
	"mostaganem skikda chlef medea djelfa ghardaia ouargla bouira boumerdes mascara relizane "
	"kabyle kabylie amazigh chaoui mouloudia usma jskabylie belouizdad "
	"mohamed mohammed mohamad muhammad ahmed mahmoud abdelkader abdelkrim abdallah abderrahmane "
	"abdelhak abdel abdou ali amine anis ayoub aziz bilal brahim ibrahim djamel farid farouk fateh "
	"fares hakim hamid hamza hassan hicham hocine houssem hussein ilyes islam ismail karim khaled "
	"kamel lamine lotfi lyes malek mehdi mourad mounir mustapha nabil nadir nassim noureddine omar "
	"oussama rachid rafik reda riad ryad salah salim samir sofiane soufiane tarek tahar toufik "
	"walid yacine yassine yasmine younes youcef yousef zakaria zinedine "
	"aicha amel amina amira asma assia djamila fatima fatiha fatma feriel habiba hafida hanane "
	"hayat houria ikram imane ines kahina karima khadija leila lamia lina lynda malika manel "
	"mariem meriem myriam nadia naima nabila narimane nawel nesrine nour noor radia rania rym sabrina "
	"safia salima samia samira sara sarah selma sihem siham sonia souad soumia wafa warda yamina "
	"zahra zineb zohra allah allahou akbar bismillah inchallah inshallah mashallah machallah "
	"hamdoulilah hamdoullah alhamdulillah rabbi allahouakbar khouya hbibi habibi hayati omri "
	"janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre january "
	"february march april june july august september october november december lundi mardi "
	"mercredi jeudi vendredi samedi dimanche monday friday sunday ramadan summer winter spring "
	"printemps hiver automne michael jordan jennifer jessica thomas charlie daniel nicole andrew "
	"killer hunter pepper ginger cookie banana orange purple yellow silver golden diamond "
	"ball basket bird girl boys friend friends play birth birthday beautiful snow snowball teddy bear "
	"harry potter happy night thank thanks sexy hate good luck pink floyd linkin park elizabeth "
	"stephanie california virginia newyork strawberry butter butterfly bubble flake sponge daddy "
	"star wars starwars pokemon matrix trustno hockey ranger tigger freedom forever money "
	"محمد احمد فاطمة الجزائر الله حبيبي كلمة السر مرحبا سلام";

/* What is typed in one go; read in both directions. */
static const char *const rows[] = {
	"abcdefghijklmnopqrstuvwxyz",
	"01234567890",
	"qwertyuiop",
	"asdfghjkl",
	"zxcvbnm",
	"azertyuiop",
	"qsdfghjklm",
	"wxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm",
	"1aqw2zsx3edc4rfv5tgb6yhn7ujm",
	"1q2w3e4r5t6y7u8i9o0p",
	"1a2z3e4r5t6y7u8i9o0p",
	"q1w2e3r4t5y6u7i8o9p0",
	"a1z2e3r4t5y6u7i8o9p0",
	"a1b2c3d4e5f6g7h8i9",
	"1a2b3c4d5e6f7g8h9i",
	"!@#$%^&*()",
	"qazwsxedcrfvtgbyhnujm",
	"aqwzsxedcrfvtgbyhnujm",
};

/* By letter: what follows it most often in words of French and English, and then less often. */
static const char *const follows[26][2] = {
	{"tlnrcs", "ibdgmpu"}, {"laieou", "rscytpj"}, {"oeathk", "liurcsy"}, {"eiauos", "rldbgyj"},
	{"rsdnct", "lamxpfe"}, {"ioefau", "rltysdc"}, {"eriauh", "noslgcm"}, {"eaoitr", "numlysd"},
	{"notscl", "edmvagr"}, {"ueoasi", "cmdprwb"}, {"eisaln", "orutdgh"}, {"eialoy", "sutdcfp"},
	{"eaipom", "bsucntl"}, {"tgsedc", "aionfuv"}, {"nrumlc", "pdtsowv"}, {"reaoli", "ptushgd"},
	{"ulrcid", "fgmpabe"}, {"eaiost", "dmrcyln"}, {"teisuh", "caoplyw"}, {"eiaros", "huytclm"},
	{"nrtsle", "pmcbaid"}, {"eiaorc", "flsmdnt"}, {"aeiosh", "nrltcfp"}, {"pteica", "xyhlmsb"},
	{"psiemn", "taolwcr"}, {"eazioy", "blpsucd"},
};

/* A text in two forms, character by character. */
struct plain
{
	char text[PLAIN_MAX + 1];  /* lower case, without accents */
	char alike[PLAIN_MAX + 1]; /* and signs that stand for a letter as that letter */
	size_t len;
};

/* ---- Making alike ---- */

/* The letter under an accent of U+00C0 to U+00FF, by the second byte of its UTF-8; 0: none. */
static char
unaccented(unsigned char second)
{
	static const char letters[] =
		"aaaaaa.ceeeeiiii.nooooo.ouuuuy.saaaaaa.ceeeeiiii.nooooo.ouuuuy.y";
	char letter = letters[second & 0x3f];

	return letter == '.' ? '\0' : letter;
}

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* i and l are both written as 1, so they count as one letter. */
static char
alike(char c)
{
	static const char from[] = "4@310!|l57$+89";
	static const char to[] = "aaeioiiistStbg";
	const char *at = c == '\0' ? NULL : strchr(from, c);

	if (at == NULL)
		return c;
	c = to[at - from];
	return c == 'S' ? 's' : c;
}

static void
make_plain(const char *text, size_t len, struct plain *out)
{
	out->len = 0;
	for (size_t i = 0; i < len && out->len < PLAIN_MAX; i++)
	{
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char) (c - 'A' + 'a');
		else if ((unsigned char) c == 0xC3 && i + 1 < len &&
				 unaccented((unsigned char) text[i + 1]) != '\0')
			c = unaccented((unsigned char) text[++i]);
		out->text[out->len] = c;
		out->alike[out->len++] = alike(c);
	}
	out->text[out->len] = '\0';
	out->alike[out->len] = '\0';
}

/* ---- Parts that are tried early ---- */

/* Bytes of the longest word of a list that stands at a place; the list is of plain text. */
static size_t
word_at(const char *list, const char *separators, const struct plain *p, size_t at)
{
	size_t best = 0;

	while (*list != '\0')
	{
		size_t len = strcspn(list, separators);
		size_t same = 0;

		while (same < len && at + same < p->len && alike(list[same]) == p->alike[at + same])
			same++;
		if (len >= WORD_MIN && same == len && len > best)
			best = len;
		list += len;
		list += strspn(list, separators);
	}
	return best;
}

/* The longest of the person's words at a place: parts of an e-mail or a name, or all of it. */
static size_t
own_word_at(const char *const *words, size_t nwords, const struct plain *p, size_t at)
{
	static const char *const separators[] = {" @.-_+'0123456789", " @.-_+'", "@"};
	size_t best = 0;

	for (size_t i = 0; i < nwords; i++)
	{
		struct plain word;

		if (words[i] == NULL)
			continue;
		make_plain(words[i], strlen(words[i]), &word);
		for (size_t s = 0; s < sizeof(separators) / sizeof(separators[0]); s++)
		{
			size_t len = word_at(word.text, separators[s], p, at);

			if (len > best)
				best = len;
		}
	}
	return best;
}

/* Bytes from a place that follow each other in a row, in either direction. */
static size_t
run_at(const struct plain *p, size_t at)
{
	size_t best = 0;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
	{
		for (const char *start = strchr(rows[r], p->text[at]); start != NULL && *start != '\0';
			 start = strchr(start + 1, p->text[at]))
		{
			for (int step = -1; step <= 1; step += 2)
			{
				const char *c = start;
				size_t n = 1;

				while (at + n < p->len && !(step < 0 && c == rows[r]) && c[step] != '\0' &&
					   c[step] == p->text[at + n])
				{
					c += step;
					n++;
				}
				if (n > best)
					best = n;
			}
		}
	}
	return best >= RUN_MIN ? best : 0;
}

/* Bytes from a place that repeat what stands right before it. */
static size_t
repeat_at(const struct plain *p, size_t at)
{
	for (size_t len = at < p->len - at ? at : p->len - at; len >= 2; len--)
	{
		if (memcmp(p->text + at - len, p->text + at, len) == 0)
			return len;
	}
	return at > 0 && p->text[at - 1] == p->text[at] ? 1 : 0;
}

/* A year, which is as good as one digit and a half. */
static size_t
year_at(const struct plain *p, size_t at)
{
	const char *s = p->text + at;

	if (p->len - at < 4 || (strncmp(s, "19", 2) != 0 && strncmp(s, "20", 2) != 0))
		return 0;
	return is_digit(s[2]) && is_digit(s[3]) ? 4 : 0;
}

/* Whether nothing but digits and signs follows. */
static bool
is_tail(const struct plain *p, size_t at)
{
	for (; at < p->len; at++)
	{
		if (is_letter(p->text[at]) || (unsigned char) p->text[at] >= 0x80)
			return false;
	}
	return true;
}

/* What one character is worth that is part of nothing. */
static int
character_points(const struct plain *p, size_t at)
{
	char c = p->text[at];
	char before = at > 0 ? p->text[at - 1] : '\0';

	if (((unsigned char) c & 0xC0) == 0x80)
		return 0; /* the rest of a character */
	if (is_digit(c))
		return 1;
	if (!is_letter(c) && (unsigned char) c < 0x80)
		return is_tail(p, at) ? 1 : 2;
	if (!is_letter(c) || !is_letter(before))
		return POINTS_CHARACTER;
	if (strchr(follows[before - 'a'][0], c) != NULL)
		return 1;
	return strchr(follows[before - 'a'][1], c) != NULL ? 2 : POINTS_CHARACTER;
}

/* ---- The sum ---- */

static int
points(const struct plain *p, const char *const *words, size_t nwords)
{
	int sum = 0;
	size_t at = 0;

	while (at < p->len && sum < POINTS_NEEDED)
	{
		size_t word = word_at(base_words, " ", p, at);
		size_t own = own_word_at(words, nwords, p, at);
		size_t run = run_at(p, at);
		size_t repeat = repeat_at(p, at);
		size_t part = word > own ? word : own;

		part = part > run ? part : run;
		if (repeat >= part && repeat > 0)
		{
			sum += 1;
			at += repeat;
		}
		else if (part > 0)
		{
			sum += POINTS_PART;
			at += part;
		}
		else if (year_at(p, at) > 0)
		{
			sum += 2;
			at += 4;
		}
		else
			sum += character_points(p, at++);
	}
	return sum;
}

bool
password_good(const char *password, size_t len, const char *const *words, size_t nwords)
{
	struct plain plain;
	bool good;

	if (len < PASSWORD_BYTES_MIN || len > PASSWORD_BYTES_MAX || !text_utf8_valid(password, len))
		return false;
	make_plain(password, len, &plain);
	good = points(&plain, words, nwords) >= POINTS_NEEDED;
	explicit_bzero(&plain, sizeof(plain));
	return good;
}
