/*
 * order_contact.c - the personal block of an order: who orders, and where it goes.
 *
 * Guests and staff send all of it. Whoever is signed in sends the address only:
 * names, phone and e-mail are those of the record, read under the customer's lock. Staff who
 * name a customer send an address, point at one of his, or mean the default one.
 *
 * Tables written: order_contact.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "args.h"
#include "direct.h"
#include "error.h"
#include "order_contact.h"
#include "spi.h"
#include "text.h"
#include "uuid.h"

#define SALT_LEN 16

/* ---------------------------------------------------------------- Rules -- */

static char *
required(const char *text, const char *name, int min, int max)
{
	char *trimmed = mjc_trim_or_null(text);

	if (trimmed == NULL)
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", name, 0});
	mjc_check_text(trimmed, name, min, max);
	return trimmed;
}

static char *
optional(const char *text, const char *name, int min, int max)
{
	char *trimmed = mjc_trim_or_null(text);

	if (trimmed != NULL)
		mjc_check_text(trimmed, name, min, max);
	return trimmed;
}

/* Five texts: street, city, postal_code, region, country. */
static void
check_address(const char *const *texts, MjcContact *c)
{
	c->street = required(texts[0], "street", 5, 200);
	c->city = required(texts[1], "city", 2, 100);
	c->postal_code = optional(texts[2], "postal_code", 3, 20);
	c->region = optional(texts[3], "region", 1, 50);
	c->country = required(texts[4] ? texts[4] : "Algeria", "country", 2, 100);
}

/* Six texts from `first` on: those of check_address, note. */
static void
read_address(FunctionCallInfo fcinfo, int first, MjcContact *c)
{
	const char *texts[5];

	for (int i = 0; i < lengthof(texts); i++)
		texts[i] = mjc_arg_text_or_null(fcinfo, first + i);
	check_address(texts, c);
	c->note = optional(mjc_arg_text_or_null(fcinfo, first + 5), "note", 1, 500);
}

/*
 * mjc_contact_read - eleven text arguments from `first` on, in the order of MjcContact.
 *
 * Errors: MJ003, MJ006, MJ010 profession, MJ305.
 */
void
mjc_contact_read(FunctionCallInfo fcinfo, int first, MjcContact *c)
{
	c->first_name = required(mjc_arg_text_or_null(fcinfo, first), "first_name", 2, 50);
	c->last_name = required(mjc_arg_text_or_null(fcinfo, first + 1), "last_name", 2, 50);
	c->phone = mjc_phone_canonical_or_raise(mjc_arg_text(fcinfo, first + 2, "phone"));
	c->email = optional(mjc_arg_text_or_null(fcinfo, first + 3), "email", 3, 254);
	c->profession = optional(mjc_arg_text_or_null(fcinfo, first + 4), "profession", 1, 50);
	read_address(fcinfo, first + 5, c);
	required(c->region, "region", 1, 50);
	if (c->profession != NULL && strcmp(c->profession, "technicien") != 0 &&
		strcmp(c->profession, "particulier") != 0 && strcmp(c->profession, "autre") != 0)
		MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "profession", 0});
}

/*
 * mjc_contact_read_own - eight text arguments from `first` on: phone, the same of a client
 * that sends it elsewhere, and the address. The rest comes with mjc_contact_complete.
 *
 * Errors: MJ003, MJ006, MJ305.
 */
void
mjc_contact_read_own(FunctionCallInfo fcinfo, int first, MjcContact *c)
{
	const char *phone = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, first));

	if (phone == NULL)
		phone = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, first + 1));
	if (phone != NULL)
		c->phone = mjc_phone_canonical_or_raise(phone);
	read_address(fcinfo, first + 2, c);
}

/*
 * mjc_contact_read_named - six text arguments from `first` on: phone, street, city,
 * postal_code, region, country, all of which may be NULL. False: no address was sent, it comes
 * with mjc_contact_address.
 *
 * Errors: MJ003, MJ006, MJ305.
 */
bool
mjc_contact_read_named(FunctionCallInfo fcinfo, int first, MjcContact *c)
{
	const char *phone = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, first));
	const char *texts[5];
	bool sent = false;

	if (phone != NULL)
		c->phone = mjc_phone_canonical_or_raise(phone);
	for (int i = 0; i < lengthof(texts); i++)
	{
		texts[i] = mjc_trim_or_null(mjc_arg_text_or_null(fcinfo, first + 1 + i));
		sent = sent || texts[i] != NULL;
	}
	if (sent)
		check_address(texts, c);
	return sent;
}

/* mjc_contact_digest - adds all of it. */
void
mjc_contact_digest(MjcDigest *digest, const MjcContact *c)
{
	const char *const texts[] = {c->first_name, c->last_name, c->phone, c->email,
								 c->profession, c->street,	  c->city,	c->postal_code,
								 c->region,		c->country,	  c->note};

	for (int i = 0; i < lengthof(texts); i++)
		mjc_digest_text(digest, texts[i]);
}

