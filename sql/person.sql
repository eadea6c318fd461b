-- person: everything that is known of a customer in one document (law 18-07).

-- A table that holds something of a customer stands here, or a test fails: in which part
-- of the document, or why in none.
CREATE FUNCTION mjc.person_tables(OUT table_name text, OUT part text, OUT reason text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 40
AS $$
    VALUES ('account', 'account', NULL), ('customer', 'customer', NULL), ('customer_person', 'person', NULL),
           ('customer_business', 'business', NULL), ('address', 'addresses', NULL), ('customer_boiler', 'boilers', NULL), ('consent', 'consents', NULL),
           ('customer_note', 'notes', NULL), ('account_social', 'identities', NULL), ('account_totp', 'secondFactor', NULL),
           ('session', 'sessions', NULL), ('account_token', 'links', NULL), ('outbox', 'messages', NULL), ('cart', 'cart', NULL),
           ('cart_line', 'cart', NULL), ('coupon', 'coupons', NULL), ('coupon_ledger', 'couponUses', NULL), ('credit', 'credits', NULL),
           ('credit_ledger', 'credits', NULL), ('customer_order', 'orders', NULL), ('order', 'orders', NULL), ('order_contact', 'orders', NULL),
           ('order_line', 'orders', NULL), ('order_event', 'orders', NULL), ('order_trace', 'orders', NULL), ('payment', 'orders', NULL),
           ('refund', 'orders', NULL), ('checkout', 'orders', NULL), ('provider_event', 'orders', NULL), ('shipment', 'orders', NULL), ('shipment_line', 'orders', NULL), ('shipment_report', 'orders', NULL), ('invoice', 'orders', NULL), ('invoice_party', 'orders', NULL),
           ('credit_due', NULL, 'that a credit note for lines of an order is still to be issued'),
           ('invoice_due', NULL, 'that a document of an order is still to be issued'),
           ('review', 'reviews', NULL), ('personal_access', 'readBy', NULL), ('visit', 'visits', NULL), ('event', 'visits', NULL),
           ('account_email', NULL, 'which account an e-mail opens: the e-mail is in person'),
           ('account_person', NULL, 'names of staff; those of customers are in person'),
           ('account_recovery', NULL, 'hashes of recovery codes'),
           ('account_secret', NULL, 'hash of the password'),
           ('audit', NULL, 'that something of his was changed, by number and state; never personal data'),
           ('customer_phone', NULL, 'which guest a phone belongs to: the phone is in person'),
           ('idempotency_key', NULL, 'replies to repeated requests, kept for a day: copies of what is in orders, addresses and boilers'),
           ('tracking', NULL, 'which parcel a tracking number names: it is in orders'),
           ('remittance_line', NULL, 'what a carrier paid over for a parcel'),
           ('provider_ref', NULL, 'which order a name at a provider leads to'),
           ('webhook_delivery', NULL, 'which states of an order other systems were told: they are in orders'),
           ('provider_task', NULL, 'that a provider is still to be asked something of an order'),
           ('order_reference', NULL, 'which order a number names: it is in orders'),
           ('reservation', NULL, 'units held for the orders'),
           ('sale_delta', NULL, 'figures of the orders on their way into the sales figures'),
           ('sale_pending', NULL, 'that the figures of an order are still to be added up'),
           ('sign_in_limit', NULL, 'a hash of the e-mail, forgotten within minutes')
$$;
COMMENT ON FUNCTION mjc.person_tables() IS
    'Every table that holds something of a customer: its part of mjc.person_export, or the reason why it is in none';

CREATE FUNCTION mjc.person_order(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT to_jsonb(o) || jsonb_build_object(
            'contact', (SELECT to_jsonb(c) - '{salt,order_id}'::text[] FROM mjc.order_contact c WHERE c.order_id = id),
            'lines', (SELECT jsonb_agg(to_jsonb(l) - 'order_id' ORDER BY l.line_no) FROM mjc.order_line l WHERE l.order_id = id),
            'payments', (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'order_id' ORDER BY p.created_at), '[]') FROM mjc.payment p WHERE p.order_id = id),
            'refunds', (SELECT coalesce(jsonb_agg(to_jsonb(r) - '{order_id,actor}'::text[] ORDER BY r.created_at), '[]') FROM mjc.refund r WHERE r.order_id = id),
            'checkouts', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{order_id,url}'::text[] ORDER BY c.created_at), '[]') FROM mjc.checkout c WHERE c.order_id = id),
            'notices', (SELECT coalesce(jsonb_agg(jsonb_build_object('provider', e.provider, 'type', e.type, 'received_at', e.received_at, 'payload', e.payload)
                                        ORDER BY e.received_at), '[]') FROM mjc.provider_event e WHERE e.order_id = id),
            'shipments', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'order_id' || jsonb_build_object('lines', (SELECT jsonb_agg(to_jsonb(x) - '{order_id,shipment_no}'::text[] ORDER BY x.line_no)
                                         FROM mjc.shipment_line x WHERE x.order_id = id AND x.shipment_no = s.shipment_no), 'reports', mjc.shipment_reports(id, s.shipment_no)) ORDER BY s.shipment_no), '[]')
                            FROM mjc.shipment s WHERE s.order_id = id),
            'events', (SELECT coalesce(jsonb_agg(to_jsonb(e) - '{order_id,actor}'::text[] ORDER BY e.seq), '[]') FROM mjc.order_event e WHERE e.order_id = id),
            'documents', (SELECT coalesce(jsonb_agg(mjc.invoice_doc(i.invoice_id) - 'seller' ORDER BY i.issued_at), '[]') FROM mjc.invoice i WHERE i.order_id = id),
            'trace', (SELECT t.steps FROM mjc.order_trace t WHERE t.order_id = id))
          FROM mjc.order o WHERE o.order_id = id);
