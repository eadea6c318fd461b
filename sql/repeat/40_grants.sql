-- Tables, views and report functions: who may read what. Functions of the extension: sql/grants.sql.
-- Nobody but mjc_owner writes a table directly.

GRANT USAGE ON SCHEMA mjc_report TO mjc_admin, mjc_analyst;

REVOKE ALL ON ALL TABLES IN SCHEMA mjc FROM PUBLIC, mjc_admin, mjc_analyst, mjc_shim;

REVOKE ALL ON ALL TABLES IN SCHEMA mjc_report FROM PUBLIC, mjc_shim;

-- Not personal, not secret. Left out: account_email, account_person, account_recovery,
-- account_secret, account_social, account_token, account_totp, address,
-- credit_code, customer_boiler, customer_business, customer_note, customer_person, customer_phone, idempotency_key,
-- invoice_party, visit, order_contact, order_year, outbox, provider_event, review, session, sign_in_limit, token_revoked, webhook_secret.
GRANT SELECT ON
    mjc.account, mjc.attribute, mjc.audit, mjc.audit_seal, mjc.boiler_code, mjc.boiler_model, mjc.boiler_range, mjc.boiler_variant, mjc.cache_figure, mjc.card_name, mjc.carrier_status, mjc.carrier_zone, mjc.cart, mjc.cart_line, mjc.catalogue_count, mjc.catalogue_delta, mjc.category, mjc.checkout, mjc.client_error,
    mjc.consent, mjc.consent_text, mjc.counted_until, mjc.coupon, mjc.coupon_ledger, mjc.credit, mjc.credit_due, mjc.credit_ledger, mjc.cross_reference, mjc.customer, mjc.customer_day, mjc.customer_live, mjc.customer_delta, mjc.customer_group, mjc.customer_order,
    mjc.diagram, mjc.diagram_hotspot, mjc.document_series, mjc.event, mjc.exposure, mjc.facet_count, mjc.facet_delta, mjc.facet_product, mjc.fitment, mjc.http_figure, mjc.import, mjc.import_error, mjc.import_line, mjc.invoice, mjc.invoice_due, mjc.invoice_void, mjc.job, mjc.location, mjc.manufacturer, mjc.media, mjc.media_use, mjc.migration,
    mjc.order, mjc.order_block, mjc.order_event, mjc.order_line, mjc.order_reference, mjc.order_return, mjc.order_trace, mjc.part_kind, mjc.part_kind_attribute, mjc.payment, mjc.payment_method,
    mjc.personal_access, mjc.plate_rule, mjc.price, mjc.price_list, mjc.pricing_version, mjc.product, mjc.product_attribute, mjc.product_card, mjc.product_counter, mjc.product_image, mjc.product_paper, mjc.product_price_past, mjc.promotion, mjc.provider_ref, mjc.provider_task, mjc.refund, mjc.remittance, mjc.remittance_line, mjc.remittance_reference,
    mjc.reservation, mjc.sale_day, mjc.sale_delta, mjc.sale_fact, mjc.sale_line_fact, mjc.sale_live, mjc.sale_pending, mjc.schema_version, mjc.search_alias, mjc.search_key, mjc.search_name, mjc.search_product, mjc.search_word, mjc.setting, mjc.setting_history, mjc.shipment, mjc.shipment_line, mjc.shipment_report, mjc.tracking,
    mjc.shipping_tariff, mjc.staff, mjc.stamp_duty_bracket, mjc.stock_anchor, mjc.stock_available, mjc.stock_flag, mjc.stock_flip, mjc.stock_incoming,
    mjc.stock_ledger, mjc.stock_now, mjc.supersession, mjc.supersession_part, mjc.supersession_version, mjc.table_class, mjc.web_vital, mjc.webhook_delivery, mjc.webhook_endpoint, mjc.wilaya
TO mjc_admin;

GRANT SELECT ON
    mjc_report.cache_figure, mjc_report.cart, mjc_report.catalogue_export, mjc_report.client_error, mjc_report.cod_receivable, mjc_report.cod_refusal, mjc_report.consent, mjc_report.coupon, mjc_report.credit,
    mjc_report.customer_order, mjc_report.customer_refusal, mjc_report.customer_value, mjc_report.dead_stock, mjc_report.event, mjc_report.exposure, mjc_report.fitment_conflict, mjc_report.http_figure, mjc_report.import, mjc_report.import_error, mjc_report.invoice,
    mjc_report.invoice_due, mjc_report.job, mjc_report.media, mjc_report.order_entry, mjc_report.order_history, mjc_report.order_line, mjc_report.order_trace, mjc_report.order_transition,
    mjc_report.parcel_attempt, mjc_report.payment, mjc_report.payment_problem, mjc_report.price, mjc_report.product, mjc_report.promotion, mjc_report.refund,
    mjc_report.reservation, mjc_report.sale_entry, mjc_report.sale_key, mjc_report.sales, mjc_report.setting, mjc_report.shipment, mjc_report.shipment_report,
    mjc_report.shipping_tariff, mjc_report.short_order, mjc_report.stock, mjc_report.stock_incoming, mjc_report.stock_movement, mjc_report.stock_valuation,
    mjc_report.table_class, mjc_report.visit, mjc_report.web_vital
TO mjc_admin, mjc_analyst;

-- With names of staff, or words from outside.
GRANT SELECT ON mjc_report.audit, mjc_report.outbox, mjc_report.personal_access, mjc_report.provider_event, mjc_report.stock_history,
    mjc_report.webhook_delivery, mjc_report.webhook_endpoint TO mjc_admin;

-- Report functions read views of mjc_report as who calls them, so they may be called by whoever reads those.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mjc_report FROM PUBLIC, mjc_shim;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mjc_report TO mjc_admin, mjc_analyst;
