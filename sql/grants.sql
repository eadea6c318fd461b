-- grants: who may call what, on one page. Tables, views and the report functions over those: sql/repeat/40_grants.sql.
--
--   pure   no table read, nobody's data         analyst, admin
--   read   reads, nothing personal              admin
--   rule   changes something                    admin
--   api    one a route                          shim
--   core   everything not named here            nobody but mjc_owner
-- install, staff_create, staff_link, staff_set_active, staff_set_role, account_password_set are the operator's (core).

DO $$
DECLARE
    f regprocedure;
BEGIN
    -- Entry points run as mjc_owner, a role that nobody logs in with.
    FOR f IN
        SELECT d.objid::pg_catalog.regprocedure
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
         WHERE e.extname = 'mjchauffage' AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO mjc_owner', f);
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
    END LOOP;
END
$$;

-- The job that cancels long statements of analysts sees and signals them.
GRANT pg_signal_backend, pg_read_all_stats TO mjc_owner;

GRANT USAGE ON SCHEMA mjc TO mjc_admin, mjc_analyst;
GRANT USAGE ON SCHEMA mjc_api TO mjc_shim;

-- pure
GRANT EXECUTE ON FUNCTION
    mjc.agent_is_bot(text),
    mjc.active_periods(timestamptz, text, date),
    mjc.allocate(bigint, bigint[]),
    mjc.algiers_date(timestamptz),
    mjc.algiers_start(date),
    mjc.amount_in_words(bigint, text),
    mjc.bucket_limit(bigint[], bigint[], numeric),
    mjc.coupon_key(text),
    mjc.csv_boolean(text),
    mjc.csv_cell(text),
    mjc.csv_delimiter(text),
    mjc.csv_guard(text),
    mjc.csv_is_object(text),
    mjc.csv_quoted(text),
    mjc.csv_rows(text, text, integer),
    mjc.csv_split(bytea, text, integer, boolean),
    mjc.csv_units(text, integer),
    mjc.csv_value(text[], integer),
    mjc.customer_segment(bigint, timestamptz, timestamptz),
    mjc.customer_words(text),
    mjc.carrier_word(text),
    mjc.cart_owner_of_token(text),
    mjc.damaged_change(text, integer),
    mjc.distinct_count(uuid),
    mjc.dzd(bigint),
    mjc.dzd_shown(bigint),
    mjc.ean_valid(text),
    mjc.estimators(),
    mjc.event_stage(text, text, uuid),
    mjc.fold_digits(text),
    mjc.growth_pct(numeric, numeric),
    mjc.funnel(timestamptz, integer, interval),
    mjc.funnel_counts(uuid, timestamptz, integer, interval, integer),
    mjc.html(text),
    mjc.import_fields(text),
    mjc.invoice_html(jsonb, text),
    mjc.invoice_labels(text),
    mjc.invoice_lines_html(jsonb, jsonb),
    mjc.invoice_party_html(jsonb, jsonb),
    mjc.invoice_totals_html(jsonb, jsonb),
    mjc.invoice_hash(bytea, text, integer, integer, uuid, text, uuid, uuid, timestamptz, bigint, bytea, text),
    mjc.invoice_party_hash(bytea, text),
    mjc.iso(timestamptz),
    mjc.on_hand_change(text, integer),
    mjc.order_limits(),
    mjc.order_reference(integer, bigint),
    mjc.order_reference_canonical(text),
    mjc.order_reference_format(integer, bigint),
    mjc.order_reference_parse(text),
    mjc.order_reference_scrambled(integer, bigint, bytea),
    mjc.order_reference_verify(text),
    mjc.order_status(text, text, text),
    mjc.order_transitions(),
    mjc.page_path(text),
    mjc.payment_word(text, text, text, boolean),
    mjc.percent_of(bigint, integer),
    mjc.phone_canonical(text),
    mjc.price_cart(jsonb, jsonb),
    mjc.raise(text, text, text),
    mjc.report_days(date, date),
    mjc.report_period(date, date, text),
    mjc.report_span(date, date),
    mjc.reprice_trace(jsonb),
    mjc.refund_share(bigint, integer, integer, integer),
    mjc.reserved_change(text, integer),
    mjc.retention(uuid, timestamptz, text, integer),
    mjc.sale_price_at(bigint, timestamptz, timestamptz, timestamptz),
    mjc.sessionize(timestamptz, interval),
    mjc.slug_of(text),
    mjc.spread_discount(bigint, bigint[], bigint[]),
    mjc.stamp_duty(bigint, date),
    mjc.stock_label(bigint, integer),
    mjc.tax_of_gross(bigint, integer),
    mjc.tax_of_net(bigint, integer),
    mjc.unit_price(bigint, bigint),
    mjc.uuid_or_null(text),
    mjc.uuid_v7(),
    mjc.version(),
    mjc.webhook_topic(text),
    mjc.webhook_tries_max(),
    mjc.webhook_url_ok(text),
    mjc.webhook_wait(integer)
TO mjc_admin, mjc_analyst;

-- read
GRANT EXECUTE ON FUNCTION
    mjc.available(uuid),
    mjc.cart_read(uuid),
    mjc.check_invariants(timestamptz),
    mjc.price_at(uuid, text, integer, timestamptz),
    mjc.credit_balance(uuid),
    mjc.product_id(text),
    mjc.quote(uuid[], integer[], text, text, text, text, text[], timestamptz, uuid, text[], boolean, boolean),
    mjc.quote_json(uuid[], integer[], text, text, text, text, text[], timestamptz, uuid, text[], boolean, boolean),
    mjc.shipping_for(text, bigint, date, text, integer),
    mjc.stock_at(uuid, timestamptz),
    mjc.stock_history(uuid, integer),
    mjc.verify_series(text, integer),
    mjc.what_if(uuid, timestamptz, timestamptz)
