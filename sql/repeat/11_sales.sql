-- What each order amounts to, and the live figures made of it: mjc.sale_day, its corrections, and
-- the orders that are not folded yet, as they stand. doc/reports.md defines every figure.

-- Cancelled: counts as cancelled and as nothing else (n is 0, then). Refunded whole: everything came back.
-- Units that came back are those cancelled out of a part-shipped order and those that left and
-- returned; their value and tax are their share of the line. Refunded is what went back for goods or
-- as a gesture: not what was paid too much, nor what pays an exchange.
CREATE OR REPLACE VIEW mjc.sale_line_fact AS
SELECT o.order_id, mjc.algiers_date(o.placed_at) AS on_day, l.product_id, c.n = 0 AS is_cancelled, l.qty * c.n AS qty,
       b.units::integer * c.n AS returned_qty, l.total_centimes * c.n AS total_centimes, l.discount_centimes * c.n AS discount_centimes,
       l.tax_centimes * c.n AS tax_centimes,
       c.n * CASE o.payment_state WHEN 'refunded' THEN l.total_centimes ELSE mjc.refund_share(l.total_centimes, l.qty, 0, b.units::integer) END AS returned_centimes,
       c.n * CASE o.payment_state WHEN 'refunded' THEN l.tax_centimes ELSE mjc.refund_share(l.tax_centimes, l.qty, 0, b.units::integer) END AS returned_tax_centimes,
       c.n * CASE o.payment_state WHEN 'refunded' THEN 0 ELSE mjc.refund_share(l.total_centimes - l.tax_centimes, l.qty, 0, b.out::integer) END AS sold_ht_centimes,
       b.cost_centimes * c.n AS cost_centimes
  FROM mjc.order o
 CROSS JOIN LATERAL (SELECT (o.order_state <> 'cancelled')::integer AS n) c
  JOIN mjc.order_line l ON l.order_id = o.order_id
 CROSS JOIN LATERAL (
       SELECT l.cancelled_qty + coalesce(sum(r.returned_qty), 0) AS units, coalesce(sum(r.shipped_qty - r.returned_qty), 0) AS out,
              coalesce(sum(r.cost_centimes), 0)::bigint AS cost_centimes
         FROM mjc.reservation r
        WHERE r.product_id = l.product_id AND r.reservation_id = o.order_id AND r.line_no = l.line_no) b;

CREATE OR REPLACE VIEW mjc.sale_fact AS
SELECT o.order_id, d.dim, mjc.algiers_date(o.placed_at) AS on_day, d.key, c.n::bigint AS orders, (1 - c.n)::bigint AS cancelled_orders,
       s.units, s.returned_units, o.total_centimes * c.n AS total_centimes,
       CASE o.payment_state WHEN 'refunded' THEN o.total_centimes * c.n ELSE s.returned_centimes END AS returned_centimes,
       o.discount_centimes * c.n AS discount_centimes, o.shipping_centimes * c.n AS shipping_centimes,
       o.stamp_duty_centimes * c.n AS stamp_duty_centimes, o.tax_centimes * c.n AS tax_centimes,
       CASE o.payment_state WHEN 'refunded' THEN o.tax_centimes * c.n ELSE s.returned_tax_centimes END AS returned_tax_centimes,
       f.refunded_centimes * c.n AS refunded_centimes, s.sold_ht_centimes, s.cost_centimes
  FROM mjc.order o
 CROSS JOIN LATERAL (SELECT (o.order_state <> 'cancelled')::integer AS n) c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(l.qty), 0)::bigint AS units, coalesce(sum(l.returned_qty), 0)::bigint AS returned_units,
              coalesce(sum(l.returned_centimes), 0)::bigint AS returned_centimes,
              coalesce(sum(l.returned_tax_centimes), 0)::bigint AS returned_tax_centimes,
              coalesce(sum(l.sold_ht_centimes), 0)::bigint AS sold_ht_centimes, coalesce(sum(l.cost_centimes), 0)::bigint AS cost_centimes
         FROM mjc.sale_line_fact l WHERE l.order_id = o.order_id) s
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(r.amount_centimes), 0)::bigint AS refunded_centimes
         FROM mjc.refund r
        WHERE r.order_id = o.order_id AND r.kind <> 'exchange' AND (r.kind <> 'excess' OR r.shipment_no IS NOT NULL)) f
 CROSS JOIN LATERAL (VALUES ('all', ''), ('wilaya', coalesce(o.wilaya_code, '')), ('channel', o.channel),
                            ('payment_method', o.payment_method), ('customer_group', o.customer_group)) d (dim, key)
