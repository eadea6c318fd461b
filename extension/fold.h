/*
 * fold.h - one character or one text brought to the form in which it is searched.
 */
#ifndef MJC_FOLD_H
#define MJC_FOLD_H

#include "lib/stringinfo.h"

/* What a character is to a search. */
typedef enum FoldClass
{
	FOLD_BREAK,		 /* ends a word */
	FOLD_APOSTROPHE, /* ends a word; what stands before or after it may be elided */
	FOLD_NOTHING,	 /* belongs to a word and has no say: vowel signs, accents, joiners */
	FOLD_WORD		 /* a letter or a digit */
} FoldClass;

/* Longest folded form of a character, in bytes, with its NUL: two letters of two bytes. */
#define MJC_FOLD_MAX 5

extern FoldClass mjc_fold_char(const char **text, const char *end, char *folded);
extern char *mjc_search_fold(const char *text, int len, const char *lang);

#endif /* MJC_FOLD_H */