END
$$;
COMMENT ON FUNCTION mjc.person_order(uuid) IS 'For rules: one order as its buyer is told of it, all its rows';

CREATE FUNCTION mjc.person_visits(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('session_id', s.session_id, 'visit', to_jsonb(v) - '{session_id,customer_id}'::text[],
                   'events', s.events) ORDER BY s.first_at, s.session_id), '[]')
          FROM (SELECT x.session_id, min(x.at) AS first_at, jsonb_agg(x.event ORDER BY x.at) FILTER (WHERE x.event IS NOT NULL) AS events
                  FROM (SELECT e.session_id, e.at, to_jsonb(e) - '{session_id,customer_id,event_id}'::text[] AS event
                          FROM mjc.event e WHERE e.customer_id = customer
                        UNION ALL
                        SELECT w.session_id, w.started_at, NULL FROM mjc.visit w WHERE w.customer_id = customer) x
                 GROUP BY x.session_id) s
          LEFT JOIN mjc.visit v ON v.session_id = s.session_id AND v.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.person_visits(uuid) IS 'For rules: what a customer did on the pages while he was signed in, by visit';

CREATE FUNCTION mjc.person_account(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'account', (SELECT to_jsonb(a) - 'token_version' FROM mjc.account a WHERE a.account_id = customer),
        'identities', (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.created_at), '[]') FROM mjc.account_social s WHERE s.account_id = customer),
        'visits', mjc.person_visits(customer),
        'secondFactor', (SELECT jsonb_build_object('enabled_at', t.enabled_at) FROM mjc.account_totp t WHERE t.account_id = customer),
        'sessions', (SELECT coalesce(jsonb_agg(jsonb_build_object('created_at', s.created_at, 'last_used_at', s.rotated_at, 'expires_at', s.expires_at,
                         'revoked_at', s.revoked_at) ORDER BY s.created_at), '[]') FROM mjc.session s WHERE s.account_id = customer),
        'links', (SELECT coalesce(jsonb_agg(to_jsonb(t) - '{token_hash,account_id}'::text[] ORDER BY t.created_at), '[]')
                    FROM mjc.account_token t WHERE t.account_id = customer),
        'readBy', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', r.at, 'channel', r.channel, 'action', r.action,
                         'who', CASE WHEN r.actor = customer THEN 'customer' ELSE 'staff' END) ORDER BY r.at), '[]')
                     FROM mjc.personal_access r WHERE r.subject = customer));
END
$$;
COMMENT ON FUNCTION mjc.person_account(uuid) IS 'For rules: the parts of mjc.person_export_core that concern signing in, and who read it all, by role';

CREATE FUNCTION mjc.person_money(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object(
        'cart', (SELECT to_jsonb(c) || jsonb_build_object('lines', (SELECT coalesce(jsonb_agg(to_jsonb(l) - 'owner_id' ORDER BY l.added_at), '[]')
                                                                      FROM mjc.cart_line l WHERE l.owner_id = c.owner_id))
                   FROM mjc.cart c WHERE c.owner_id = customer),
        'coupons', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'validity', c.validity, 'is_active', c.is_active) ORDER BY c.code), '[]')
                      FROM mjc.coupon c WHERE c.customer_id = customer),
        'couponUses', (SELECT coalesce(jsonb_agg(jsonb_build_object('code', l.code, 'order_id', l.order_id, 'change', l.change, 'at', l.at)
                           ORDER BY l.at), '[]') FROM mjc.coupon_ledger l WHERE l.customer_id = customer),
        'credits', (SELECT coalesce(jsonb_agg(to_jsonb(k) || jsonb_build_object('movements',
                         (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{credit_id,actor}'::text[] ORDER BY x.seq), '[]')
                            FROM mjc.credit_ledger x WHERE x.credit_id = k.credit_id)) ORDER BY k.created_at), '[]')
                      FROM mjc.credit k WHERE k.customer_id = customer),
        'orders', (SELECT coalesce(jsonb_agg(mjc.person_order(o.order_id) ORDER BY o.placed_at, o.order_id), '[]')
                     FROM mjc.customer_order o WHERE o.customer_id = customer));