UNION ALL
SELECT l.order_id, 'product', l.on_day, l.product_id::text, (NOT l.is_cancelled)::integer::bigint, l.is_cancelled::integer::bigint,
       sum(l.qty)::bigint, sum(l.returned_qty)::bigint, sum(l.total_centimes)::bigint, sum(l.returned_centimes)::bigint,
       sum(l.discount_centimes)::bigint, 0::bigint, 0::bigint, sum(l.tax_centimes)::bigint, sum(l.returned_tax_centimes)::bigint,
       0::bigint, sum(l.sold_ht_centimes)::bigint, sum(l.cost_centimes)::bigint
  FROM mjc.sale_line_fact l
 GROUP BY l.order_id, l.on_day, l.product_id, l.is_cancelled;

-- OFFSET 0: few orders are pending; each is read by its key, whatever the planner thinks of their number.
CREATE OR REPLACE VIEW mjc.sale_live AS
SELECT s.dim, s.on_day, s.key, s.orders, s.cancelled_orders, s.units, s.returned_units, s.total_centimes, s.returned_centimes,
       s.discount_centimes, s.shipping_centimes, s.stamp_duty_centimes, s.tax_centimes, s.returned_tax_centimes,
       s.refunded_centimes, s.sold_ht_centimes, s.cost_centimes
  FROM mjc.sale_day s
UNION ALL
SELECT d.dim, d.on_day, d.key, d.orders, d.cancelled_orders, d.units, d.returned_units, d.total_centimes, d.returned_centimes,
       d.discount_centimes, d.shipping_centimes, d.stamp_duty_centimes, d.tax_centimes, d.returned_tax_centimes,
       d.refunded_centimes, d.sold_ht_centimes, d.cost_centimes
  FROM mjc.sale_delta d
UNION ALL
SELECT f.dim, f.on_day, f.key, f.orders, f.cancelled_orders, f.units, f.returned_units, f.total_centimes, f.returned_centimes,
       f.discount_centimes, f.shipping_centimes, f.stamp_duty_centimes, f.tax_centimes, f.returned_tax_centimes,
       f.refunded_centimes, f.sold_ht_centimes, f.cost_centimes
  FROM mjc.sale_pending p
 CROSS JOIN LATERAL (SELECT x.* FROM mjc.sale_fact x WHERE x.order_id = p.order_id OFFSET 0) f;

-- For people: dinars, one row a day and what the day is split by.
CREATE OR REPLACE VIEW mjc_report.sales AS
SELECT s.dim, s.on_day, s.key, sum(s.orders)::bigint AS orders, sum(s.cancelled_orders)::bigint AS cancelled_orders,
       sum(s.units)::bigint AS units, sum(s.returned_units)::bigint AS returned_units,
       mjc.dzd(sum(s.total_centimes)::bigint) AS gross_dzd, mjc.dzd(sum(s.returned_centimes)::bigint) AS returned_dzd,
       mjc.dzd(sum(s.total_centimes - s.returned_centimes)::bigint) AS revenue_dzd,
       mjc.dzd(sum(s.discount_centimes)::bigint) AS discount_dzd, mjc.dzd(sum(s.shipping_centimes)::bigint) AS shipping_dzd,
       mjc.dzd(sum(s.stamp_duty_centimes)::bigint) AS stamp_duty_dzd,
       mjc.dzd(sum(s.tax_centimes - s.returned_tax_centimes)::bigint) AS tax_dzd, mjc.dzd(sum(s.refunded_centimes)::bigint) AS refunded_dzd,
       mjc.dzd(sum(s.sold_ht_centimes)::bigint) AS sold_ht_dzd, mjc.dzd(sum(s.cost_centimes)::bigint) AS cost_dzd,
       mjc.dzd(sum(s.sold_ht_centimes - s.cost_centimes)::bigint) AS margin_dzd
  FROM mjc.sale_live s
 GROUP BY s.dim, s.on_day, s.key;

-- The same before it is added up, in centimes: what functions sum over many days.
CREATE OR REPLACE VIEW mjc_report.sale_entry AS
SELECT s.dim, s.on_day, s.key, s.orders, s.cancelled_orders, s.units, s.returned_units, s.total_centimes AS gross_centimes, s.returned_centimes,
       s.total_centimes - s.returned_centimes AS revenue_centimes, s.discount_centimes, s.shipping_centimes, s.stamp_duty_centimes,
       s.tax_centimes - s.returned_tax_centimes AS tax_centimes, s.refunded_centimes, s.sold_ht_centimes, s.cost_centimes
  FROM mjc.sale_live s;

