/*
 * catalogue.h - checks of articles.
 */
#ifndef MJC_CATALOGUE_H
#define MJC_CATALOGUE_H

extern char *mjc_slug_of(const char *text);
extern bool mjc_ean_valid(const char *digits, int len);

#endif /* MJC_CATALOGUE_H */
