/*
 * invoice.h - what other domains tell the invoices: a parcel left, or came back.
 */
#ifndef MJC_INVOICE_H
#define MJC_INVOICE_H

#include "compat.h"

extern void mjc_invoice_due(const pg_uuid_t *order_id, bool credit_note);

#endif /* MJC_INVOICE_H */
