/*
 * commit.h - commit early, answer late; and waiting for what others wrote.
 */
#ifndef MJC_COMMIT_H
#define MJC_COMMIT_H

extern void mjc_commit_init(void);
extern void mjc_commit_early(void);
extern void mjc_flush_seen_wait(void);

#endif /* MJC_COMMIT_H */
