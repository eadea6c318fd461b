/*
 * card.c - closes a prebuilt document: what is stored of a product's JSON and what is known only
 * when it is read become one value, without parsing the stored part again.
 *
 * Stored parts are JSON objects as row_to_json() writes them. Where a name is not stored, because
 * it changes for many products at once, stands a member "@" with the id of what is named; no other
 * text can look like it: within strings quotes are escaped, and members of jsonb have a blank after
 * the colon.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "args.h"
#include "calendar.h"
#include "error.h"
#include "money.h"
#include "uuid.h"

#define OPEN_NAME "\"@\":\""

/* Names to be filled in: members of a JSON object without its braces, by id. */
typedef struct Names
{
	Datum *ids;
	Datum *members;
	bool *nulls;
	int n;
} Names;

/* ---------------------------------------------------------------- Rules -- */

static void
append_key(StringInfo out, const char *key)
{
	appendStringInfoString(out, ",\"");
	appendStringInfoString(out, key);
	appendStringInfoString(out, "\":");
}

static void
append_text(StringInfo out, const char *key, const char *value)
{
	append_key(out, key);
	if (value == NULL)
		appendStringInfoString(out, "null");
	else
		escape_json(out, value);
}

static void
append_amount(StringInfo out, const char *key, bool isnull, int64 centimes)
{
	append_key(out, key);
	appendStringInfoString(out, isnull ? "null" : mjc_dzd_text(centimes));
}

/* What is named by the id at `at`, which is text. */
static void
append_named(StringInfo out, const Names *names, const char *at)
{
	pg_uuid_t id;

	MJC_ENSURE(mjc_uuid_parse(at, MJC_UUID_TEXT_LEN, &id), "an open name has an id");
	for (int i = 0; i < names->n; i++)
	{
		text *member;

		if (names->nulls[i] || memcmp(DatumGetUUIDP(names->ids[i]), &id, UUID_LEN) != 0)
			continue;
		member = DatumGetTextPP(names->members[i]);
		appendBinaryStringInfo(out, VARDATA_ANY(member), VARSIZE_ANY_EXHDR(member));
		return;
	}
	appendStringInfoString(out, "\"name\":null");
}

/* Copies members of a stored object, with the names that it leaves open. */
static void
append_filled(StringInfo out, const Names *names, const char *from, const char *end)
{
	const int open = strlen(OPEN_NAME);
	const char *at;

	while ((at = memmem(from, end - from, OPEN_NAME, open)) != NULL &&
		   end - at > open + MJC_UUID_TEXT_LEN)
	{
		appendBinaryStringInfo(out, from, at - from);
		append_named(out, names, at + open);
		from = at + open + MJC_UUID_TEXT_LEN + 1;
	}
	appendBinaryStringInfo(out, from, end - from);
}

/* The members of a stored object follow those that are there. */
static void
append_object(StringInfo out, const Names *names, text *object)
{
	const char *data = VARDATA_ANY(object);
	int len = VARSIZE_ANY_EXHDR(object);

	MJC_ENSURE(len >= 2 && data[0] == '{' && data[len - 1] == '}', "a prebuilt part is an object");
	if (len == 2)
		return;
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	if (names->n > 0)
		append_filled(out, names, data + 1, data + len - 1);
	else
		appendBinaryStringInfo(out, data + 1, len - 2);
}

/* Tenths of the average of `count` ratings, half up; 0 without any. */
static int32
rating_tenths(int32 count, int32 sum)
{
	return count > 0 ? (int32) ((20 * (int64) sum + count) / (2 * (int64) count)) : 0;
}

static void
append_rating(StringInfo out, int32 count, int32 sum)
{
	int32 tenths = rating_tenths(count, sum);

	append_key(out, "averageRating");
	appendStringInfo(out, "%d.%d", tenths / 10, tenths % 10);
	append_key(out, "reviewCount");
	appendStringInfo(out, "%d", count);
}

/* ----------------------------------------------------- SQL entry points -- */

/* A category or a manufacturer: id, name and slug from argument n on, and for a category two names
 * more. */
static void
append_place(StringInfo out, FunctionCallInfo fcinfo, const char *key, int n, bool translated)
{
	append_key(out, key);
	if (PG_ARGISNULL(n))
	{
		appendStringInfoString(out, "null");
		return;
	}
	appendStringInfoString(out, "{\"id\":\"");
	appendStringInfoString(out, mjc_uuid_text(PG_GETARG_UUID_P(n)));
	appendStringInfoChar(out, '"');
	append_text(out, "name", mjc_arg_text_or_null(fcinfo, n + 1));
	append_text(out, "slug", mjc_arg_text_or_null(fcinfo, n + 2));
	if (translated)
	{
		append_text(out, "nameAr", mjc_arg_text_or_null(fcinfo, n + 3));
		append_text(out, "nameEn", mjc_arg_text_or_null(fcinfo, n + 4));
	}
	appendStringInfoChar(out, '}');
}

