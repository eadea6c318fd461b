/*
 * promotion.c - which promotions a cart gets, and what they take off (rules R3,
 * R4, R8 of the pricing rules). Rules only: no table is read here.
 *
 * M1 Promotions are tried by priority, then code; each sees what those before it
 *    left: amounts and conditions are those of the running total.
 * M2 A line matches when each kind of target that is given (products, categories,
 *    manufacturers) names it. Minimum quantity and amount are those of the
 *    matching lines together.
 * M3 A promotion of an exclusivity group applies only when none of the group
 *    did. It applies when it took something off or gave something.
 * M4 A discount is computed as a magnitude, rounded once, half away from zero; on
 *    a line it stops at the line's floor; on an order it is spread over the
 *    matching lines by what they cost, none below its floor (money.c).
 * M5 Promotions on shipping come after the goods, on what shipping costs then.
 *
 * The lines of the cart stand in the order of their products, so that neither
 * result nor rounding depends on the order in which they were sent.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "error.h"
#include "money.h"
#include "promotion.h"
#include "trace.h"
#include "uuid.h"

/* A promotion while it is tried on a cart. */
typedef struct Trial
{
	MjcCart *cart;
	const MjcPromotion *promotion;
	int nmatch;
	int *match; /* places in cart->lines of the matching ones */
	int64 base; /* what these cost now */
	int64 taken;
	int64 withheld;
	bool gave; /* a gift */
} Trial;

/* ------------------------------------------------------------ The set -- */

static int
compare_promotions(const void *a, const void *b)
{
	const MjcPromotion *x = a;
	const MjcPromotion *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->code, y->code);
}

static int
compare_targets(const void *a, const void *b)
{
	const MjcTarget *x = a;
	const MjcTarget *y = b;
	int order = mjc_uuid_compare(&x->id, &y->id);

	return order != 0 ? order : x->promotion - y->promotion;
}

/* One kind of target is enough to find a promotion by: the narrowest. */
static const MjcIdSet *
narrowest(const MjcPromotion *promotion)
{
	if (promotion->products.n > 0)
		return &promotion->products;
	return promotion->categories.n > 0 ? &promotion->categories : &promotion->manufacturers;
}

static void
number_exclusivity(MjcRuleset *set, int at)
{
	MjcPromotion *promotion = &set->promotions[at];

	promotion->exclusivity = -1;
	if (promotion->exclusivity_group == NULL)
		return;
	for (int i = 0; i < at && promotion->exclusivity < 0; i++)
		if (set->promotions[i].exclusivity_group != NULL &&
			strcmp(set->promotions[i].exclusivity_group, promotion->exclusivity_group) == 0)
			promotion->exclusivity = set->promotions[i].exclusivity;
	if (promotion->exclusivity < 0)
		promotion->exclusivity = set->nexclusivity++;
}

/*
 * mjc_ruleset_prepare - bring promotions into their order and make the index.
 *
 * n and promotions are set; the rest is made in the current memory context.
 */
void
mjc_ruleset_prepare(MjcRuleset *set)
{
	int ntargets = 0;

	qsort(set->promotions, set->n, sizeof(MjcPromotion), compare_promotions);
	set->nwords = (set->n + 63) / 64;
	set->for_all = palloc0(sizeof(uint64) * Max(set->nwords, 1));
	for (int i = 0; i < set->n; i++)
		ntargets += narrowest(&set->promotions[i])->n;
	set->targets = palloc(sizeof(MjcTarget) * Max(ntargets, 1));
	for (int i = 0; i < set->n; i++)
	{
		const MjcIdSet *ids = narrowest(&set->promotions[i]);

		number_exclusivity(set, i);
		set->has_gifts |= set->promotions[i].kind == MJC_PROMOTION_GIFT;
		set->has_first_order |= set->promotions[i].first_order;
		for (int j = 0; j < ids->n; j++)
			set->targets[set->ntargets++] = (MjcTarget){ids->ids[j], i};
		if (ids->n == 0)
			set->for_all[i / 64] |= UINT64CONST(1) << (i % 64);
	}
	qsort(set->targets, set->ntargets, sizeof(MjcTarget), compare_targets);
}

