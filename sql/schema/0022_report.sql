-- 0022 reports: what came back of an order is found without looking at the orders of which nothing
-- did, which are nearly all; the newest customers without looking at the others.
-- Measured at a million orders of two lines: revenue of the orders of 30 days (82 000) 22 s before,
-- 2 s after.

CREATE INDEX reservation_returned_idx ON mjc.reservation (reservation_id) WHERE returned_qty > 0;

CREATE INDEX order_line_cancelled_idx ON mjc.order_line (order_id) WHERE cancelled_qty > 0;

CREATE INDEX customer_new_idx ON mjc.customer (created_at) WHERE merged_into IS NULL AND status <> 'erased';
