-- growth.sql - :past past reservations of the hot product: each was held and then shipped.
-- The rows are what the rules would have written, so mjc.check_invariants() can judge them.
-- The tables are left to nobody else: a vacuum of millions of rows would be measured too.
SET synchronous_commit = off;
ALTER TABLE mjc.stock_ledger SET (autovacuum_enabled = off);
ALTER TABLE mjc.reservation SET (autovacuum_enabled = off);

SELECT l.seq AS seq, l.on_hand AS on_hand, l.unit_cost_centimes AS cost, '00000000-0000-7000-8000-100000000000' AS hot
  FROM mjc.stock_ledger l WHERE l.product_id = '00000000-0000-7000-8000-100000000000' AND l.location_id = 1
 ORDER BY l.seq DESC LIMIT 1 \gset

INSERT INTO mjc.stock_ledger (product_id, location_id, seq, kind, qty, on_hand, reserved, damaged, value_centimes,
                              unit_cost_centimes, ref_kind, ref_id, op_id, at)
SELECT :'hot', 1, :seq + i, CASE s.step WHEN 0 THEN 'reserve' ELSE 'ship' END, 1,
       :on_hand - s.done, 1 - s.step, 0, (:on_hand - s.done) * :cost, :cost,
       'hold', s.id, s.id || CASE s.step WHEN 0 THEN ':1:reserve' ELSE ':1:ship' END, now()
  FROM generate_series(1, 2 * :past::bigint) i
 CROSS JOIN LATERAL (SELECT (i + 1) % 2 AS step, i / 2 AS done,
                            '00000000-0000-7000-9000-' || lpad(((i + 1) / 2)::text, 12, '0') AS id) s;
INSERT INTO mjc.reservation (product_id, reservation_id, line_no, location_id, kind, qty, held_qty, shipped_qty,
                             expires_at, created_at, updated_at)
SELECT :'hot', ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 1, 1, 'hold', 1, 0, 1,
       now() + interval '1 day', now(), now()
  FROM generate_series(1, :past::bigint) n;
ANALYZE mjc.stock_ledger;
ANALYZE mjc.reservation;