static void
find_by_target(const MjcRuleset *set, const pg_uuid_t *id, uint64 *found)
{
	int low = 0;
	int high = set->ntargets;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (mjc_uuid_compare(&set->targets[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set->ntargets && mjc_uuid_compare(&set->targets[low].id, id) == 0; low++)
	{
		int promotion = set->targets[low].promotion;

		found[promotion / 64] |= UINT64CONST(1) << (promotion % 64);
	}
}

/* Bits of the promotions that some line could match; the others cost nothing. */
static uint64 *
candidates(const MjcCart *cart, const MjcRuleset *set)
{
	uint64 *found = palloc(sizeof(uint64) * Max(set->nwords, 1));

	memcpy(found, set->for_all, sizeof(uint64) * set->nwords);
	for (int i = 0; i < cart->nlines; i++)
	{
		find_by_target(set, &cart->lines[i].product_id, found);
		find_by_target(set, &cart->lines[i].category_id, found);
		find_by_target(set, &cart->lines[i].manufacturer_id, found);
	}
	return found;
}

/* ---------------------------------------------------------- Conditions -- */

static bool
in_set(const MjcIdSet *set, const pg_uuid_t *id)
{
	int low = 0;
	int high = set->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;
		int order = mjc_uuid_compare(&set->ids[middle], id);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return set->n == 0;
}

static bool
in_words(const MjcWords *words, const char *word)
{
	for (int i = 0; i < words->n && word != NULL; i++)
		if (strcmp(words->words[i], word) == 0)
			return true;
	return false;
}

/* mjc_promotion_conditions - those that do not look at the lines. */
bool
mjc_promotion_conditions(const MjcCart *cart, const MjcPromotion *promotion)
{
	if (cart->at < promotion->from || cart->at >= promotion->until)
		return false;
	if (promotion->needs_coupon && !in_words(&cart->coupons, promotion->code))
		return false;
	if (promotion->groups.n > 0 && !in_words(&promotion->groups, cart->customer_group))
		return false;
	if (promotion->wilayas.n > 0 && !in_words(&promotion->wilayas, cart->wilaya_code))
		return false;
	return !promotion->first_order || cart->first_order;
}

static bool
line_matches(const MjcCartLine *line, const MjcPromotion *promotion)
{
	return !line->gift && in_set(&promotion->products, &line->product_id) &&
		   in_set(&promotion->categories, &line->category_id) &&
		   in_set(&promotion->manufacturers, &line->manufacturer_id);
}

/* M2: finds the matching lines; false when they are none or too little. */
static bool
match(Trial *trial)
{
	const MjcPromotion *promotion = trial->promotion;
	int64 qty = 0;

	trial->nmatch = 0;
	trial->base = 0;
	for (int i = 0; i < trial->cart->nlines; i++)
	{
		const MjcCartLine *line = &trial->cart->lines[i];

		if (!line_matches(line, promotion))
			continue;
		trial->match[trial->nmatch++] = i;
		trial->base = mjc_money_add(trial->base, line->running);
		qty += line->qty;
	}
	return trial->nmatch > 0 && qty >= promotion->min_qty && trial->base >= promotion->min_amount;
}

/* --------------------------------------------------- Discounts on lines -- */

static MjcTraceRule
line_rule(MjcPromotionKind kind)
{
	switch (kind)
	{
		case MJC_PROMOTION_PERCENT:
			return MJC_TRACE_PERCENT;
		case MJC_PROMOTION_AMOUNT:
			return MJC_TRACE_AMOUNT;
		case MJC_PROMOTION_FIXED_PRICE:
			return MJC_TRACE_FIXED_PRICE;
		case MJC_PROMOTION_BUY_GET:
			return MJC_TRACE_BUY_GET;
		default:
			return MJC_TRACE_GIFT;
	}
}

/* Takes a discount off a line, as far as its room allows (M4). */
static void
take(Trial *trial, MjcCartLine *line, int64 discount, int32 units, int32 rounding_e4)
{
	const MjcPromotion *promotion = trial->promotion;
	int64 room = promotion->kind == MJC_PROMOTION_GIFT ? line->running : line->room;
	int64 taken = Min(discount, room);

	if (discount == 0)
		return;
	mjc_trace_add(trial->cart, (MjcTraceStep){.rule = line_rule(promotion->kind),
											  .place = line->place,
											  .ref = promotion->code,
											  .base = line->running,
											  .value = promotion->amount,
											  .rate_bp = promotion->rate_bp,
											  .qty = units,
											  .amount = taken,
											  .withheld = discount - taken,
											  .rounding_e4 = rounding_e4});
	line->running -= taken;
	line->room = Max(line->room - taken, 0);
	trial->taken = mjc_money_add(trial->taken, taken);
	trial->withheld = mjc_money_add(trial->withheld, discount - taken);
}

static void
take_each(Trial *trial)
{
	const MjcPromotion *promotion = trial->promotion;

	for (int i = 0; i < trial->nmatch; i++)
	{
		MjcCartLine *line = &trial->cart->lines[trial->match[i]];
		int64 discount;
		int32 rounding = 0;

		if (promotion->kind == MJC_PROMOTION_PERCENT)
		{
			discount = mjc_money_percent(line->running, promotion->rate_bp);
			if (trial->cart->traced)
				rounding =
					mjc_money_scale_error(discount, line->running, promotion->rate_bp, MJC_BP_ONE);
		}
		else if (promotion->kind == MJC_PROMOTION_AMOUNT)
			discount = mjc_money_times(promotion->amount, line->qty);
		else
			discount = Max(line->running - mjc_money_times(promotion->amount, line->qty), 0);
		take(trial, line, discount, line->qty, rounding);
	}
}

/* Running price of one unit of a before b: compared without dividing. */
static bool
cheaper(const MjcCartLine *a, const MjcCartLine *b)
{
	return (int128) a->running * b->qty < (int128) b->running * a->qty;
}

/* The matching lines, the cheapest unit first; of equal ones the earlier. */
static void
sort_by_unit(Trial *trial)
{
	for (int i = 1; i < trial->nmatch; i++)
	{
		int moved = trial->match[i];
		int j = i;

		for (;
			 j > 0 && cheaper(&trial->cart->lines[moved], &trial->cart->lines[trial->match[j - 1]]);
			 j--)
			trial->match[j] = trial->match[j - 1];
		trial->match[j] = moved;
	}
}

static void
buy_get(Trial *trial)
{
	const MjcPromotion *promotion = trial->promotion;
	int64 units = 0;
	int64 left;

	for (int i = 0; i < trial->nmatch; i++)
		units += trial->cart->lines[trial->match[i]].qty;
	left = units / (promotion->buy_qty + promotion->get_qty) * promotion->get_qty;
	if (left > 0)
		sort_by_unit(trial);
	for (int i = 0; i < trial->nmatch && left > 0; i++)
	{
		MjcCartLine *line = &trial->cart->lines[trial->match[i]];
		int64 k = Min((int64) line->qty, left);
		int64 numerator = k * promotion->rate_bp;
		int64 denominator = (int64) line->qty * MJC_BP_ONE;
		int64 discount = mjc_money_scale(line->running, numerator, denominator);

		take(trial, line, discount, (int32) k,
			 mjc_money_scale_error(discount, line->running, numerator, denominator));
		left -= k;
	}
}

/* --------------------------------------------------------------- Gifts -- */

static void
give_of_cart(Trial *trial, MjcCartLine *line)
{
	int32 k = Min(line->qty, trial->promotion->get_qty);
	int64 discount = mjc_money_scale(line->running, k, line->qty);

	take(trial, line, discount, k, mjc_money_scale_error(discount, line->running, k, line->qty));
	trial->gave = trial->taken > 0;
}

static void
give_new_line(Trial *trial, const MjcGift *gift)
{
	MjcCart *cart = trial->cart;
	MjcCartLine *line;

	MJC_ENSURE(cart->nlines < cart->room_lines, "room for a gift");
	line = &cart->lines[cart->nlines];
	*line = (MjcCartLine){.product_id = gift->product_id,
						  .place = cart->nlines,
						  .qty = trial->promotion->get_qty,
						  .tax_bp = gift->tax_bp,
						  .weight_g = gift->weight_g,
						  .list = gift->unit,
						  .unit = gift->unit,
						  .source = "gift",
						  .gift = true};
	cart->nlines++;
	line->gross = mjc_money_times(line->unit, line->qty);
	line->running = line->gross;
	mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_UNIT_PRICE,
									   .place = line->place,
									   .ref = line->source,
									   .base = line->list,
									   .amount = line->unit});
	mjc_trace_add(cart, (MjcTraceStep){.rule = MJC_TRACE_GROSS,
									   .place = line->place,
									   .base = line->unit,
									   .qty = line->qty,
									   .amount = line->gross});
	take(trial, line, line->gross, line->qty, 0);
	trial->gave = true;
}

