/*
 * mjchauffage.c - module entry: magic block and set-up, nothing else.
 *
 * The library keeps no shared memory and needs no preload: tables are the
 * truth. What a backend caches (kept plans, the schema check) is rebuilt when
 * it is invalidated.
 */
#include "postgres.h"

#include "fmgr.h"

#include "commit.h"
#include "direct.h"
#include "guc.h"
#include "install.h"

PG_MODULE_MAGIC;

void _PG_init(void);

/* _PG_init - PostgreSQL calls this when it loads the library. */
void
_PG_init(void)
{
	mjc_guc_init();
	mjc_install_init();
	mjc_commit_init();
	mjc_direct_init();
}
