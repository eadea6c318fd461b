/*
 * scrub.h - what visitors' browsers tell, without what names a person or opens a door.
 */
#ifndef MJC_SCRUB_H
#define MJC_SCRUB_H

#define MJC_PATH_MAX 200 /* characters of a path that is kept */

extern char *mjc_scrub_path(const char *url);
extern char *mjc_scrub_text(const char *text, int max);
extern char *mjc_scrub_name(const char *text, int max);
extern char *mjc_clip_text(const char *text, int max);
extern bool mjc_agent_is_bot(const char *agent);
extern const char *mjc_agent_device(const char *agent);
extern Datum mjc_network_of(const char *address, bool *isnull);

#endif /* MJC_SCRUB_H */
