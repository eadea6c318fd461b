/*
 * unit_password.c - tests of password.c.
 */
#include <string.h>

#include "../../shim/password.h"
#include "tap.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static bool
good(const char *password)
{
	return password_good(password, strlen(password), NULL, 0);
}

static void
test_length(void)
{
	char text[80];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "kZ3vQp8xWm5tRj2y"[i % 16];
	memcpy(text + 16, "HnB7cLgF4dSs9aTe0uYi6oXwVqPzKk1M", 32);
	tap_ok(password_good(text, 72, NULL, 0), "length: 72 bytes");
	tap_ok(!password_good(text, 73, NULL, 0), "length: 73 bytes are cut by bcrypt");
	tap_ok(password_good(text, 8, NULL, 0), "length: 8 bytes");
	tap_ok(!password_good(text, 7, NULL, 0), "length: 7 bytes");
	tap_ok(!password_good("", 0, NULL, 0), "length: none");
	tap_ok(!password_good("kZ3v\0Qp8xWm", 11, NULL, 0), "a NUL inside");
	tap_ok(!password_good("kZ3v\xffQp8xWm", 11, NULL, 0), "not UTF-8");
	tap_ok(!password_good("kZ3vQp8xWm\xc3", 11, NULL, 0), "UTF-8 that ends early");
	tap_ok(good("قطتي تحب السمك المقلي"), "Arabic letters");
	tap_ok(good("fenêtre rouillée du grenier"), "accents");
}

static void
test_guessed(void)
{
	static const char *const bad[] = {
		"password",			  "Password1!",		  "P@ssw0rd2024",	  "motdepasse",
		"MotDePasse123",	  "mot de passe",	  "azertyuiop",		  "qwerty123456",
		"1234567890",		  "12345678901234",	  "aaaaaaaaaaaaaaaa", "abababababababab",
		"abcabcabcabcabcabc", "abcdefghijklmnop", "9876543210",		  "mohamed2005",
		"Fatima1990!",		  "fatima fatima",	  "algerie213",		  "Alger16000",
		"chaudiere",		  "Chaudière2024",	  "mjchauffage",	  "MJChauffage2025!",
		"bismillah",		  "inchallah1",		  "jetaime123",		  "soleil!!!!!!!!!",
		"iloveyou2",		  "0550123456",		  "0661-23-45-67",	  "19871231",
		"1qaz2wsx3edc",		  "1q2w3e4r5t6y",	  "zaq12wsx",		  "admin1234",
		"********",			  "!@#$%^&*()",		  "        ",		  "juventus",
		"RealMadrid7",		  "constantine25",	  "الجزائر",		  "محمد محمد محمد",
		"passwordpassword",	  "secretsecret1",	  "butterfly",		  "sunshine7",
	};
	static const char *const fine[] = {
		"kZ3vQp8x",
		"x7!kQ9mz",
		"correct horse battery staple",
		"cheval-lampe-riz",
		"mon chien aboie",
		"le chat dort sur le radiateur",
		"tvrdq wklmz",
		"Vert-Tortue-92-Lac",
		"g7Tq-p2Lx",
		"GLXQZPVKJW",
		"azerty cheval lampe",
		"password of my neighbour is blue",
	};

	for (size_t i = 0; i < LEN(bad); i++)
		tap_ok(!good(bad[i]), "guessed: %s", bad[i]);
	for (size_t i = 0; i < LEN(fine); i++)
		tap_ok(good(fine[i]), "not guessed: %s", fine[i]);
}

static void
test_own(void)
{
	const char *words[] = {"zoubir.khxqzkwv@example.dz", "Tawxiq", NULL, "Küzlqvä"};
	static const char *const bad[] = {
		"khxqzkwv1987",	 "KHXQZKWV!!",		 "Tawxiq2024!",
		"t4wx1q-t4wx1q", "kuzlqva-khxqzkwv", "ExampleTawxiq7",
	};

	for (size_t i = 0; i < LEN(bad); i++)
	{
		tap_ok(!password_good(bad[i], strlen(bad[i]), words, LEN(words)), "own: %s", bad[i]);
	}
	words[1] = "7x-q2z-w9k@example.dz";
	tap_ok(!password_good("7x-q2z-w9k", 10, words, LEN(words)),
		   "own: the name of an e-mail as a whole");
	words[1] = "amina.4x9wq2zk@example.dz";
	tap_ok(!password_good("Xx-4x9wq2zk", 11, words, LEN(words)), "own: a part with digits in it");
	words[1] = "Tawxiq";
	tap_ok(good("khxqzkwv1987") && good("7x-q2z-w9k"), "own: fine for somebody else");
	tap_ok(password_good("kZ3vQp8xWm", 10, words, LEN(words)), "own: another password");
	tap_ok(password_good("kZ3vQp8xWm", 10, words, 0), "own: nothing is known");
}

void
test_password(void)
{
	test_length();
	test_guessed();
	test_own();
}
