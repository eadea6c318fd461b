-- idempotency: rules in SQL answer the same request once (that of routes in C: order.sql).
BEGIN;
SELECT plan(30);
\ir fixture.psql
CREATE FUNCTION pg_temp.ask(key text, request text, windowed boolean DEFAULT true, caller uuid DEFAULT pg_temp.pid(1), route text DEFAULT 'test_route') RETURNS text
    LANGUAGE plpgsql
AS $$
DECLARE
    claim record;
    kept constant json := '{"n": "' || coalesce(request, '') || '"}';
BEGIN
    SELECT * INTO claim FROM mjc.idempotency_begin(route, caller, key, request, windowed);
    IF claim.replayed <> (claim.body IS NOT NULL) THEN
        RETURN 'a body without a repeat, or a repeat without one';
    END IF;
    IF NOT claim.replayed AND mjc.idempotency_end(claim.key_hash, 'test', pg_temp.pid(2), kept)::text IS DISTINCT FROM kept::text THEN
        RETURN 'not what is kept';
    END IF;
    RETURN CASE WHEN claim.key_hash IS NULL THEN 'unclaimed' WHEN claim.replayed THEN claim.body::text ELSE 'first' END;
END
$$;

SELECT is(pg_temp.ask('k1', 'a'), 'first', 'the first with a key');
SELECT is(pg_temp.ask('k1', 'a'), '{"n": "a"}', 'the second is told what the first was');
SELECT throws_ok($$SELECT pg_temp.ask('k1', 'b')$$, 'MJ022', NULL, 'another request under the key');
SELECT is(pg_temp.ask('k1', 'a', caller => pg_temp.pid(3)), 'first', 'somebody else''s key is another');
SELECT is(pg_temp.ask('k1', 'a', caller => NULL), 'first', 'so is a visitor''s');
SELECT is(pg_temp.ask('k1', 'a', route => 'test_other'), 'first', 'so is that of another route');
SELECT is(pg_temp.ask('k2', NULL), 'first', 'a request without a body');
SELECT throws_ok($$SELECT pg_temp.ask('k2', '')$$, 'MJ022', NULL, 'is not an empty one');
SELECT throws_ok(format('SELECT pg_temp.ask(%L, %L)', k, 'a'), 'MJ021', NULL, format('key of %s characters', length(k)))
  FROM unnest(ARRAY['', repeat('k', 256), 'clé', E'a\tb']) k;
SELECT is(pg_temp.ask(repeat('k', 255), 'a'), 'first', 'a key of 255 characters');
SELECT throws_ok($$SELECT pg_temp.ask('k3', 'a', route => NULL)$$, 'MJ003', NULL, 'no route');

-- Without a key
SELECT is(pg_temp.ask(NULL, 'a'), 'unclaimed', 'no window is set');
SET LOCAL mjc.double_submit_window = 30;
SELECT is(pg_temp.ask(NULL, 'a', false), 'unclaimed', 'the window is not asked for');
SELECT is(pg_temp.ask(NULL, 'a'), 'first', 'the first in the window');
SELECT is(pg_temp.ask(NULL, 'a', NULL), '{"n": "a"}', 'the second');
SELECT is(pg_temp.ask(NULL, 'b'), 'first', 'another request');
SELECT throws_ok(format('SELECT mjc.idempotency_end(NULL, %s, %s, %s)', a, b, c), 'MJ003', NULL, 'the end wants everything')
  FROM (VALUES ('NULL', 'mjc.uuid_v7()', '''{}'''), ('''x''', 'NULL', '''{}'''), ('''x''', 'mjc.uuid_v7()', 'NULL')) v (a, b, c);

-- By SQL, and after the owner changed the table: keys of both ways are the same keys
SET LOCAL mjc.direct_access = off;
SELECT is(pg_temp.ask('k1', 'a'), '{"n": "a"}', 'by SQL: a key that was claimed without it');
SELECT is(pg_temp.ask('s1', 'a'), 'first', 'by SQL: a new one');
SELECT is(pg_temp.ask('s1', 'a'), '{"n": "a"}', 'by SQL: and again');
RESET mjc.direct_access;
SELECT is(pg_temp.ask('s1', 'a'), '{"n": "a"}', 'without SQL: a key that was claimed by it');
ALTER TABLE mjc.idempotency_key ADD COLUMN remark text DEFAULT 'owner';
SELECT is(pg_temp.ask('s2', 'a'), 'first', 'with a column of the owner: a new one');
SELECT is(pg_temp.ask('s2', 'a'), '{"n": "a"}', 'with a column of the owner: and again');
ALTER TABLE mjc.idempotency_key DROP COLUMN remark, ADD CONSTRAINT own_ck CHECK (digest IS NULL) NOT VALID;
SELECT throws_ok($$SELECT pg_temp.ask('s3', 'a')$$, '23514', NULL, 'a constraint of the owner holds');
ALTER TABLE mjc.idempotency_key DROP CONSTRAINT own_ck;
SELECT is(pg_temp.ask('s3', 'a'), 'first', 'as long as it stands; the refused one left nothing');

SELECT * FROM finish();
ROLLBACK;
