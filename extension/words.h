/*
 * words.h - an amount in words, as it stands under an invoice.
 */
#ifndef MJC_WORDS_H
#define MJC_WORDS_H

extern char *mjc_amount_in_words(int64 centimes, const char *lang);

#endif /* MJC_WORDS_H */
