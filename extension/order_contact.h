/*
 * order_contact.h - who orders, and where it goes.
 */
#ifndef MJC_ORDER_CONTACT_H
#define MJC_ORDER_CONTACT_H

#include "fmgr.h"

#include "idempotency.h"

/* Texts are trimmed, phone is canonical. */
typedef struct MjcContact
{
	char *first_name;
	char *last_name;
	char *phone;
	char *email;
	char *profession;
	char *street;
	char *city;
	char *postal_code;
	char *region;
	char *country;
	char *note;
} MjcContact;

/* Where staff send the parcel of a customer whom they name. */
typedef struct MjcDestination
{
	bool sent;					 /* the address came with the order */
	const pg_uuid_t *address_id; /* else one of the customer's, or NULL: the default one */
} MjcDestination;

extern void mjc_contact_read(FunctionCallInfo fcinfo, int first, MjcContact *contact);
extern void mjc_contact_read_own(FunctionCallInfo fcinfo, int first, MjcContact *contact);
extern bool mjc_contact_read_named(FunctionCallInfo fcinfo, int first, MjcContact *contact);
extern void mjc_contact_address(const pg_uuid_t *customer_id, const MjcDestination *to,
								MjcContact *contact);
extern void mjc_contact_complete(const pg_uuid_t *customer_id, MjcContact *contact);
extern void mjc_contact_digest(MjcDigest *digest, const MjcContact *contact);
extern void mjc_contact_write(const pg_uuid_t *order_id, const MjcContact *contact);

#endif /* MJC_ORDER_CONTACT_H */
