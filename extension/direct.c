/*
 * direct.c - the few hot tables read and written without SQL.
 *
 * A kept plan costs 25 to 30 us of executor a statement; under a lock that
 * others wait for this halves the rate of a hot product. Here a row is locked,
 * the newest one read and the next one written by the calls that the executor
 * itself ends in: indexes, CHECK constraints, NOT NULL and serializability hold.
 * Of a key that is claimed, ON CONFLICT DO NOTHING holds too: the same speculative insertion.
 *
 * Only a table that is exactly what the schema steps made is used this way: an
 * ordinary table with our columns and types, no rules, and for writing no
 * triggers but those of foreign keys whose parent row the caller has written in
 * the same transaction. Owners may add columns, triggers, or distribute the table:
 * then SPI serves, with the INSERT that the same description gives. Whether a
 * table may be used is decided under its lock. What is kept between calls (object
 * ids, compiled constraints, index descriptions) is built again when the table or
 * an index is invalidated, and after an error.
 *
 * Reads see what is committed at that moment and what this transaction wrote, in
 * every isolation level: mjc_direct_last and _lock by SnapshotDirty, outside the
 * bookkeeping of serializable transactions (the caller serialises by a lock),
 * mjc_direct_all by the newest snapshot.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "direct.h"
#include "error.h"
#include "guc.h"

#define MAX_TABLES 32
#define MAX_INDEXES 16
#define MAX_KEYS 3

/* What is known about a table, in a memory context of its own. */
struct MjcTableState
{
	MemoryContext context;
	bool stale;	   /* set by the invalidation callback, and by an error */
	bool known;	   /* describe() came to its end */
	bool busy;	   /* a row is being written */
	bool readable; /* without SQL */
	bool writable;
	Oid relid;
	Oid primary_key;
	AttrNumber attnum[MJC_DIRECT_MAX_COLUMNS];
	int ncolumns;
	EState *estate; /* holds the compiled constraints and predicates */
	ResultRelInfo *info;
	Oid index[MAX_INDEXES];
	int nindexes;
	TupleTableSlot *row; /* the row to write */
	MjcStmt insert;		 /* the same by SQL */
	MjcStmt claim;		 /* and unless its key is taken */
};

static struct MjcTableState states[MAX_TABLES];
static int nstates = 0;

/* ----------------------------------------------------- What is known -- */

static bool
concerns(const struct MjcTableState *state, Oid relid)
{
	for (int i = 0; i < state->nindexes; i++)
		if (relid == state->index[i])
			return true;
	return relid == InvalidOid || relid == state->relid;
}

static void
table_invalidated(Datum arg, Oid relid)
{
	for (int i = 0; i < nstates; i++)
		if (concerns(&states[i], relid))
			states[i].stale = true;
}

/* mjc_direct_init - at library load. */
void
mjc_direct_init(void)
{
	CacheRegisterRelcacheCallback(table_invalidated, (Datum) 0);
}

/* Our columns with our types, all of them and no other but generated ones: their numbers. */
static bool
find_columns(const MjcTable *table, struct MjcTableState *state, Relation rel)
{
	TupleDesc tupdesc = RelationGetDescr(rel);
	int live = 0;

	for (int i = 0; i < tupdesc->natts; i++)
		live += !TupleDescAttr(tupdesc, i)->attisdropped &&
				TupleDescAttr(tupdesc, i)->attgenerated == '\0';
	for (state->ncolumns = 0; table->columns[state->ncolumns] != NULL; state->ncolumns++)
	{
		AttrNumber number = get_attnum(state->relid, table->columns[state->ncolumns]);

		if (number == InvalidAttrNumber ||
			TupleDescAttr(tupdesc, number - 1)->atttypid != table->types[state->ncolumns] ||
			TupleDescAttr(tupdesc, number - 1)->atttypmod != -1)
			return false;
		state->attnum[state->ncolumns] = number;
	}
	return live == state->ncolumns;
}

/* The primary key stands on the first columns, in their order. */
static bool
find_primary_key(struct MjcTableState *state, Relation rel)
{
	Relation index;
	bool fits = true;

	state->primary_key = mjc_primary_key(rel);
	if (!OidIsValid(state->primary_key))
		return false;
	index = index_open(state->primary_key, AccessShareLock);
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
		if (index->rd_index->indkey.values[i] != state->attnum[i])
			fits = false;
	index_close(index, AccessShareLock);
	return fits;
}

/* No trigger must see a new row, but for foreign keys that the caller vouches for. */
static bool
triggers_allow(const MjcTable *table, const TriggerDesc *triggers)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (TRIGGER_FOR_INSERT(trigger->tgtype) &&
			!(table->parent_written && trigger->tgisinternal &&
			  RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_FK))
			return false;
	}
	return true;
}