static Names
names_of(FunctionCallInfo fcinfo, int ids, int members)
{
	Names names = {0};
	bool *id_nulls;
	int n;

	if (PG_ARGISNULL(ids) || PG_ARGISNULL(members))
		return names;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ids), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR,
					  &names.ids, &id_nulls, &n);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(members), TEXTOID, -1, false, TYPALIGN_INT,
					  &names.members, &names.nulls, &names.n);
	MJC_ENSURE(n == names.n, "each name has its id");
	return names;
}

PG_FUNCTION_INFO_V1(mjc_rating);
/* mjc.rating(n integer, stars integer) - the average to one decimal. */
Datum
mjc_rating(PG_FUNCTION_ARGS)
{
	int32 tenths = PG_ARGISNULL(0) || PG_ARGISNULL(1)
					   ? 0
					   : rating_tenths(PG_GETARG_INT32(0), PG_GETARG_INT32(1));

	PG_RETURN_NUMERIC(int64_div_fast_to_numeric(tenths, 1));
}

PG_FUNCTION_INFO_V1(mjc_card_json);
/*
 * mjc.card_json(head, part, price, sale_price, available, is_active, updated_at, category_id,
 * category_name, category_slug, category_name_ar, category_name_en, manufacturer_id,
 * manufacturer_name, manufacturer_slug, rating_count, rating_sum, more, named, names).
 */
Datum
mjc_card_json(PG_FUNCTION_ARGS)
{
	Names names = names_of(fcinfo, 18, 19);
	Names none = {0};
	StringInfoData out;
	char at[MJC_ISO_SIZE];

	for (int n = 0; n < 18; n++)
		if (PG_ARGISNULL(n) && (n < 3 || n == 5 || n == 6 || n == 15 || n == 16))
			MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "head", 0});
	initStringInfo(&out);
	enlargeStringInfo(&out, VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(0)) +
								VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(1)) + 1024);
	appendStringInfoSpaces(&out, VARHDRSZ); /* the header of the text that this becomes */
	appendStringInfoChar(&out, '{');
	append_object(&out, &none, PG_GETARG_TEXT_PP(0));
	append_object(&out, &names, PG_GETARG_TEXT_PP(1));
	append_amount(&out, "price", false, PG_GETARG_INT64(2));
	append_amount(&out, "salePrice", PG_ARGISNULL(3), PG_ARGISNULL(3) ? 0 : PG_GETARG_INT64(3));
	append_key(&out, "stockQuantity");
	appendStringInfo(&out, INT64_FORMAT, PG_ARGISNULL(4) ? 0 : Max(PG_GETARG_INT64(4), 0));
	append_key(&out, "isActive");
	appendStringInfoString(&out, PG_GETARG_BOOL(5) ? "true" : "false");
	append_text(&out, "updatedAt", mjc_iso_text(PG_GETARG_TIMESTAMPTZ(6), at) ? at : NULL);
	append_place(&out, fcinfo, "category", 7, true);
	append_place(&out, fcinfo, "manufacturer", 12, false);
	append_rating(&out, PG_GETARG_INT32(15), PG_GETARG_INT32(16));
	if (!PG_ARGISNULL(17))
		append_object(&out, &none, PG_GETARG_TEXT_PP(17));
	appendStringInfoChar(&out, '}');
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_TEXT_P(out.data);
}

PG_FUNCTION_INFO_V1(mjc_card_with);
/* mjc.card_with(card, more) - the members of both, those of the second last. */
Datum
mjc_card_with(PG_FUNCTION_ARGS)
{
	text *card = PG_GETARG_TEXT_PP(0);
	text *more = PG_GETARG_TEXT_PP(1);
	Names none = {0};
	StringInfoData out;

	initStringInfo(&out);
	enlargeStringInfo(&out, VARSIZE_ANY_EXHDR(card) + VARSIZE_ANY_EXHDR(more) + 16);
	appendStringInfoSpaces(&out, VARHDRSZ); /* the header of the text that this becomes */
	appendStringInfoChar(&out, '{');
	append_object(&out, &none, card);
	append_object(&out, &none, more);
	appendStringInfoChar(&out, '}');
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_TEXT_P(out.data);
}

PG_FUNCTION_INFO_V1(mjc_facet_json);
/* mjc.facet_json(id, name, slug, translated, name_ar, n) - one count; lists have hundreds. */
Datum
mjc_facet_json(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(3) || PG_ARGISNULL(5))
		PG_RETURN_NULL();
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ); /* the header of the text that this becomes */
	appendStringInfoString(&out, "{\"id\":\"");
	appendStringInfoString(&out, mjc_uuid_text(PG_GETARG_UUID_P(0)));
	appendStringInfoChar(&out, '"');
	append_text(&out, "name", mjc_arg_text_or_null(fcinfo, 1));
	if (PG_GETARG_BOOL(3))
		append_text(&out, "nameAr", mjc_arg_text_or_null(fcinfo, 4));
	append_text(&out, "slug", mjc_arg_text_or_null(fcinfo, 2));
	append_key(&out, "count");
	appendStringInfo(&out, INT64_FORMAT "}", PG_GETARG_INT64(5));
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_TEXT_P(out.data);
}