static void
give(Trial *trial)
{
	const pg_uuid_t *product = &trial->promotion->gift_product;
	MjcCart *cart = trial->cart;

	for (int i = 0; i < cart->nlines; i++)
		if (mjc_uuid_compare(&cart->lines[i].product_id, product) == 0)
		{
			if (!cart->lines[i].gift)
				give_of_cart(trial, &cart->lines[i]);
			return;
		}
	for (int i = 0; i < cart->ngifts; i++)
		if (mjc_uuid_compare(&cart->gifts[i].product_id, product) == 0 &&
			cart->gifts[i].available >= trial->promotion->get_qty)
		{
			give_new_line(trial, &cart->gifts[i]);
			return;
		}
}

/* ------------------------------------------------- Discounts on the order -- */

/* What a promotion takes off an amount. */
static int64
off(const MjcPromotion *promotion, int64 base)
{
	if (promotion->kind == MJC_PROMOTION_PERCENT)
		return mjc_money_percent(base, promotion->rate_bp);
	if (promotion->kind == MJC_PROMOTION_AMOUNT)
		return Min(promotion->amount, base);
	return Max(base - promotion->amount, 0);
}

/* A percentage, an amount or a price for all matching lines together. */
static MjcTraceStep
whole_step(const Trial *trial, MjcTraceRule first_rule, int64 base, int64 discount)
{
	const MjcPromotion *promotion = trial->promotion;
	MjcTraceStep step = {.rule = first_rule + (promotion->kind - MJC_PROMOTION_PERCENT),
						 .place = -1,
						 .ref = promotion->code,
						 .base = base,
						 .value = promotion->amount,
						 .rate_bp = promotion->rate_bp,
						 .amount = discount};

	if (promotion->kind == MJC_PROMOTION_PERCENT)
		step.rounding_e4 = mjc_money_scale_error(discount, base, promotion->rate_bp, MJC_BP_ONE);
	return step;
}