/* -------------------------------------------------------------- Storage -- */

/*
 * The region, where none was sent: that of the default address, unless the parcel goes
 * to a city that is another wilaya's.
 */
static MjcStmt stmt_person = {
	"SELECT p.first_name, p.last_name, p.phone, p.email, (SELECT coalesce(CASE WHEN "
	"lower(a.city) = lower($2) THEN a.region END, mjc.wilaya_find($2), a.region) FROM (SELECT 1) u "
	"LEFT JOIN mjc.address a ON a.customer_id = $1 AND a.kind = 'SHIPPING' AND a.is_default) "
	"FROM mjc.customer_person p WHERE p.customer_id = $1",
	2,
	{UUIDOID, TEXTOID},
	NULL};
static MjcStmt stmt_address = {
	"SELECT a.street, a.city, a.postal_code, a.region, a.country FROM mjc.address a "
	"WHERE a.customer_id = $1 AND CASE WHEN $2 IS NULL THEN a.kind = 'SHIPPING' AND a.is_default "
	"ELSE a.address_id = $2 END",
	2,
	{UUIDOID, UUIDOID},
	NULL};
static MjcTable contact_table = {.name = "order_contact",
								 .columns = {"order_id", "first_name", "last_name", "phone",
											 "email", "street", "city", "postal_code", "region",
											 "country", "note", "salt", NULL},
								 .types = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
										   TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, BYTEAOID},
								 .parent_written = true};

/*
 * mjc_contact_address - where the parcel of a locked customer goes when staff did not say: to
 * the address they point at, else to his default one. Needs SPI open.
 *
 * Errors: MJ003 shippingAddress: he has none; MJ010 addressId: not one of his, or sent together
 * with an address.
 */
void
mjc_contact_address(const pg_uuid_t *customer_id, const MjcDestination *to, MjcContact *c)
{
	if (to->sent && to->address_id == NULL)
		return;
	if (to->sent || mjc_exec_fresh(&stmt_address, MJC_ARGS(MJC_UUID(customer_id),
														   MJC_UUID_OR_NULL(to->address_id))) != 1)
	{
		if (to->address_id != NULL)
			MJC_RAISE(MJC_ERR_ARGUMENT_INVALID, {"argument", "addressId", 0});
		MJC_RAISE(MJC_ERR_ARGUMENT_MISSING, {"argument", "shippingAddress", 0});
	}
	c->street = mjc_text_col(0, 1);
	c->city = mjc_text_col(0, 2);
	c->postal_code = mjc_text_or_null(0, 3);
	c->region = mjc_text_or_null(0, 4);
	c->country = mjc_text_col(0, 5);
}

/*
 * mjc_contact_complete - what the record of a locked customer says: names, e-mail, the phone
 * (what was sent counts where the record has none), the region if none was sent. Needs SPI open.
 *
 * Errors: MJ003 phone or region are nowhere, MJ004 no such person.
 */
void
mjc_contact_complete(const pg_uuid_t *customer_id, MjcContact *c)
{
	char *known;

	if (mjc_exec_fresh(&stmt_person, MJC_ARGS(MJC_UUID(customer_id), MJC_TEXT(c->city))) != 1)
		mjc_raise(MJC_ERR_NOT_FOUND);
	c->first_name = mjc_text_col(0, 1);
	c->last_name = mjc_text_col(0, 2);
	known = mjc_text_or_null(0, 3);
	c->email = mjc_text_or_null(0, 4);
	if (c->region == NULL)
		c->region = mjc_text_or_null(0, 5);
	known = known == NULL ? NULL : mjc_phone_canonical_or_null(known);
	if (known != NULL)
		c->phone = known;
	required(c->phone, "phone", 1, 20);
	required(c->region, "region", 1, 50);
}

/* mjc_contact_write - the block of an order that this transaction wrote. Needs SPI open. */
void
mjc_contact_write(const pg_uuid_t *order_id, const MjcContact *c)
{
	mjc_direct_write(&contact_table,
					 MJC_ARGS(MJC_UUID(order_id), MJC_TEXT(c->first_name), MJC_TEXT(c->last_name),
							  MJC_TEXT(c->phone), MJC_TEXT_OR_NULL(c->email), MJC_TEXT(c->street),
							  MJC_TEXT(c->city), MJC_TEXT_OR_NULL(c->postal_code),
							  MJC_TEXT(c->region), MJC_TEXT(c->country), MJC_TEXT_OR_NULL(c->note),
							  MJC_DATUM(PointerGetDatum(mjc_random_bytes(SALT_LEN)))));
}
