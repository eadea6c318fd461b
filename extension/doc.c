/*
 * doc.c - reading of JSON documents (see doc.h), and the document of a promotion.
 *
 * A promotion's document has the columns of mjc.promotion as keys: the rows of the
 * table and what somebody tries out in mjc.price_cart are read by the same code.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "doc.h"
#include "error.h"
#include "money.h"
#include "uuid.h"

#define MAX_TARGETS 10000
#define MAX_WORDS 1000

static void invalid(const char *key) pg_attribute_noreturn();
static void refuse(const char *field) pg_attribute_noreturn();

static void
invalid(const char *key)
{
	MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", key, 0});
}

/* The value of a key; NULL when it is missing or null. */
static JsonbValue *
find(JsonbContainer *doc, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(doc, key, (int) strlen(key), NULL);

	return value == NULL || value->type == jbvNull ? NULL : value;
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A whole number of at most 18 digits. */
static bool
parse_whole(const char *text, int64 *number)
{
	bool negative = *text == '-';
	const char *digit = text + negative;

	*number = 0;
	for (; *digit >= '0' && *digit <= '9' && digit - text < 18; digit++)
		*number = *number * 10 + (*digit - '0');
	if (negative)
		*number = -*number;
	return *digit == '\0' && digit > text + negative;
}

/* mjc_doc_int - a whole number. */
int64
mjc_doc_int(JsonbContainer *doc, const char *key, int64 otherwise, int64 min, int64 max)
{
	JsonbValue *value = find(doc, key);
	int64 number;

	if (value == NULL)
		return otherwise;
	if (value->type != jbvNumeric ||
		!parse_whole(
			DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric))),
			&number))
		invalid(key);
	if (number < min || number > max)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", key, 0});
	return number;
}

/* mjc_doc_bool - true or false. */
bool
mjc_doc_bool(JsonbContainer *doc, const char *key, bool otherwise)
{
	JsonbValue *value = find(doc, key);

	if (value == NULL)
		return otherwise;
	if (value->type != jbvBool)
		invalid(key);
	return value->val.boolean;
}

/* mjc_doc_text - a text, NULL when it is missing. */
char *
mjc_doc_text(JsonbContainer *doc, const char *key)
{
	JsonbValue *value = find(doc, key);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
		invalid(key);
	return string_of(value);
}

static pg_uuid_t
uuid_of(const JsonbValue *value, const char *key)
{
	pg_uuid_t uuid;

	if (value->type != jbvString ||
		!mjc_uuid_parse(value->val.string.val, value->val.string.len, &uuid))
		invalid(key);
	return uuid;
}

/* mjc_doc_uuid - false when it is missing. */
bool
mjc_doc_uuid(JsonbContainer *doc, const char *key, pg_uuid_t *uuid)
{
	JsonbValue *value = find(doc, key);

	if (value == NULL)
		return false;
	*uuid = uuid_of(value, key);
	return true;
}

/* mjc_doc_array - an array of at most max elements; NULL and 0 when it is missing. */
JsonbContainer *
mjc_doc_array(JsonbContainer *doc, const char *key, int max, int *n)
{
	JsonbValue *value = find(doc, key);

	*n = 0;
	if (value == NULL)
		return NULL;
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		invalid(key);
	*n = (int) JsonContainerSize(value->val.binary.data);
	if (*n > max)
		MJC_RAISE(MJC_ERR_ARGUMENT_RANGE, {"argument", key, 0});
	return value->val.binary.data;
}

/* mjc_doc_object_at - element i of an array, which must be an object. */
JsonbContainer *
mjc_doc_object_at(JsonbContainer *array, int i, const char *key)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, (uint32) i);

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		invalid(key);
	return value->val.binary.data;
}

static int
compare_ids(const void *a, const void *b)
{
	return mjc_uuid_compare(a, b);
}

/* mjc_doc_ids - an array of uuids, sorted. */
MjcIdSet
mjc_doc_ids(JsonbContainer *doc, const char *key, int max)
{
	MjcIdSet set = {0, NULL};
	JsonbContainer *array = mjc_doc_array(doc, key, max, &set.n);

	set.ids = palloc(sizeof(pg_uuid_t) * Max(set.n, 1));
	for (int i = 0; i < set.n; i++)
		set.ids[i] = uuid_of(getIthJsonbValueFromContainer(array, (uint32) i), key);
	qsort(set.ids, set.n, sizeof(pg_uuid_t), compare_ids);
	return set;
}

/* mjc_doc_words - an array of texts. */
MjcWords
mjc_doc_words(JsonbContainer *doc, const char *key, int max)
{
	MjcWords words = {0, NULL};
	JsonbContainer *array = mjc_doc_array(doc, key, max, &words.n);

	words.words = palloc(sizeof(char *) * Max(words.n, 1));
	for (int i = 0; i < words.n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, (uint32) i);

		if (value->type != jbvString)
			invalid(key);
		words.words[i] = string_of(value);
	}
	return words;
}

/* ------------------------------------------------------------ Promotions -- */

