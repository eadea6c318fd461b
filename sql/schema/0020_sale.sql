-- 0020 sales figures: what every order amounts to, added up by day, live and exact.
--
-- An order counts on the day it was placed (Africa/Algiers), as it stands now (view mjc.sale_fact).
-- It is either in mjc.sale_pending, and read as it stands, or its figures are part of
-- mjc.sale_day, perhaps with the corrections of mjc.sale_delta. Whoever is about to change an
-- order whose figures were folded writes them here once more with the opposite sign, and the
-- order is pending again (extension/sale.c). So nothing hot is ever updated, mjc.sale_fold() may run at
-- any time and anywhere twice, and sale_day + sale_delta + pending orders is always the truth.

-- What its goods cost the shop: of what left and did not come back to the shelf.
ALTER TABLE mjc.reservation ADD COLUMN cost_centimes bigint NOT NULL DEFAULT 0;

-- Several lines of one product at one location: their sum stands with the first.
UPDATE mjc.reservation r
   SET cost_centimes = m.cost
  FROM (SELECT g.product_id, g.location_id, g.ref_id, sum(g.before - g.value_centimes)::bigint AS cost
          FROM (SELECT x.product_id, x.location_id, x.ref_kind, x.ref_id, x.kind, x.value_centimes,
                       lag(x.value_centimes, 1, 0::bigint) OVER (PARTITION BY x.product_id, x.location_id ORDER BY x.seq) AS before
                  FROM mjc.stock_ledger x) g
         WHERE g.kind IN ('ship', 'return') AND g.ref_kind = 'order'
         GROUP BY g.product_id, g.location_id, g.ref_id) m
 WHERE r.kind = 'order' AND r.product_id = m.product_id AND r.location_id = m.location_id AND r.reservation_id::text = m.ref_id
   AND r.line_no = (SELECT min(y.line_no) FROM mjc.reservation y
                     WHERE y.product_id = r.product_id AND y.reservation_id = r.reservation_id AND y.location_id = r.location_id);

-- Orders whose figures are not folded yet.
CREATE TABLE mjc.sale_pending (
    order_id uuid PRIMARY KEY
);

INSERT INTO mjc.sale_pending (order_id) SELECT o.order_id FROM mjc.order o;

-- dim: all, wilaya, channel, payment_method, customer_group, product; key: which one of it.
CREATE TABLE mjc.sale_day (
    dim                   text NOT NULL,
    on_day                date NOT NULL,
    key                   text NOT NULL,
    orders                bigint NOT NULL,
    cancelled_orders      bigint NOT NULL,
    units                 bigint NOT NULL,
    returned_units        bigint NOT NULL,
    total_centimes        bigint NOT NULL,
    returned_centimes     bigint NOT NULL,
    discount_centimes     bigint NOT NULL,
    shipping_centimes     bigint NOT NULL,
    stamp_duty_centimes   bigint NOT NULL,
    tax_centimes          bigint NOT NULL,
    returned_tax_centimes bigint NOT NULL,
    refunded_centimes     bigint NOT NULL,
    sold_ht_centimes      bigint NOT NULL,
    cost_centimes         bigint NOT NULL,
    PRIMARY KEY (dim, on_day, key),
    CONSTRAINT sale_day_dim_ck CHECK (dim IN ('all', 'wilaya', 'channel', 'payment_method', 'customer_group', 'product'))
);

-- Corrections on their way into mjc.sale_day.
CREATE TABLE mjc.sale_delta (
    order_id              uuid NOT NULL,
    delta_id              uuid NOT NULL,
    dim                   text NOT NULL,
    on_day                date NOT NULL,
    key                   text NOT NULL,
    orders                bigint NOT NULL,
    cancelled_orders      bigint NOT NULL,
    units                 bigint NOT NULL,
    returned_units        bigint NOT NULL,
    total_centimes        bigint NOT NULL,
    returned_centimes     bigint NOT NULL,
    discount_centimes     bigint NOT NULL,
    shipping_centimes     bigint NOT NULL,
    stamp_duty_centimes   bigint NOT NULL,
    tax_centimes          bigint NOT NULL,
    returned_tax_centimes bigint NOT NULL,
    refunded_centimes     bigint NOT NULL,
    sold_ht_centimes      bigint NOT NULL,
    cost_centimes         bigint NOT NULL,
    PRIMARY KEY (order_id, delta_id, dim, key)
);