static void
describe_indexes(struct MjcTableState *state, List *oids)
{
	ResultRelInfo *info = state->info;
	ListCell *cell;

	info->ri_NumIndices = 0;
	info->ri_IndexRelationDescs = palloc0(sizeof(Relation) * MAX_INDEXES);
	info->ri_IndexRelationInfo = palloc0(sizeof(IndexInfo *) * MAX_INDEXES);
	foreach (cell, oids)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		state->index[state->nindexes++] = lfirst_oid(cell);
		info->ri_IndexRelationInfo[info->ri_NumIndices] = BuildIndexInfo(index);
		if (lfirst_oid(cell) == state->primary_key) /* for claims */
			BuildSpeculativeIndexInfo(index, info->ri_IndexRelationInfo[info->ri_NumIndices]);
		info->ri_NumIndices++;
		index_close(index, AccessShareLock);
	}
}

/* The statement that serves when the table may not be written directly. */
static void
describe_insert(const MjcTable *table, MjcStmt *insert, const char *on_conflict)
{
	StringInfoData sql;

	if (insert->sql != NULL)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO mjc.%s (", quote_identifier(table->name));
	for (int i = 0; table->columns[i] != NULL; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", table->columns[i]);
	/* The number of an identity column is the caller's. */
	appendStringInfoString(&sql, ") OVERRIDING SYSTEM VALUE VALUES (");
	for (int i = 0; table->columns[i] != NULL; i++)
	{
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
		insert->types[i] = table->types[i];
		insert->nargs = i + 1;
	}
	appendStringInfo(&sql, ")%s", on_conflict);
	insert->sql = MemoryContextStrdup(TopMemoryContext, sql.data);
}

static void
describe_writing(struct MjcTableState *state, Relation rel, List *indexes)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);

	state->estate = CreateExecutorState();
	state->info = makeNode(ResultRelInfo);
	InitResultRelInfo(state->info, rel, 0, NULL, 0);
	describe_indexes(state, indexes);
	state->row =
		MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(rel)), &TTSOpsVirtual);
	MemoryContextSwitchTo(caller);
}

/* Learns the table anew. */
static void
describe(const MjcTable *table, struct MjcTableState *state, Relation rel)
{
	List *indexes = RelationGetIndexList(rel);

	state->stale = false;
	state->known = false;
	state->nindexes = 0;
	if (state->context != NULL)
		MemoryContextReset(state->context);
	else
		state->context =
			AllocSetContextCreate(CacheMemoryContext, "mjc hot table", ALLOCSET_SMALL_SIZES);
	describe_insert(table, &state->insert, "");
	describe_insert(table, &state->claim, " ON CONFLICT DO NOTHING");
	state->readable = rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relhassubclass &&
					  !rel->rd_rel->relrowsecurity && rel->rd_rules == NULL &&
					  find_columns(table, state, rel) && find_primary_key(state, rel);
	state->writable = state->readable && list_length(indexes) <= MAX_INDEXES &&
					  triggers_allow(table, rel->trigdesc);
	if (state->writable)
		describe_writing(state, rel, indexes);
	state->known = true;
}

static struct MjcTableState *
state_of(MjcTable *table)
{
	if (table->state == NULL)
	{
		MJC_ENSURE(nstates < MAX_TABLES, "at most 32 hot tables");
		states[nstates].stale = true;
		table->state = &states[nstates++];
	}
	return table->state;
}

/* Opens the table and brings what is known about it up to date; its lock keeps it so. */
static Relation
open_table(MjcTable *table, LOCKMODE lockmode)
{
	struct MjcTableState *state = state_of(table);
	Relation rel;

	if (state->stale || !state->known)
		state->relid = get_relname_relid(table->name, get_namespace_oid("mjc", false));
	rel = table_open(state->relid, lockmode);
	/* Taking the lock may have brought news. A row being written keeps what it works with. */
	if ((state->stale || !state->known) && !state->busy)
		describe(table, state, rel);
	return rel;
}

/*
 * mjc_direct_readable - may this table be read without SQL? If so it stays that
 * way until the end of the transaction.
 */
bool
mjc_direct_readable(MjcTable *table)
{
	if (!mjc_direct_access)
		return false;
	table_close(open_table(table, AccessShareLock), NoLock);
	return table->state->readable;
}

/* ------------------------------------------------------------- Writing -- */

/* What an access method keeps must not outlive the call: it points into the relation cache. */
static void
open_indexes(struct MjcTableState *state)
{
	for (int i = 0; i < state->nindexes; i++)
	{
		IndexInfo *index = state->info->ri_IndexRelationInfo[i];

		index->ii_AmCache = NULL;
		index->ii_Context = CurrentMemoryContext;
		state->info->ri_IndexRelationDescs[i] = index_open(state->index[i], RowExclusiveLock);
	}
}