-- What the keys of mjc_report.sales are called; category and manufacturer are those of the product now.
CREATE OR REPLACE VIEW mjc_report.sale_key AS
SELECT 'wilaya'::text AS dim, w.code AS key, w.name, w.name_ar FROM mjc.wilaya w
UNION ALL
SELECT 'payment_method', m.method, m.name_fr, m.name_ar FROM mjc.payment_method m
UNION ALL
SELECT 'customer_group', g.customer_group, g.name_fr, g.name_ar FROM mjc.customer_group g
UNION ALL
SELECT 'channel', c.key, c.name, c.name_ar
  FROM (VALUES ('web', 'Site web', 'الموقع'), ('staff', 'Équipe du magasin', 'فريق المتجر'), ('import', 'Reprise', 'استيراد')) c (key, name, name_ar)
UNION ALL
SELECT 'product', p.product_id::text, p.name, p.name_ar FROM mjc.product p
UNION ALL
SELECT 'category', c.category_id::text, c.name, c.name_ar FROM mjc.category c
UNION ALL
SELECT 'manufacturer', m.manufacturer_id::text, m.name, NULL FROM mjc.manufacturer m;

-- Lines of which something came back, or was cancelled and nothing came back. Few orders have any, and
-- two small indexes know which.
CREATE OR REPLACE VIEW mjc.order_return AS
SELECT o.order_id, o.customer_id, o.placed_at, l.line_no, mjc.refund_share(l.total_centimes, l.qty, 0, l.cancelled_qty + sum(r.returned_qty)::integer) AS returned_centimes
  FROM mjc.order o
  JOIN mjc.reservation r ON r.reservation_id = o.order_id AND r.returned_qty > 0
  JOIN mjc.order_line l ON l.order_id = o.order_id AND l.line_no = r.line_no
 WHERE o.order_state <> 'cancelled' AND o.payment_state <> 'refunded'
 GROUP BY o.order_id, l.order_id, l.line_no
UNION ALL
SELECT o.order_id, o.customer_id, o.placed_at, l.line_no, mjc.refund_share(l.total_centimes, l.qty, 0, l.cancelled_qty)
  FROM mjc.order o
  JOIN mjc.order_line l ON l.order_id = o.order_id AND l.cancelled_qty > 0
 WHERE o.order_state <> 'cancelled' AND o.payment_state <> 'refunded'
   AND NOT EXISTS (SELECT FROM mjc.reservation r WHERE r.product_id = l.product_id AND r.reservation_id = l.order_id AND r.line_no = l.line_no AND r.returned_qty > 0);

-- By customer, likewise before it is added up: a row for each order, and one for each line of the view above.
CREATE OR REPLACE VIEW mjc_report.order_entry AS
SELECT o.order_id, o.customer_id, o.placed_at, mjc.algiers_date(o.placed_at) AS on_day, CASE o.order_state WHEN 'cancelled' THEN 0 ELSE 1 END AS orders,
       CASE o.order_state WHEN 'cancelled' THEN 1 ELSE 0 END AS cancelled_orders,
       CASE WHEN o.order_state = 'cancelled' OR o.payment_state = 'refunded' THEN 0 ELSE o.total_centimes END AS revenue_centimes
  FROM mjc.order o
UNION ALL
SELECT r.order_id, r.customer_id, r.placed_at, mjc.algiers_date(r.placed_at), 0, 0, -r.returned_centimes
  FROM mjc.order_return r;

CREATE OR REPLACE VIEW mjc_report.customer_value AS
SELECT e.customer_id, min(e.on_day) FILTER (WHERE e.orders > 0) AS first_order_on, max(e.on_day) FILTER (WHERE e.orders > 0) AS last_order_on,
       sum(e.orders) AS orders, sum(e.cancelled_orders) AS cancelled_orders, mjc.dzd(sum(e.revenue_centimes)::bigint) AS revenue_dzd,
       round(mjc.dzd(sum(e.revenue_centimes)::bigint) / nullif(sum(e.orders), 0), 2) AS average_order_dzd
  FROM mjc_report.order_entry e
 GROUP BY e.customer_id;

-- Rows to be added up, as in mjc.sale_live.
CREATE OR REPLACE VIEW mjc.customer_live AS
SELECT c.on_day, c.customers FROM mjc.customer_day c
UNION ALL
SELECT d.on_day, d.change FROM mjc.customer_delta d;
