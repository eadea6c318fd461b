/*
 * text.h - what people type, brought to one form.
 */
#ifndef MJC_TEXT_H
#define MJC_TEXT_H

extern char *mjc_fold_digits(const char *text);
extern char *mjc_phone_canonical_or_null(const char *text);
extern char *mjc_phone_canonical_or_raise(const char *text);
extern char *mjc_trim_or_null(const char *text);

#endif /* MJC_TEXT_H */