static const char *const kind_names[MJC_PROMOTION__MAX] = {[MJC_PROMOTION_PERCENT] = "percent",
														   [MJC_PROMOTION_AMOUNT] = "amount",
														   [MJC_PROMOTION_FIXED_PRICE] =
															   "fixed_price",
														   [MJC_PROMOTION_BUY_GET] = "buy_get",
														   [MJC_PROMOTION_GIFT] = "gift"};
static const char *const scope_names[MJC_SCOPE__MAX] = {
	[MJC_SCOPE_LINE] = "line", [MJC_SCOPE_ORDER] = "order", [MJC_SCOPE_SHIPPING] = "shipping"};

static void
refuse(const char *field)
{
	MJC_RAISE(MJC_ERR_PROMOTION_INVALID, {"field", field, 0});
}

/* An empty list is no condition but a mistake. */
static void
listed(JsonbContainer *doc, const char *key, int n)
{
	if (n == 0 && find(doc, key) != NULL)
		refuse(key);
}

static int
word_of(JsonbContainer *doc, const char *key, const char *const *names, int n)
{
	char *word = mjc_doc_text(doc, key);

	for (int i = 0; i < n && word != NULL; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	refuse(key);
	return 0;
}

/* What the CHECK constraints of mjc.promotion say about kind, scope and figures. */
static void
check_promotion(const MjcPromotion *p)
{
	bool has_rate = p->kind == MJC_PROMOTION_PERCENT || p->kind == MJC_PROMOTION_BUY_GET;
	bool has_amount = p->kind == MJC_PROMOTION_AMOUNT || p->kind == MJC_PROMOTION_FIXED_PRICE;

	if (p->code == NULL)
		refuse("code");
	if ((p->kind == MJC_PROMOTION_BUY_GET && p->scope != MJC_SCOPE_LINE) ||
		(p->kind == MJC_PROMOTION_GIFT && p->scope != MJC_SCOPE_ORDER))
		refuse("scope");
	if (has_rate != (p->rate_bp > 0))
		refuse("rate_bp");
	if (has_amount ? p->amount < (p->kind == MJC_PROMOTION_AMOUNT ? 1 : 0) : p->amount >= 0)
		refuse("amount_centimes");
	if ((p->kind == MJC_PROMOTION_BUY_GET) != (p->buy_qty > 0))
		refuse("buy_qty");
	if ((p->kind == MJC_PROMOTION_BUY_GET || p->kind == MJC_PROMOTION_GIFT) != (p->get_qty > 0))
		refuse("get_qty");
}

/*
 * mjc_doc_promotion - a promotion from its document; validity and is_active are not
 * looked at. Errors: MJ006, MJ010, MJ219 what the table would refuse.
 */
MjcPromotion
mjc_doc_promotion(JsonbContainer *doc)
{
	MjcPromotion p = {0};
	bool gift = mjc_doc_uuid(doc, "gift_product_id", &p.gift_product);

	p.code = mjc_doc_text(doc, "code");
	p.name = mjc_doc_text(doc, "name");
	p.kind = (MjcPromotionKind) word_of(doc, "kind", kind_names, MJC_PROMOTION__MAX);
	p.scope = (MjcPromotionScope) word_of(doc, "scope", scope_names, MJC_SCOPE__MAX);
	p.rate_bp = (int32) mjc_doc_int(doc, "rate_bp", 0, 1, MJC_BP_ONE);
	p.amount = mjc_doc_int(doc, "amount_centimes", -1, 0, INT64CONST(100000000000));
	p.buy_qty = (int32) mjc_doc_int(doc, "buy_qty", 0, 1, 999);
	p.get_qty = (int32) mjc_doc_int(doc, "get_qty", 0, 1, 999);
	p.priority = (int32) mjc_doc_int(doc, "priority", 100, 0, 1000000);
	p.exclusivity_group = mjc_doc_text(doc, "exclusivity_group");
	p.needs_coupon = mjc_doc_bool(doc, "needs_coupon", false);
	p.first_order = mjc_doc_bool(doc, "first_order", false);
	p.min_qty = (int32) mjc_doc_int(doc, "min_qty", 0, 1, PG_INT32_MAX);
	p.min_amount = mjc_doc_int(doc, "min_amount_centimes", 0, 0, MJC_MAX_AMOUNT);
	p.products = mjc_doc_ids(doc, "product_ids", MAX_TARGETS);
	p.categories = mjc_doc_ids(doc, "category_ids", MAX_TARGETS);
	p.manufacturers = mjc_doc_ids(doc, "manufacturer_ids", MAX_TARGETS);
	p.groups = mjc_doc_words(doc, "customer_groups", MAX_WORDS);
	p.wilayas = mjc_doc_words(doc, "wilaya_codes", MAX_WORDS);
	listed(doc, "product_ids", p.products.n);
	listed(doc, "category_ids", p.categories.n);
	listed(doc, "manufacturer_ids", p.manufacturers.n);
	listed(doc, "customer_groups", p.groups.n);
	listed(doc, "wilaya_codes", p.wilayas.n);
	p.from = DT_NOBEGIN;
	p.until = DT_NOEND;
	check_promotion(&p);
	if (gift != (p.kind == MJC_PROMOTION_GIFT))
		refuse("gift_product_id");
	p.amount = Max(p.amount, 0);
	return p;
}