TO mjc_admin;

-- rule
GRANT EXECUTE ON FUNCTION
    mjc.carrier_status_set(text, text, text),
    mjc.carrier_zone_set(text, text, text, date),
    mjc.catalogue_import(uuid, jsonb, boolean),
    mjc.consent_text_set(text, text, text),
    mjc.coupon_batch(text, integer, text, jsonb),
    mjc.coupon_delete(text),
    mjc.coupon_set(text, jsonb),
    mjc.credit_close(uuid, text),
    mjc.credit_note_issue(text, text, integer[], integer[], boolean),
    mjc.customer_create(jsonb),
    mjc.customer_csv(text, text, text, text),
    mjc.customer_erase(uuid, text),
    mjc.customer_find(text),
    mjc.customer_group_assign(uuid, text),
    mjc.customer_group_set(text, text, text, integer),
    mjc.customer_join(uuid, text),
    mjc.customer_note_add(uuid, text),
    mjc.customer_read(uuid),
    mjc.customer_status_set(uuid, text),
    mjc.customer_update(uuid, jsonb),
    mjc.gift_card_issue(numeric, date, uuid, text),
    mjc.housekeep(interval),
    mjc.import_add(uuid, integer, bytea),
    mjc.import_begin(text),
    mjc.import_work(uuid),
    mjc.invoice_issue(text),
    mjc.invoice_read(text),
    mjc.invoice_void(text, text),
    mjc.issue_invoices(integer),
    mjc.location_set(text, text, integer, boolean),
    mjc.order_address_change(text, text, text, text, text, text),
    mjc.order_cancel(text, text),
    mjc.order_cancel_rest(text, text),
    mjc.order_change(text, text, text, text, text),
    mjc.order_confirm(text, text),
    mjc.order_contact_read(text),
    mjc.order_deliver(text),
    mjc.order_edit(text, uuid[], integer[]),
    mjc.order_note(text, text),
    mjc.order_place(uuid[], integer[], text, text, text, text, text, text, text, text, text, text, text, text, uuid, text[], text[], text, boolean, text),
    mjc.order_refund(text, text),
    mjc.order_return(text, integer[], integer[], text, boolean, boolean),
    mjc.order_exchange(text, integer[], integer[], text, uuid[], integer[], boolean),
    mjc.order_ship(text, text, text),
    mjc.outbox_drop(bigint),
    mjc.outbox_retry(bigint),
    mjc.payment_method_set(text, boolean),
    mjc.payment_mismatch_settle(text, uuid, boolean),
    mjc.payment_record(text, numeric, text, text, text),
    mjc.payment_refund(text, numeric, text, integer, boolean),
    mjc.person_export(uuid),
    mjc.price_list_delete(text),
    mjc.price_list_price_end(uuid),
    mjc.price_list_price_set(text, text, numeric, integer, integer, timestamptz, timestamptz, boolean),
    mjc.price_list_set(text, jsonb),
    mjc.price_set(uuid, numeric, numeric, timestamptz, timestamptz),
    mjc.price_update(uuid, jsonb),
    mjc.promotion_delete(text),
    mjc.promotion_set(text, jsonb),
    mjc.provider_event_retry(text, text),
    mjc.refund_done(text, uuid, text),
    mjc.refund_for(text, uuid, integer),
    mjc.remittance_record(text, text, jsonb, date),
    mjc.setting_set(text, text),
    mjc.shipment_cod_set(text, integer, numeric),
    mjc.shipment_deliver(text, integer),
    mjc.shipment_pack(text, integer[], integer[], text, text),
    mjc.shipment_refuse(text, integer, text),
    mjc.shipment_return(text, integer, boolean),
    mjc.shipment_ship(text, integer, text, text),
    mjc.shipment_unpack(text, integer),
    mjc.flush_seen(),
    mjc.stock_adjust(uuid, integer, text, text, smallint),
    mjc.stock_commit(uuid, uuid, integer, text),
    mjc.stock_count(uuid, integer, timestamptz, text, text, smallint),
    mjc.stock_damage(uuid, integer, text, text, smallint),
    mjc.stock_expire(integer),
    mjc.stock_expected(uuid, date, integer, text),
    mjc.stock_policy_set(uuid, integer, integer, integer),
    mjc.stock_receive(uuid, integer, bigint, text, text, smallint),
    mjc.stock_release(uuid, uuid, integer, text),
    mjc.stock_reserve(uuid[], integer[], interval, text),
    mjc.stock_return(uuid, uuid, integer, boolean, text, text),
    mjc.stock_scrap(uuid, integer, text, text, smallint),
    mjc.stock_transfer(uuid, integer, smallint, smallint, text, text),
    mjc.store_credit_add(uuid, numeric, text, text),
    mjc.tariff_delete(uuid),
    mjc.tariff_set(jsonb, uuid),
    mjc.webhook_drop(uuid),
    mjc.webhook_endpoint_add(text, text[]),
    mjc.webhook_endpoint_remove(uuid),
    mjc.webhook_pause(uuid),
    mjc.webhook_replay(uuid),
    mjc.webhook_resume(uuid)
TO mjc_admin;

GRANT EXECUTE ON PROCEDURE mjc.import_run(uuid) TO mjc_admin;

-- api
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mjc_api TO mjc_shim;
