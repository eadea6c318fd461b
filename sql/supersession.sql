-- supersession: what replaced a part that is no longer made.

CREATE FUNCTION mjc.supersession_live(product_id uuid, OUT live_id uuid, OUT relation text, OUT qty integer, OUT two_way boolean)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    today date := mjc.algiers_date(statement_timestamp());
BEGIN
    RETURN QUERY
    WITH RECURSIVE step (id, kit, choice, qty, two_way, path) AS (
        SELECT p.successor_id, r.relation = 'KIT', r.relation = 'ANY', p.qty::bigint, r.interchange = 'TWO_WAY', ARRAY[r.product_id, p.successor_id]
          FROM mjc.supersession r JOIN mjc.supersession_part p ON p.product_id = r.product_id
         WHERE r.product_id = supersession_live.product_id AND (r.effective_on IS NULL OR r.effective_on <= today)
        UNION ALL
        SELECT p.successor_id, t.kit OR r.relation = 'KIT', t.choice OR r.relation = 'ANY', least(t.qty * p.qty, 1000000),
               t.two_way AND r.interchange = 'TWO_WAY', t.path || p.successor_id
          FROM step t
          JOIN mjc.supersession r ON r.product_id = t.id AND (r.effective_on IS NULL OR r.effective_on <= today)
          JOIN mjc.supersession_part p ON p.product_id = r.product_id
         WHERE p.successor_id <> ALL (t.path) AND cardinality(t.path) < 50)
    SELECT t.id, CASE WHEN bool_or(t.kit) THEN 'KIT' WHEN bool_or(t.choice) THEN 'ANY' ELSE 'ONE' END,
           CASE WHEN bool_or(t.kit) THEN least(sum(t.qty), 1000000) ELSE min(t.qty) END::integer, bool_and(t.two_way)
      FROM step t
     WHERE NOT EXISTS (SELECT FROM mjc.supersession r WHERE r.product_id = t.id AND (r.effective_on IS NULL OR r.effective_on <= today))
     GROUP BY t.id
     ORDER BY t.id;
END
$$;
COMMENT ON FUNCTION mjc.supersession_live(uuid) IS
    'The parts at the live end of the chain of supersessions of a part, as of today: each with the relation of the whole chain (ONE; KIT: all of them; ANY: one of them), the units that stand for one unit of the old part, and whether every step may be taken back. No row for a part that nothing replaced';

CREATE FUNCTION mjc.supersession_twins(live_ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(statement_timestamp());
BEGIN
    RETURN (
        WITH RECURSIVE step (id, path) AS (
            SELECT p.product_id, ARRAY[p.successor_id, p.product_id]
              FROM mjc.supersession_part p JOIN mjc.supersession r ON r.product_id = p.product_id
             WHERE p.successor_id = ANY (live_ids) AND r.relation = 'ONE' AND r.interchange = 'TWO_WAY' AND (r.effective_on IS NULL OR r.effective_on <= today)
            UNION ALL
            SELECT p.product_id, t.path || p.product_id
              FROM step t
              JOIN mjc.supersession_part p ON p.successor_id = t.id
              JOIN mjc.supersession r ON r.product_id = p.product_id
             WHERE r.relation = 'ONE' AND r.interchange = 'TWO_WAY' AND (r.effective_on IS NULL OR r.effective_on <= today)
               AND p.product_id <> ALL (t.path) AND cardinality(t.path) < 50)
        SELECT coalesce(array_agg(DISTINCT t.id), '{}') FROM step t);
END
$$;
COMMENT ON FUNCTION mjc.supersession_twins(uuid[]) IS
    'Old parts that serve as well as one of these that replaced them: every step of the chain between them is of one part and may be taken back';
