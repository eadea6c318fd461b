-- The class of every table, once (design 7); run by every mjc.install(), read by
-- the lint, by mjc_report.table_class and by the distributed set-up.
--   reference          small, read everywhere, written rarely
--   hash(column,group) rows live where the hash of the column says; tables of
--                      one group share their placement
--   local              one node only
-- A new table without a row here fails the lint.
INSERT INTO mjc.table_class (table_name, class, hash_column, hash_group)
VALUES
    ('account',         'hash',      'account_id',  'account'),
    ('account_email',   'hash',      'email',       'email'),
    ('account_person',  'hash',      'account_id',  'account'),
    ('account_secret',  'hash',      'account_id',  'account'),
    ('address',         'hash',      'customer_id', 'customer'),
    ('audit',           'local',     NULL,          NULL),
    ('audit_seal',      'local',     NULL,          NULL),
    ('boiler_model',    'reference', NULL,          NULL),
    ('category',        'reference', NULL,          NULL),
    ('customer',        'hash',      'customer_id', 'customer'),
    ('customer_order',  'hash',      'customer_id', 'customer'),
    ('customer_person', 'hash',      'customer_id', 'customer'),
    ('customer_phone',  'hash',      'phone',       'phone'),
    ('fitment',         'reference', NULL,          NULL),
    ('idempotency_key', 'hash',      'key_hash',    'idempotency_key'),
    ('job',             'local',     NULL,          NULL),
    ('location',        'reference', NULL,          NULL),
    ('login_failure',   'hash',      'email',       'email'),
    ('manufacturer',    'reference', NULL,          NULL),
    ('migration',       'local',     NULL,          NULL),
    ('order',           'hash',      'order_id',    'order'),
    ('order_block',     'local',     NULL,          NULL),
    ('order_contact',   'hash',      'order_id',    'order'),
    ('order_event',     'hash',      'order_id',    'order'),
    ('order_line',      'hash',      'order_id',    'order'),
    ('order_reference', 'hash',      'reference',   'order_reference'),
    ('order_year',      'local',     NULL,          NULL),
    ('payment',         'hash',      'order_id',    'order'),
    ('payment_method',  'reference', NULL,          NULL),
    ('product',         'reference', NULL,          NULL),
    ('product_image',   'reference', NULL,          NULL),
    ('reservation',     'hash',      'product_id',  'stock'),
    ('schema_version',  'local',     NULL,          NULL),
    ('setting',         'reference', NULL,          NULL),
    ('setting_history', 'reference', NULL,          NULL),
    ('shipment',        'hash',      'order_id',    'order'),
    ('shipping_tariff', 'reference', NULL,          NULL),
    ('staff',           'local',     NULL,          NULL),
    ('stock_anchor',    'hash',      'product_id',  'stock'),
    ('stock_flag',      'hash',      'product_id',  'stock'),
    ('stock_incoming',  'hash',      'product_id',  'stock'),
    ('stock_ledger',    'hash',      'product_id',  'stock'),
    ('table_class',     'reference', NULL,          NULL),
    ('token_revoked',   'hash',      'token_id',    'token'),
    ('wilaya',          'reference', NULL,          NULL)
ON CONFLICT (table_name) DO UPDATE
    SET class = EXCLUDED.class, hash_column = EXCLUDED.hash_column, hash_group = EXCLUDED.hash_group;
