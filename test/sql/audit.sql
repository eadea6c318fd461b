-- audit: entries, seals, the chain.
BEGIN;
SELECT plan(33);
\ir fixture.psql
DELETE FROM mjc.audit;
DELETE FROM mjc.audit_seal;

SELECT is(mjc.audit_seal(), 0::bigint, 'nothing to seal');
SELECT is((SELECT count(*) FROM mjc.audit_seal), 0::bigint, 'makes no batch');
SELECT mjc.audit_write(u.id, 'rest', 'test', 'thing', n::text, NULL, jsonb_build_object('n', n), 'req-' || n)
  FROM generate_series(1, 7) n, (SELECT gen_random_uuid() AS id) u \g /dev/null
SELECT results_eq($$SELECT channel, action, subject_kind, subject_id, before, after, request_id, db_login, batch FROM mjc.audit ORDER BY audit_id LIMIT 1$$,
    $$VALUES ('rest', 'test', 'thing', '1', NULL::jsonb, '{"n": 1}'::jsonb, 'req-1', session_user::text COLLATE "default", NULL::bigint)$$, 'an entry');
SELECT is(mjc.audit_seal(3), 3::bigint, 'a batch of three');
SELECT is(mjc.audit_seal(3), 3::bigint, 'another');
SELECT is(mjc.audit_seal(3), 1::bigint, 'the rest');
SELECT is(mjc.audit_seal(3), 0::bigint, 'and no more');
SELECT results_eq('SELECT batch, entries FROM mjc.audit_seal ORDER BY batch', 'VALUES (1::bigint, 3), (2, 3), (3, 1)', 'batches count on');
SELECT results_eq('SELECT subject_id, batch FROM mjc.audit ORDER BY audit_id',
    $$VALUES ('1', 1::bigint), ('2', 1), ('3', 1), ('4', 2), ('5', 2), ('6', 2), ('7', 3)$$, 'oldest first');
SELECT is((SELECT previous FROM mjc.audit_seal WHERE batch = 1), '\x'::bytea, 'the first follows nothing');
SELECT is(count(*), 2::bigint, 'each other follows the one before') FROM mjc.audit_seal s JOIN mjc.audit_seal p ON p.batch = s.batch - 1 AND s.previous = p.hash;
SELECT is(count(*), 3::bigint, 'the hash is a SHA-256 over the previous one and the entries')
  FROM mjc.audit_seal s
 WHERE s.hash = (SELECT sha256(s.previous || convert_to(string_agg(json_build_array(a.audit_id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor, a.db_login,
                            a.channel, a.action, a.subject_kind, a.subject_id, a.before, a.after, a.request_id)::text, chr(10) ORDER BY a.audit_id), 'UTF8'))
                   FROM mjc.audit a WHERE a.batch = s.batch);
SELECT is_empty('SELECT * FROM mjc.check_audit_invariants(NULL)', 'the chain holds');
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL extra_float_digits = -5;
SELECT is_empty('SELECT * FROM mjc.check_audit_invariants(NULL)', 'whatever the settings of the session');
SET LOCAL timezone = DEFAULT;
SET LOCAL datestyle = DEFAULT;

-- Broken by hand
CREATE FUNCTION pg_temp.found(statement text) RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE statement;
    SELECT count(*) INTO n FROM mjc.check_invariants() WHERE rule = 'audit_chain';
    RAISE EXCEPTION 'undo' USING ERRCODE = 'MJX99';
EXCEPTION WHEN SQLSTATE 'MJX99' THEN
    RETURN n;
END
$$;
SELECT cmp_ok(pg_temp.found(s), '>', 0::bigint, format('found: %s', w))
  FROM (VALUES ($$UPDATE mjc.audit SET after = '{"n": 9}' WHERE subject_id = '2'$$, 'another value'),
               ($$UPDATE mjc.audit SET actor = NULL WHERE subject_id = '2'$$, 'another actor'),
               ($$UPDATE mjc.audit SET at = at + interval '1 microsecond' WHERE subject_id = '2'$$, 'another time'),
               ($$DELETE FROM mjc.audit WHERE subject_id = '2'$$, 'an entry removed'),
               ($$DELETE FROM mjc.audit WHERE batch = 2$$, 'all entries of a batch removed'),
               ($$INSERT INTO mjc.audit SELECT gen_random_uuid(), at, actor, db_login, channel, action, subject_kind, subject_id, before, after, request_id, batch FROM mjc.audit WHERE subject_id = '2'$$, 'an entry added'),
               ($$UPDATE mjc.audit SET batch = 2 WHERE subject_id = '2'$$, 'an entry moved to another batch'),
               ($$UPDATE mjc.audit SET batch = NULL WHERE subject_id = '2'$$, 'an entry unsealed'),
               ($$DELETE FROM mjc.audit_seal WHERE batch = 1$$, 'the first seal removed'),
               ($$UPDATE mjc.audit_seal s SET previous = o.previous, hash = o.hash, entries = o.entries FROM mjc.audit_seal o WHERE s.batch + o.batch = 3$$, 'two seals exchanged'),
               ($$WITH s AS (UPDATE mjc.audit_seal s SET previous = o.previous, hash = o.hash, entries = o.entries FROM mjc.audit_seal o WHERE s.batch + o.batch = 3)
                  UPDATE mjc.audit SET batch = 3 - batch WHERE batch < 3$$, 'two batches exchanged, seals and entries'),
               ($$INSERT INTO mjc.audit_seal SELECT 4, sealed_at, entries, hash, sha256('y') FROM mjc.audit_seal WHERE batch = 3$$, 'a seal over nothing'),
               ($$INSERT INTO mjc.audit SELECT gen_random_uuid(), at, actor, db_login, channel, action, subject_kind, subject_id, before, after, request_id, 9 FROM mjc.audit WHERE subject_id = '2'$$, 'an entry of a batch that was never sealed'),
               ($$UPDATE mjc.audit a SET after = o.after, subject_id = o.subject_id FROM mjc.audit o WHERE a.batch = 1 AND o.batch = 1 AND a.subject_id::int + o.subject_id::int = 3$$, 'two entries exchanged'),
               ($$UPDATE mjc.audit_seal SET previous = sha256('z') WHERE batch = 3$$, 'another predecessor'),
               ($$UPDATE mjc.audit_seal SET hash = sha256('x') WHERE batch = 2$$, 'another hash')) v (s, w);

-- Rules audit staff, and no person
SELECT pg_temp.make_stock(1, 10) \g /dev/null
SELECT pg_temp.bought('{1}', '{1}', '0559876543') AS ref \gset
SELECT mjc.order_confirm(:'ref', 'Amina, 0559876543') \g /dev/null
SELECT is((SELECT count(*) FROM mjc.audit a WHERE to_jsonb(a)::text ~ '(559876543|Amina|rue du Test)'), 0::bigint, 'no name, phone, address or note goes into the audit');
SELECT cmp_ok(mjc.audit_seal(), '>=', 2::bigint, 'new entries are sealed');
SELECT is_empty('SELECT * FROM mjc.check_invariants()', 'no promise is broken');

SELECT * FROM finish();
ROLLBACK;
