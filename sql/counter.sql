-- counter: how often products were looked at and sold, exactly, without a row that everybody updates.
-- An event may come in up to seven days late (extension/event.h). Days older than eight are added to
-- `viewed` once, and the border moves on in the same transaction; the days since are counted anew each time.

CREATE FUNCTION mjc.product_count(at timestamptz DEFAULT clock_timestamp()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    counted timestamptz := (SELECT b.at FROM mjc.counted_until b WHERE b.singleton FOR UPDATE);
    border timestamptz := greatest(counted, timezone('Africa/Algiers', (mjc.algiers_date(product_count.at) - 8)::timestamp));
    changed bigint;
BEGIN
    INSERT INTO mjc.product_counter AS c (product_id, viewed, recent, sold, popularity)
    SELECT p.product_id, coalesce(v.closed, 0), coalesce(v.recent, 0), coalesce(s.sold, 0),
           least(coalesce(v.recent, 0) + 10 * greatest(coalesce(s.lately, 0), 0), 2147483647)
      FROM (SELECT e.product_id, count(*) FILTER (WHERE e.at < border) AS closed, count(*) FILTER (WHERE e.at >= border) AS recent
              FROM mjc.event e
             WHERE e.at >= counted AND e.kind = 'view_item' AND NOT e.is_bot AND e.product_id IS NOT NULL
             GROUP BY e.product_id) v
      FULL JOIN (SELECT mjc.uuid_or_null(d.key) AS product_id, sum(d.units - d.returned_units)::bigint AS sold,
                        sum(d.units - d.returned_units) FILTER (WHERE d.on_day > mjc.algiers_date(product_count.at) - 90)::bigint AS lately
                   FROM mjc.sale_day d WHERE d.dim = 'product' GROUP BY d.key) s ON s.product_id = v.product_id
      FULL JOIN mjc.product_counter o ON o.product_id = coalesce(v.product_id, s.product_id)
      JOIN mjc.product p ON p.product_id = coalesce(v.product_id, s.product_id, o.product_id)
     ORDER BY p.product_id
    ON CONFLICT (product_id) DO UPDATE
       SET viewed = c.viewed + EXCLUDED.viewed, recent = EXCLUDED.recent, sold = EXCLUDED.sold, popularity = EXCLUDED.popularity
     WHERE EXCLUDED.viewed <> 0 OR (c.recent, c.sold, c.popularity) <> (EXCLUDED.recent, EXCLUDED.sold, EXCLUDED.popularity);
    GET DIAGNOSTICS changed = ROW_COUNT;
    UPDATE mjc.counted_until b SET at = border WHERE b.singleton AND b.at <> border;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION mjc.product_count(timestamptz) IS
    'Counts anew how often products were looked at (view_item by people) and what was sold of them; returns how many counts changed. popularity: views of the last days and ten times the units of the last 90 days. Safe at any time, anywhere twice. Run by a job';