END
$$;
COMMENT ON FUNCTION mjc.person_money(uuid) IS 'For rules: the parts of mjc.person_export_core that concern buying';

CREATE FUNCTION mjc.person_export_core(customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'exportedAt', mjc.iso(statement_timestamp()),
            'customer', to_jsonb(c),
            'person', (SELECT to_jsonb(p) - 'words' FROM mjc.customer_person p WHERE p.customer_id = customer),
            'business', (SELECT to_jsonb(b) - 'words' FROM mjc.customer_business b WHERE b.customer_id = customer),
            'addresses', (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'customer_id' ORDER BY a.created_at, a.address_id), '[]')
                            FROM mjc.address a WHERE a.customer_id = customer),
            'boilers', (SELECT coalesce(jsonb_agg(to_jsonb(k) - 'customer_id' ORDER BY k.created_at, k.boiler_id), '[]')
                          FROM mjc.customer_boiler k WHERE k.customer_id = customer),
            'consents', (SELECT coalesce(jsonb_agg(to_jsonb(n) - '{text_hash,actor,customer_id}'::text[] || jsonb_build_object('text', t.body)
                             ORDER BY n.at, n.consent_id), '[]')
                           FROM mjc.consent n
                           JOIN mjc.consent_text t ON t.purpose = n.purpose AND t.version = n.version AND t.lang = n.lang
                          WHERE n.customer_id = customer),
            'notes', (SELECT coalesce(jsonb_agg(to_jsonb(n) - '{author,customer_id}'::text[] ORDER BY n.at, n.note_id), '[]')
                        FROM mjc.customer_note n WHERE n.customer_id = customer),
            'reviews', (SELECT coalesce(jsonb_agg(to_jsonb(r) - 'customer_id' ORDER BY r.created_at, r.review_id), '[]')
                          FROM mjc.review r WHERE r.customer_id = customer),
            'messages', (SELECT coalesce(jsonb_agg(jsonb_build_object('topic', o.topic, 'created_at', o.created_at, 'done_at', o.done_at,
                             'outcome', o.outcome) ORDER BY o.outbox_id), '[]')
                           FROM mjc.outbox o WHERE o.aggregate_id = ANY (mjc.person_subjects(customer))))
            || mjc.person_account(customer) || mjc.person_money(customer)
          FROM mjc.customer c WHERE c.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.person_export_core(uuid) IS
    'For rules: everything that is known of a customer (mjc.person_tables), as the tables have it, without hashes, secrets and names of staff; NULL for none';

CREATE FUNCTION mjc.person_export(customer_id uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who uuid;
    doc jsonb;
BEGIN
    PERFORM mjc.check_schema();
    who := mjc.staff_id();
    doc := mjc.person_export_core(person_export.customer_id);
    PERFORM mjc.customer_need(doc::text);
    -- The log of the server also keeps what a rolled-back transaction looked at.
    PERFORM mjc.note('person_export ' || person_export.customer_id);
    PERFORM mjc.access_note(who, 'psql', 'person_export', person_export.customer_id, 1, NULL);
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc.person_export(uuid) IS
    'Everything that is known of a customer, to answer him; the look is on record. Errors: MJ004, MJ601';

CREATE FUNCTION mjc_api.customer_export_self(actor uuid, token_version integer, token_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    RETURN mjc.person_export_core(customer);
END
$$;
COMMENT ON FUNCTION mjc_api.customer_export_self(uuid, integer, uuid) IS
    'GET /customers/profile/export: everything that is known of the customer; NULL: a member of staff, no customer. Errors: MJ063';

CREATE FUNCTION mjc_api.staff_customer_export_data(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb;
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    doc := mjc.person_export_core(id);
    IF doc IS NOT NULL THEN
        PERFORM mjc.access_note(actor, 'rest', 'person_export', id, 1, request_id);
    END IF;
    RETURN doc;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_customer_export_data(uuid, integer, uuid, text, uuid) IS
    'GET /admin/customers/:id/export-data: mjc.person_export for the admin pages; NULL when there is no such customer. Errors: MJ009, MJ060, MJ063, MJ064';
