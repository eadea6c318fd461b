-- Rows that the rules need. What the owner changed stays: only descriptions,
-- units and ranges are brought up to date.

INSERT INTO mjc.setting (name, kind, integer_value, text_value, min_value, max_value, unit, description)
VALUES
    ('backorder_days_default', 'integer', 14, NULL, 0, 3650, 'days', 'Days after which units promised beyond the stock are there, when no delivery is expected and the product says nothing else'),
    ('dead_stock_days', 'integer', 180, NULL, 1, 36500, 'days', 'Time without a sale after which stock counts as dead'),
    ('delivery_days_default', 'integer', 5, NULL, 0, 60, 'days', 'Days until a parcel arrives in a place that is no known wilaya'),
    ('free_shipping_threshold_centimes', 'integer', 5000000, NULL, 0, 1000000000000, 'centimes', 'Subtotal from which home delivery is free; 0 = never'),
    ('guest_open_orders_max', 'integer', 25, NULL, 1, 100000, 'orders', 'Orders under way that one phone may have without an account'),
    ('guest_order_units_max', 'integer', 500, NULL, 1, 50000, 'units', 'Units in one order without an account'),
    ('hold_minutes', 'integer', 30, NULL, 1, 43200, 'minutes', 'Time for which mjc.stock_reserve holds units when it is not told'),
    ('order_reference_mode', 'text', NULL, 'plain', NULL, NULL, NULL, 'plain or scrambled; taken over when the first order of a year is placed'),
    ('unconfirmed_order_hours', 'integer', 72, NULL, 1, 8760, 'hours', 'Time in which a cash-on-delivery order must be confirmed before it is cancelled')
ON CONFLICT (name) DO UPDATE
    SET min_value = EXCLUDED.min_value, max_value = EXCLUDED.max_value, unit = EXCLUDED.unit, description = EXCLUDED.description;

INSERT INTO mjc.job (name, every)
VALUES
    ('analyst_limit', interval '10 seconds'),
    ('audit_seal', interval '30 seconds'),
    ('idempotency_purge', interval '10 minutes'),
    ('invariants', interval '1 minute'),
    ('order_expire', interval '1 minute'),
    ('session_purge', interval '1 hour'),
    ('stock_expire', interval '1 minute')
ON CONFLICT (name) DO NOTHING;

INSERT INTO mjc.location (location_id, code, name)
VALUES (1, 'main', 'Magasin principal')
ON CONFLICT (location_id) DO NOTHING;

INSERT INTO mjc.payment_method (method, name_fr, name_ar, description, is_enabled, is_default)
VALUES ('CASH_ON_DELIVERY', 'Paiement à la livraison', 'الدفع عند الاستلام', 'Payez en espèces à la réception de votre colis', true, true)
ON CONFLICT (method) DO NOTHING;

-- Places that are no known wilaya pay 600 DZD (contract 4.3).
INSERT INTO mjc.shipping_tariff (tariff_id, wilaya_code, delivery_mode, amount_centimes, validity)
SELECT gen_random_uuid(), '*', 'home', 60000, '[1900-01-01,)'
 WHERE NOT EXISTS (SELECT FROM mjc.shipping_tariff t WHERE t.wilaya_code = '*' AND t.delivery_mode = 'home');
