/*
 * install.h - mjc.install(): tables made or brought to this version.
 */
#ifndef MJC_INSTALL_H
#define MJC_INSTALL_H

/* One file of sql/, built into the library as text (extension/schema_text.c is generated). */
typedef struct MjcSchemaFile
{
	const char *kind; /* "schema", "distribution" or "repeat" */
	const char *name; /* file name without .sql */
	const char *text;
} MjcSchemaFile;

extern const MjcSchemaFile mjc_schema_files[];
extern const int mjc_schema_nfiles;

extern void mjc_install_init(void);
extern void mjc_install_check(void);

#endif /* MJC_INSTALL_H */
