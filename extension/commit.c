/*
 * commit.c - early lock release: commit early, answer late (design 5).
 *
 * A transaction that asked for it commits in this order, instead of waiting for
 * the disk while everybody waits for its locks:
 *
 *   commit record into the WAL buffers . visible to others . locks released
 *   . wait for the flush (and the synchronous standby) . answer to the client
 *
 * How: at PRE_COMMIT the variable synchronous_commit is switched off for this
 * one commit; at COMMIT it is restored and the end of the commit record kept; in
 * the resource-release callback after the locks the backend waits for what the
 * restored setting demands. Everything is public API of PostgreSQL 15 to 18.
 *
 * Why it is safe.
 *  1. The writer's promise is unchanged: its client is answered after the flush,
 *     by the very calls that RecordTransactionCommit would have made. A failing
 *     flush is a PANIC there as here (XLogFlush has its own critical section).
 *  2. No transaction that builds on ours can survive a crash that we do not.
 *     It saw our row, so its commit record comes later in the WAL, and recovery
 *     replays a prefix. Hence no ledger without the row before, no gap in
 *     numbers that were taken under a lock.
 *  3. What PostgreSQL does for asynchronous commits protects the rest: the page
 *     of the commit log and hint bits are not written before the WAL they name.
 *  4. Its own locks stay the one mechanism; no shared memory, nothing to rebuild.
 *
 * What it weakens: another session may read a row some milliseconds before it is
 * durable. Who writes because of it is covered by 2. Who only reads could tell
 * somebody a fact that a crash in that moment removes; so whoever confirms or
 * acts on somebody else's write calls mjc_flush_seen_wait() first (a replayed
 * key, a step that is already done, whoever tells the outside world). NOTIFY is
 * sent after our wait.
 *
 * The shim does the same for all its writes, outside the backend: shim/db_late.c.
 *
 * Never: PREPARE TRANSACTION, a commit without xid, a standby, synchronous_commit
 * off. An abort or an error in somebody else's callback restores the setting.
 * The callbacks neither allocate nor throw. A request inside a savepoint that is
 * rolled back still counts; that is harmless.
 *
 * Literature: early lock release, Johnson et al., Aether, VLDB 2010.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/lwlock.h"
#include "utils/resowner.h"

#include "commit.h"
#include "guc.h"

static bool early_wanted = false;				/* by the current transaction */
static bool early_armed = false;				/* the setting is switched off just now */
static int setting_before;						/* synchronous_commit, while armed */
static XLogRecPtr wait_for = InvalidXLogRecPtr; /* end of the commit record, until waited for */

/* mjc_commit_early - let the current transaction release its locks before the flush. */
void
mjc_commit_early(void)
{
	early_wanted = true;
}

static void
disarm(void)
{
	if (early_armed)
		synchronous_commit = setting_before;
	early_armed = false;
	early_wanted = false;
}

static void
arm(void)
{
	if (!early_wanted || !mjc_early_lock_release || early_armed ||
		synchronous_commit <= SYNCHRONOUS_COMMIT_OFF ||
		!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	setting_before = synchronous_commit;
	synchronous_commit = SYNCHRONOUS_COMMIT_OFF;
	early_armed = true;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			arm();
			break;
		case XACT_EVENT_COMMIT:
			wait_for = early_armed ? XactLastCommitEnd : InvalidXLogRecPtr;
			disarm();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			wait_for = InvalidXLogRecPtr;
			disarm();
			break;
		default:
			break;
	}
}

/* The locks are gone; what the setting promises to the client is still owed. */
static void
after_locks(ResourceReleasePhase phase, bool isCommit, bool isTopLevel, void *arg)
{
	XLogRecPtr lsn = wait_for;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !isTopLevel || XLogRecPtrIsInvalid(lsn))
		return;
	wait_for = InvalidXLogRecPtr;
	if (!isCommit)
		return;
	XLogFlush(lsn);
	SyncRepWaitForLSN(lsn, true);
}

/* mjc_commit_init - at library load. */
void
mjc_commit_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterResourceReleaseCallback(after_locks, NULL);
}

/*
 * The end of the newest record. The insert position is not that when it stands
 * right behind the header of an empty page: a flush up to there is an error,
 * since nothing will be written before the next record.
 */
static XLogRecPtr
newest_record_end(void)
{
	XLogRecPtr lsn = GetXLogInsertRecPtr();

	if (XLogSegmentOffset(lsn, wal_segment_size) == SizeOfXLogLongPHD)
		return lsn - SizeOfXLogLongPHD;
	if (lsn % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		return lsn - SizeOfXLogShortPHD;
	return lsn;
}

/* Did the synchronous standby flush that far, if this session waits for one at all? */
static bool
standby_has(XLogRecPtr lsn)
{
	int mode = synchronous_commit == SYNCHRONOUS_COMMIT_REMOTE_WRITE ? SYNC_REP_WAIT_WRITE
																	 : SYNC_REP_WAIT_FLUSH;
	XLogRecPtr reached;

	if (!SyncRepRequested() || SyncRepStandbyNames == NULL || SyncRepStandbyNames[0] == 0)
		return true;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	reached = WalSndCtl->lsn[mode];
	LWLockRelease(SyncRepLock);
	return reached >= lsn;
}

/*
 * mjc_flush_seen_wait - return when everything that this session can see is durable.
 *
 * Here, and on the synchronous standby as far as the session's synchronous_commit
 * asks for one. Does nothing on a standby. A cancelled wait is an error, never a
 * promise.
 */
void
mjc_flush_seen_wait(void)
{
	XLogRecPtr lsn;

	if (RecoveryInProgress())
		return;
	lsn = newest_record_end();
	XLogFlush(lsn);
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(lsn, false);
	RESUME_INTERRUPTS();
	CHECK_FOR_INTERRUPTS();
	if (!standby_has(lsn))
		ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
						errmsg("canceled while waiting for the synchronous standby")));
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_flush_seen);
/* mjc.flush_seen() - call before acting outside the database on a row that was read. */
Datum
mjc_flush_seen(PG_FUNCTION_ARGS)
{
	mjc_flush_seen_wait();
	PG_RETURN_VOID();
}