static void
take_shares(Trial *trial, const int64 *shares)
{
	for (int i = 0; i < trial->nmatch; i++)
	{
		MjcCartLine *line = &trial->cart->lines[trial->match[i]];

		mjc_trace_add(trial->cart, (MjcTraceStep){.rule = MJC_TRACE_SHARE,
												  .place = line->place,
												  .ref = trial->promotion->code,
												  .base = line->running,
												  .amount = shares[i]});
		line->running -= shares[i];
		line->room -= shares[i];
	}
}

static void
take_together(Trial *trial)
{
	int64 *weights = palloc(sizeof(int64) * trial->nmatch);
	int64 *rooms = palloc(sizeof(int64) * trial->nmatch);
	int64 *shares = palloc(sizeof(int64) * trial->nmatch);
	int64 discount = off(trial->promotion, trial->base);
	MjcTraceStep step;

	for (int i = 0; i < trial->nmatch; i++)
	{
		weights[i] = trial->cart->lines[trial->match[i]].running;
		rooms[i] = trial->cart->lines[trial->match[i]].room;
	}
	trial->withheld = mjc_money_spread(discount, weights, rooms, trial->nmatch, shares);
	trial->taken = discount - trial->withheld;
	if (discount > 0)
	{
		step = whole_step(trial, MJC_TRACE_ORDER_PERCENT, trial->base, discount);
		step.amount = trial->taken;
		step.withheld = trial->withheld;
		mjc_trace_add(trial->cart, step);
		take_shares(trial, shares);
	}
	pfree(weights);
	pfree(rooms);
	pfree(shares);
}