static void
close_indexes(struct MjcTableState *state)
{
	for (int i = 0; i < state->nindexes; i++)
	{
		mjc_index_insert_cleanup(state->info->ri_IndexRelationDescs[i],
								 state->info->ri_IndexRelationInfo[i]);
		index_close(state->info->ri_IndexRelationDescs[i], RowExclusiveLock);
	}
}

static void
fill_row(struct MjcTableState *state, const MjcArg *args)
{
	TupleTableSlot *row = state->row;

	ExecClearTuple(row);
	memset(row->tts_isnull, true, sizeof(bool) * row->tts_tupleDescriptor->natts);
	for (int i = 0; i < state->ncolumns; i++)
	{
		row->tts_values[state->attnum[i] - 1] = args[i].value;
		row->tts_isnull[state->attnum[i] - 1] = args[i].isnull;
	}
	row->tts_tableOid = state->relid;
	ExecStoreVirtualTuple(row);
}

/*
 * As the executor does ON CONFLICT DO NOTHING: look first, waiting for who writes that key; then
 * insert under a token that others wait for, and look again.
 */
static bool
insert_unless_taken(struct MjcTableState *state, Relation rel)
{
	List *arbiters = list_make1_oid(state->primary_key);
	TransactionId xid = GetCurrentTransactionId();
	bool conflict;

	do
	{
		ItemPointerData other;
		uint32 token;

		CHECK_FOR_INTERRUPTS();
		conflict = false;
		if (!mjc_check_index_constraints(state->info, state->row, state->estate, &other, arbiters))
			return false;
		token = SpeculativeInsertionLockAcquire(xid);
		table_tuple_insert_speculative(rel, state->row, GetCurrentCommandId(true), 0, NULL, token);
		mjc_insert_index_tuples(state->info, state->row, state->estate, true, &conflict, arbiters);
		table_tuple_complete_speculative(rel, state->row, token, !conflict);
		SpeculativeInsertionLockRelease(xid);
	} while (conflict);
	return true;
}

/* False: its key is taken, and unless_taken was asked for. */
static bool
insert_row(struct MjcTableState *state, Relation rel, const MjcArg *args, bool unless_taken)
{
	const TupleConstr *constr = RelationGetDescr(rel)->constr;
	bool inserted = true;

	state->info->ri_RelationDesc = rel;
	ResetPerTupleExprContext(state->estate);
	fill_row(state, args);
	if (constr != NULL && constr->has_generated_stored)
		ExecComputeStoredGenerated(state->info, state->estate, state->row, CMD_INSERT);
	if (constr != NULL)
		ExecConstraints(state->info, state->row, state->estate);
	open_indexes(state);
	if (unless_taken)
		inserted = insert_unless_taken(state, rel);
	else
	{
		table_tuple_insert(rel, state->row, GetCurrentCommandId(true), 0, NULL);
		mjc_insert_index_tuples(state->info, state->row, state->estate, false, NULL, NIL);
	}
	close_indexes(state);
	ExecClearTuple(state->row);
	return inserted;
}

static bool
write_row(struct MjcTableState *state, Relation rel, const MjcArg *args, bool unless_taken)
{
	volatile bool inserted = false;

	state->busy = true;
	PG_TRY();
	{
		inserted = insert_row(state, rel, args, unless_taken);
	}
	PG_CATCH();
	{
		/* Half compiled expressions must not be met again. */
		state->stale = true;
		state->busy = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	state->busy = false;
	CommandCounterIncrement();
	return inserted;
}

/*
 * mjc_direct_write - write one row, its columns in the order of `table`.
 *
 * Constraints are checked and all indexes filled, a duplicate key is an error, as
 * in SQL; by SQL, when the table is not as it was made. Seen by later SQL of this
 * transaction. Needs SPI open.
 */
void
mjc_direct_write(MjcTable *table, const MjcArg *args)
{
	Relation rel = open_table(table, RowExclusiveLock);
	struct MjcTableState *state = table->state;

	if (mjc_direct_access && state->writable && !state->busy)
		write_row(state, rel, args, false);
	else
		mjc_exec_one(&state->insert, args);
	table_close(rel, NoLock);
}

/*
 * mjc_direct_claim - the same, unless there is a row with that primary key: false then.
 *
 * Another transaction that writes this key just now is waited for. By SQL for tables that are not
 * as they were made and for transactions that must not see what came after they began. The table
 * has no other unique index. Needs SPI open.
 */
bool
mjc_direct_claim(MjcTable *table, const MjcArg *args)
{
	Relation rel = open_table(table, RowExclusiveLock);
	struct MjcTableState *state = table->state;
	bool inserted;

	if (mjc_direct_access && state->writable && !state->busy && !IsolationUsesXactSnapshot())
		inserted = write_row(state, rel, args, true);
	else
		inserted = mjc_exec(&state->claim, args) == 1;
	table_close(rel, NoLock);
	return inserted;
}

/* ------------------------------------------------------------- Reading -- */

static RegProcedure
equality_of(Oid type)
{
	switch (type)
	{
		case UUIDOID:
			return F_UUID_EQ;
		case INT2OID:
			return F_INT2EQ;
		case INT4OID:
			return F_INT4EQ;
		case TEXTOID:
			return F_TEXTEQ;
	}
	MJC_ENSURE(false, "keys of hot tables are uuid, smallint, integer and text");
	return InvalidOid;
}

static void
key_init(Relation index, ScanKeyData *key, int i, Datum value)
{
	ScanKeyEntryInitialize(key, 0, i + 1, BTEqualStrategyNumber, InvalidOid,
						   index->rd_indcollation[i],
						   equality_of(TupleDescAttr(RelationGetDescr(index), i)->atttypid), value);
}

/* The first columns of the row in the slot; by-reference values are copied. */
static void
take_values(const struct MjcTableState *state, TupleTableSlot *slot, int n, Datum *values,
			bool *nulls)
{
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, state->attnum[i] - 1);

		values[i] = slot_getattr(slot, state->attnum[i], &nulls[i]);
		if (!nulls[i] && !att->attbyval)
			values[i] = datumCopy(values[i], false, att->attlen);
	}
}

