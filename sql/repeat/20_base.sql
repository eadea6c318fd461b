-- Rows that the rules need. What the owner changed stays: only descriptions,
-- units and ranges are brought up to date.

INSERT INTO mjc.setting (name, kind, integer_value, text_value, min_value, max_value, unit, description)
VALUES
    ('backorder_days_default', 'integer', 14, NULL, 0, 3650, 'days', 'Days after which units promised beyond the stock are there, when no delivery is expected and the product says nothing else'),
    ('cart_days', 'integer', 30, NULL, 1, 3650, 'days', 'Time after its last change for which a guest''s cart is kept; a customer''s is kept twelve times as long'),
    ('dead_stock_days', 'integer', 180, NULL, 1, 36500, 'days', 'Time without a sale after which stock counts as dead'),
    ('delivery_days_default', 'integer', 5, NULL, 0, 60, 'days', 'Days until a parcel arrives in a place that is no known wilaya'),
    ('free_shipping_threshold_centimes', 'integer', 5000000, NULL, 0, 1000000000000, 'centimes', 'Subtotal from which home delivery is free; 0 = never'),
    ('guest_open_orders_max', 'integer', 25, NULL, 1, 100000, 'orders', 'Orders under way that one phone may have without an account'),
    ('guest_order_units_max', 'integer', 500, NULL, 1, 50000, 'units', 'Units in one order without an account'),
    ('hold_minutes', 'integer', 30, NULL, 1, 43200, 'minutes', 'Time for which mjc.stock_reserve holds units when it is not told'),
    ('order_reference_mode', 'text', NULL, 'plain', NULL, NULL, NULL, 'plain or scrambled; taken over when the first order of a year is placed'),
    ('shipping_carrier', 'text', NULL, 'standard', NULL, NULL, NULL, 'Carrier whose zones the shipping tariff goes by (mjc.carrier_zone)'),
    ('shipping_tax_bp', 'integer', 1900, NULL, 0, 10000, 'basis points', 'TVA contained in what is charged for shipping'),
    ('unconfirmed_order_hours', 'integer', 72, NULL, 1, 8760, 'hours', 'Time in which a cash-on-delivery order must be confirmed before it is cancelled')
ON CONFLICT (name) DO UPDATE
    SET min_value = EXCLUDED.min_value, max_value = EXCLUDED.max_value, unit = EXCLUDED.unit, description = EXCLUDED.description;

INSERT INTO mjc.setting (name, kind, boolean_value, description)
VALUES ('stamp_duty_charged', 'boolean', true, 'Stamp duty is added to orders paid in cash, as a line of its own')
ON CONFLICT (name) DO UPDATE
    SET description = EXCLUDED.description;

INSERT INTO mjc.job (name, every)
VALUES
    ('analyst_limit', interval '10 seconds'),
    ('audit_seal', interval '30 seconds'),
    ('cart_purge', interval '10 minutes'),
    ('idempotency_purge', interval '10 minutes'),
    ('invariants', interval '1 minute'),
    ('order_expire', interval '1 minute'),
    ('session_purge', interval '1 hour'),
    ('stock_expire', interval '1 minute')
ON CONFLICT (name) DO NOTHING;

INSERT INTO mjc.location (location_id, code, name)
VALUES (1, 'main', 'Magasin principal')
ON CONFLICT (location_id) DO NOTHING;

INSERT INTO mjc.payment_method (method, name_fr, name_ar, description, is_enabled, is_default, is_cash)
VALUES ('CASH_ON_DELIVERY', 'Paiement à la livraison', 'الدفع عند الاستلام', 'Payez en espèces à la réception de votre colis', true, true, true)
ON CONFLICT (method) DO NOTHING;

-- Places that are no known wilaya pay 600 DZD (contract 4.3).
INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity)
SELECT gen_random_uuid(), '*', 'home', 60000, '[1900-01-01,)'
 WHERE NOT EXISTS (SELECT FROM mjc.shipping_tariff t WHERE t.place_code = '*' AND t.delivery_mode = 'home');

INSERT INTO mjc.customer_group (customer_group, name_fr, name_ar, sort_order)
VALUES ('retail', 'Particulier', 'زبون عادي', 1),
       ('technician', 'Technicien', 'تقني', 2),
       ('b2b', 'Professionnel', 'مهني', 3)
ON CONFLICT (customer_group) DO NOTHING;

INSERT INTO mjc.pricing_version (singleton, version)
VALUES (true, gen_random_uuid())
ON CONFLICT (singleton) DO NOTHING;

-- Droit de timbre de quittance (code du timbre, art. 100): 1 DZD for each 100 DZD begun, at least
-- 5, at most 2 500 before 2023 and 10 000 from then on; since the finance law of 2025 no cap, nothing
-- up to 300 DZD, and a rate by the bracket of the whole amount.
INSERT INTO mjc.stamp_duty_bracket (valid_from_on, above_centimes, step_centimes, per_step_centimes, floor_centimes, cap_centimes, is_whole)
VALUES ('1900-01-01', 0, 10000, 100, 500, 250000, true),
       ('2023-01-01', 0, 10000, 100, 500, 1000000, true),
       ('2025-01-01', 0, 10000, 0, 0, NULL, true),
       ('2025-01-01', 30000, 10000, 100, 500, NULL, true),
       ('2025-01-01', 3000000, 10000, 150, 500, NULL, true),
       ('2025-01-01', 10000000, 10000, 200, 500, NULL, true)
ON CONFLICT (valid_from_on, above_centimes) DO NOTHING;
