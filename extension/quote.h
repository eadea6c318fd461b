/*
 * quote.h - a cart of the shop, priced.
 */
#ifndef MJC_QUOTE_H
#define MJC_QUOTE_H

#include "fmgr.h"

#include "coupon.h"
#include "credit.h"
#include "ruleset.h"
#include "shipping.h"

#define MJC_MAX_LINES 50
#define MJC_MAX_LINE_QTY 999

extern void mjc_check_line_count(int n);
extern void mjc_check_line_qty(int64 qty);

/* The lines that a client sent, each product once. */
typedef struct MjcLines
{
	int n;
	pg_uuid_t *product_ids;
	int32 *quantities;
	int32 *client_lines; /* first line on which the client sent it, from 1 */
} MjcLines;

/* What is asked for; texts as given. */
typedef struct MjcQuoteRequest
{
	MjcLines lines;
	const char *customer_group;
	const pg_uuid_t *customer_id; /* NULL: not known yet */
	const char *place;
	const char *delivery_mode;
	const char *payment_method;
	MjcWords coupons;
	MjcWords gift_cards;
	bool store_credit;		  /* the customer's pays too */
	const MjcCredit *credits; /* those of own_order instead of codes, in order of use; or NULL */
	int ncredits;
	TimestampTz at;
	bool strict;				  /* a coupon that does nothing is an error */
	const pg_uuid_t *own_order;	  /* priced anew: what it used counts as free; or NULL */
	const MjcRuleset *promotions; /* NULL: those of the shop */
	const MjcTariff *tariff;	  /* NULL: that of the place */
	const char *tariff_wilaya;	  /* code, with tariff */
} MjcQuoteRequest;

/* What the catalogue says of a product. */
typedef struct MjcArticle
{
	pg_uuid_t product_id;
	char *sku;
	char *name;
	char *manufacturer_ref;
} MjcArticle;

typedef struct MjcQuote
{
	MjcCart cart;
	const MjcRuleset *set;
	int narticles;
	MjcArticle *articles; /* of lines and gifts */
	MjcDelivery delivery;
	int ncoupons;
	MjcCoupon coupons[MJC_MAX_COUPONS];
	int ncredits;
	MjcCredit credits[MJC_MAX_CREDITS + 1]; /* cards, then store credit */
} MjcQuote;

extern MjcLines mjc_lines_read(Datum *products, int nproducts, Datum *quantities, int nquantities);
extern MjcLines mjc_arg_lines(FunctionCallInfo fcinfo, int first, const char *products,
							  const char *quantities);
extern MjcWords mjc_arg_words(FunctionCallInfo fcinfo, int n, const char *name);
extern void mjc_quote_make(const MjcQuoteRequest *request, MjcQuote *quote);
extern MjcPicked mjc_quote_unit_price(const MjcQuoteRequest *request);
extern const MjcArticle *mjc_quote_article(const MjcQuote *quote, const pg_uuid_t *product_id);

#endif /* MJC_QUOTE_H */