/*
 * The last row in key order, whoever wrote it; waits for a writer under way.
 * Left in the slot, pinned until the caller clears it.
 */
static bool
scan_last(Relation rel, Relation index, const Datum *keys, int nkeys, TupleTableSlot *slot)
{
	SnapshotData dirty;
	ScanKeyData key[MAX_KEYS];
	IndexScanDesc scan;
	bool found;

	for (int i = 0; i < nkeys; i++)
		key_init(index, &key[i], i, keys[i]);
	InitDirtySnapshot(dirty);
	scan = mjc_index_beginscan(rel, index, &dirty, nkeys);
	for (;;)
	{
		index_rescan(scan, key, nkeys, NULL, 0);
		found = index_getnext_slot(scan, BackwardScanDirection, slot);
		if (!found || !TransactionIdIsValid(dirty.xmin))
			break;
		/* Without a pin on the index page. */
		ExecClearTuple(slot);
		index_rescan(scan, key, nkeys, NULL, 0);
		XactLockTableWait(dirty.xmin, NULL, NULL, XLTW_None);
	}
	index_endscan(scan);
	return found;
}

/*
 * mjc_direct_last - the last row whose first nkeys primary key columns are these.
 *
 * values, nulls: the first n columns of it. A row that another transaction wrote
 * and did not commit yet is waited for.
 */
bool
mjc_direct_last(MjcTable *table, const Datum *keys, int nkeys, int n, Datum *values, bool *nulls)
{
	Relation rel = open_table(table, AccessShareLock);
	Relation index = index_open(table->state->primary_key, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool found;

	MJC_ENSURE(nkeys <= MAX_KEYS, "at most 3 keys");
	found = scan_last(rel, index, keys, nkeys, slot);
	if (found)
		take_values(table->state, slot, n, values, nulls);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(rel, NoLock);
	return found;
}

/*
 * mjc_direct_lock - lock the row with this primary key FOR NO KEY UPDATE, until the end
 * of the transaction; the first n columns of its newest version are read. False
 * when there is none.
 */
bool
mjc_direct_lock(MjcTable *table, const Datum *keys, int nkeys, int n, Datum *values, bool *nulls)
{
	Relation rel = open_table(table, RowShareLock);
	Relation index = index_open(table->state->primary_key, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool found;

	MJC_ENSURE(nkeys <= MAX_KEYS, "at most 3 keys");
	found = scan_last(rel, index, keys, nkeys, slot);
	if (found)
	{
		ItemPointerData tid = slot->tts_tid;
		TM_FailureData failure;

		ExecClearTuple(slot);
		found = table_tuple_lock(rel, &tid, GetActiveSnapshot(), slot, GetCurrentCommandId(true),
								 LockTupleNoKeyExclusive, LockWaitBlock,
								 TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure) == TM_Ok;
	}
	if (found)
		take_values(table->state, slot, n, values, nulls);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(rel, NoLock);
	return found;
}

/*
 * mjc_direct_all - the first `wanted` columns of all rows of a small table.
 *
 * values: room for max rows; a NULL is 0. Returns the number of rows, -1 when
 * there are more than max.
 */
int
mjc_direct_all(MjcTable *table, int wanted, Datum *values, int max)
{
	Relation rel = open_table(table, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	bool nulls[MJC_DIRECT_MAX_COLUMNS];
	int n = 0;

	while (n >= 0 && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		if (n < max)
			take_values(table->state, slot, wanted, values + n * wanted, nulls);
		n = n < max ? n + 1 : -1;
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return n;
}
