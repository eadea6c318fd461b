/*
 * facet.c - the counts of each filter over what a search found, in one pass.
 *
 * Five facets of a row are five entries of one hash, by facet and value: GROUPING SETS made a hash
 * for each, with texts as keys, and took longer than finding the rows.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "aggregate.h"
#include "compat.h"
#include "error.h"
#include "uuid.h"

enum
{
	FACET_CATEGORIES,
	FACET_MANUFACTURERS,
	FACET_KINDS,
	FACET_PRICES,
	FACET_AVAILABILITY,
	FACETS
};

static const char *const facet_names[FACETS] = {"categories", "manufacturers", "kinds", "prices",
												"availability"};

/* No byte of it is unset: it is hashed and compared as bytes. */
typedef struct CellKey
{
	uint32 facet;
	union
	{
		unsigned char uuid[UUID_LEN];
		int32 number;
	} value;
} CellKey;

typedef struct Cell
{
	CellKey key;
	uint32 unused; /* 0 */
	int64 rows;	   /* 0: this place is free */
} Cell;

/* A flat state, as those of aggregate.c: a table of which a half is free at least. */
typedef struct Tally
{
	int32 vl_len_;
	uint32 kind;
	uint32 used;
	uint32 places; /* a power of two */
	Cell cell[FLEXIBLE_ARRAY_MEMBER];
} Tally;

#define TALLY_KIND 0x4d4a4654u
#define TALLY_PLACES 64				   /* at first */
#define TALLY_ALWAYS (4 * 1024 * 1024) /* what ten thousand rows may need; searches do not fail */

/* ---------------------------------------------------------------- Rules -- */

static Tally *
tally_new(uint32 places)
{
	Size bytes = offsetof(Tally, cell) + (Size) places * sizeof(Cell);
	Tally *tally;

	if (bytes > TALLY_ALWAYS)
		mjc_aggregate_room(bytes);
	tally = palloc0(bytes);
	SET_VARSIZE(tally, bytes);
	tally->kind = TALLY_KIND;
	tally->places = places;
	return tally;
}

/* The state in argument 0, where it lies when that can be used in place; NULL for none. Errors:
 * MJ723 made by somebody else. */
static Tally *
tally_arg(FunctionCallInfo fcinfo)
{
	Tally *tally;

	if (PG_ARGISNULL(0))
		return NULL;
	tally = (Tally *) PG_GETARG_BYTEA_P(0);
	if ((uintptr_t) tally % sizeof(int64) != 0)
		tally = (Tally *) PG_GETARG_BYTEA_P_COPY(0);
	if (VARSIZE(tally) < offsetof(Tally, cell) || tally->kind != TALLY_KIND ||
		VARSIZE(tally) != offsetof(Tally, cell) + (Size) tally->places * sizeof(Cell) ||
		(tally->places & (tally->places - 1)) != 0 || tally->used > tally->places / 2)
		mjc_raise(MJC_ERR_AGGREGATE_STATE);
	return tally;
}

/* Where a value stands, or would. */
static Cell *
tally_place(Tally *tally, const CellKey *key)
{
	uint32 place = hash_bytes((const unsigned char *) key, sizeof(*key));

	for (uint32 tried = 0; tried < tally->places; tried++)
	{
		Cell *cell = &tally->cell[(place + tried) & (tally->places - 1)];

		if (cell->rows == 0 || memcmp(&cell->key, key, sizeof(*key)) == 0)
			return cell;
	}
	mjc_raise(MJC_ERR_AGGREGATE_STATE);
}

/* A new one is made in the context of the call: the executor moves it to the state's. */
static Tally *
tally_with_room(Tally *tally)
{
	Tally *larger;

	if (tally->used + FACETS <= tally->places / 2)
		return tally;
	larger = tally_new(tally->places * 2);
	larger->used = tally->used;
	for (uint32 i = 0; i < tally->places; i++)
		if (tally->cell[i].rows != 0)
			*tally_place(larger, &tally->cell[i].key) = tally->cell[i];
	return larger;
}

static void
tally_add(Tally *tally, const CellKey *key)
{
	Cell *cell = tally_place(tally, key);

	if (cell->rows == 0)
	{
		cell->key = *key;
		tally->used++;
	}
	cell->rows++;
}

static text *
cell_text(const CellKey *key)
{
	switch (key->facet)
	{
		case FACET_PRICES:
			return cstring_to_text(psprintf("%d", key->value.number));
		case FACET_AVAILABILITY:
			return cstring_to_text(key->value.number != 0 ? "true" : "false");
		default:
			return cstring_to_text(mjc_uuid_text((const pg_uuid_t *) key->value.uuid));
	}
}

/* ----------------------------------------------------- SQL entry points -- */

PG_FUNCTION_INFO_V1(mjc_facet_tally_add);
/* mjc.facet_tally_add(state bytea, category_id, manufacturer_id, kind_id uuid, price_band
 * smallint, in_stock boolean). Errors: MJ721, MJ724, MJ723. */
Datum
mjc_facet_tally_add(PG_FUNCTION_ARGS)
{
	Tally *tally;

	mjc_aggregate_context(fcinfo);
	tally = tally_arg(fcinfo);
	tally = tally == NULL ? tally_new(TALLY_PLACES) : tally_with_room(tally);
	for (uint32 facet = 0; facet < FACETS; facet++)
	{
		CellKey key = {.facet = facet};

		if (PG_ARGISNULL(1 + facet))
			continue;
		if (facet == FACET_PRICES)
			key.value.number = PG_GETARG_INT16(1 + facet);
		else if (facet == FACET_AVAILABILITY)
			key.value.number = PG_GETARG_BOOL(1 + facet);
		else
			memcpy(key.value.uuid, PG_GETARG_UUID_P(1 + facet)->data, UUID_LEN);
		tally_add(tally, &key);
	}
	PG_RETURN_BYTEA_P(tally);
}

PG_FUNCTION_INFO_V1(mjc_facet_tally_end);
/* mjc.facet_tally_end(state bytea) - rows of facets, keys and counts; NULL without a state.
 * Errors: MJ724, MJ723. */
Datum
mjc_facet_tally_end(PG_FUNCTION_ARGS)
{
	int lows[2] = {1, 1};
	int dims[2] = {3, 0};
	Datum names[FACETS];
	Datum *values;
	Tally *tally;
	uint32 n = 0;

	mjc_aggregate_context(fcinfo);
	tally = tally_arg(fcinfo);
	if (tally == NULL)
		PG_RETURN_NULL();
	for (int facet = 0; facet < FACETS; facet++)
		names[facet] = CStringGetTextDatum(facet_names[facet]);
	dims[1] = tally->used;
	values = palloc(sizeof(Datum) * (3 * tally->used + 1));
	for (uint32 i = 0; i < tally->places && n < tally->used; i++)
	{
		const Cell *cell = &tally->cell[i];

		if (cell->rows == 0 || cell->key.facet >= FACETS)
			continue;
		values[n] = names[cell->key.facet];
		values[dims[1] + n] = PointerGetDatum(cell_text(&cell->key));
		values[2 * dims[1] + n] =
			PointerGetDatum(cstring_to_text(psprintf(INT64_FORMAT, cell->rows)));
		n++;
	}
	if (n != tally->used)
		mjc_raise(MJC_ERR_AGGREGATE_STATE);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, NULL, n == 0 ? 0 : 2, dims, lows, TEXTOID, -1,
											 false, TYPALIGN_INT));
}
