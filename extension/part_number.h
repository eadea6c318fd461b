/*
 * part_number.h - numbers of parts, however they are written.
 */
#ifndef MJC_PART_NUMBER_H
#define MJC_PART_NUMBER_H

extern char *mjc_part_number_key(const char *typed, int len);

#endif /* MJC_PART_NUMBER_H */