static void
take_of_shipping(Trial *trial)
{
	MjcCart *cart = trial->cart;
	int64 discount = off(trial->promotion, cart->shipping);

	if (discount == 0)
		return;
	mjc_trace_add(cart, whole_step(trial, MJC_TRACE_SHIPPING_PERCENT, cart->shipping, discount));
	cart->shipping -= discount;
	trial->taken = discount;
}

/* ------------------------------------------------------------ All of them -- */

static void
apply(Trial *trial)
{
	if (trial->promotion->scope == MJC_SCOPE_SHIPPING)
		take_of_shipping(trial);
	else if (trial->promotion->kind == MJC_PROMOTION_BUY_GET)
		buy_get(trial);
	else if (trial->promotion->kind == MJC_PROMOTION_GIFT)
		give(trial);
	else if (trial->promotion->scope == MJC_SCOPE_ORDER)
		take_together(trial);
	else
		take_each(trial);
}

/* M1, M3: one promotion on the cart as it stands. */
static void
try_promotion(Trial *trial, bool *taken)
{
	const MjcPromotion *promotion = trial->promotion;
	MjcCart *cart = trial->cart;

	if (promotion->exclusivity >= 0 && taken[promotion->exclusivity])
		return;
	if (!mjc_promotion_conditions(cart, promotion) || !match(trial))
		return;
	trial->taken = 0;
	trial->withheld = 0;
	trial->gave = false;
	apply(trial);
	if (trial->taken == 0 && !trial->gave)
		return;
	if (promotion->exclusivity >= 0)
		taken[promotion->exclusivity] = true;
	cart->applied[cart->napplied++] = (MjcApplied){promotion, trial->taken, trial->withheld};
}

static void
try_all(MjcCart *cart, const MjcRuleset *set, bool *taken, bool shipping)
{
	Trial trial = {.cart = cart, .match = palloc(sizeof(int) * cart->room_lines)};

	for (int word = 0; word < set->nwords; word++)
		for (uint64 bits = cart->candidates[word]; bits != 0; bits &= bits - 1)
		{
			trial.promotion = &set->promotions[word * 64 + pg_rightmost_one_pos64(bits)];
			CHECK_FOR_INTERRUPTS();
			if ((trial.promotion->scope == MJC_SCOPE_SHIPPING) == shipping)
				try_promotion(&trial, taken);
		}
	pfree(trial.match);
}

/*
 * mjc_promotions_on_goods - all promotions on lines and order, in their order.
 *
 * taken: set->nexclusivity flags, kept for mjc_promotions_on_shipping.
 */
void
mjc_promotions_on_goods(MjcCart *cart, const MjcRuleset *set, bool *taken)
{
	cart->candidates = candidates(cart, set);
	try_all(cart, set, taken, false);
}

/* mjc_promotions_on_shipping - all promotions on shipping, after the goods (M5). */
void
mjc_promotions_on_shipping(MjcCart *cart, const MjcRuleset *set, bool *taken)
{
	try_all(cart, set, taken, true);
}
