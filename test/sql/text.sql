-- text: identifiers, phones and dates in one form.
BEGIN;
SELECT plan(79);

-- uuid_v7
SELECT matches(mjc.uuid_v7()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'version 7, variant 10');
CREATE TEMP TABLE made AS SELECT n, mjc.uuid_v7() AS id FROM generate_series(1, 5000) n;
SELECT is(count(DISTINCT id), 5000::bigint, 'no two are the same') FROM made;
SELECT is(count(*), 0::bigint, 'each is larger than the one before')
  FROM (SELECT id, lag(id) OVER (ORDER BY n) AS before FROM made) x WHERE x.id <= x.before;
SELECT ok(abs(('x' || lpad(left(replace(mjc.uuid_v7()::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
              - extract(epoch FROM clock_timestamp()) * 1000) < 60000, 'the first 48 bits are milliseconds of now');

-- phone_canonical: every way to write one number
SELECT is(mjc.phone_canonical(typed), '+213550123456', format('%s is a mobile number', typed))
  FROM unnest(ARRAY['0550123456', '+213550123456', '00213550123456', '213550123456', '550123456',
                    '05 50 12 34 56', '05.50.12.34.56', '0550-123-456', '0550/12/34/56', '(0550) 12 34 56',
                    '+213 550 12 34 56', '+213 (0) 550 12 34 56', '00213 0550123456', '  0550123456  ',
                    '٠٥٥٠١٢٣٤٥٦', '۰۵۵۰۱۲۳۴۵۶', '+٢١٣٥٥٠١٢٣٤٥٦']) typed;
SELECT is(mjc.phone_canonical('0660123456'), '+213660123456', 'mobiles start with 6');
SELECT is(mjc.phone_canonical('0770123456'), '+213770123456', 'and with 7');
SELECT is(mjc.phone_canonical(mjc.phone_canonical('0770123456')), '+213770123456', 'the canonical form is canonical');
SELECT is(mjc.phone_canonical(typed), NULL, format('"%s" is none', left(typed, 20)))
  FROM unnest(ARRAY['0450123456', '0850123456', '0150123456', '021123456', '055012345', '05501234567', '+33612345678',
                    '+213450123456', '+0550123456', '0033612345678', '', '   ', 'abc', '0550 12 34 5a', '+213+550123456',
                    '0550+123456', '0550;123456', '213550123', '+', '+213', '00213', '2135501234561', 'DROP TABLE',
                    repeat('0550123456 ', 10), repeat('0', 1000)]) typed;
SELECT is(mjc.phone_canonical(NULL), NULL, 'nothing in, nothing out');

-- fold_digits: Arabic-Indic and extended digits become ours, the rest stays
SELECT is(mjc.fold_digits(t), r, format('digits of "%s"', t))
  FROM (VALUES ('٠١٢٣٤٥٦٧٨٩', '0123456789'), ('۰۱۲۳۴۵۶۷۸۹', '0123456789'), ('0123456789', '0123456789'), ('أدرار ٠١ é', 'أدرار 01 é'), ('', ''), (NULL, NULL)) v (t, r);

-- iso
SELECT is(mjc.iso('2026-01-02 03:04:05.678+00'), '2026-01-02T03:04:05.678Z', 'milliseconds, UTC');
SELECT is(mjc.iso('2026-01-01 00:30:00+01'), '2025-12-31T23:30:00.000Z', 'another zone becomes UTC');
SELECT is(mjc.iso(NULL), NULL, 'nothing in, nothing out');
SELECT is(mjc.iso(at), NULL, format('no text for %s', at)) FROM (VALUES ('infinity'::timestamptz), ('-infinity')) v (at);
SELECT is_empty($$SELECT at FROM (SELECT '1999-12-31 00:00+00'::timestamptz + (random() - 0.5) * interval '8000 years' AS at FROM generate_series(1, 2000)) x
    WHERE mjc.iso(at) IS DISTINCT FROM to_char(timezone('UTC', at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')$$, 'as to_char prints it, before and after 2000');
SET LOCAL timezone = 'Asia/Tokyo';
SELECT is(mjc.iso('2026-01-02 03:04:05+00'), '2026-01-02T03:04:05.000Z', 'the zone of the session does not matter');

-- algiers_date: UTC+1, no summer time
SELECT is(mjc.algiers_date('2025-12-31 22:59:59.999999+00'), '2025-12-31'::date, 'last moment of the year');
SELECT is(mjc.algiers_date('2025-12-31 23:00:00+00'), '2026-01-01'::date, 'first moment of the year');
SELECT is(mjc.algiers_date('2026-07-01 22:59:59+00'), '2026-07-01'::date, 'no summer time');
SELECT is(mjc.algiers_date('2026-07-01 23:00:00+00'), '2026-07-02'::date, 'midnight in summer');
SELECT is(mjc.algiers_date(NULL), NULL, 'nothing in, nothing out');

-- uuid_or_null
SELECT is(mjc.uuid_or_null('0190F000-0000-7000-8000-00000000000a'), '0190f000-0000-7000-8000-00000000000a'::uuid, 'any case');
SELECT is(mjc.uuid_or_null(typed), NULL, format('"%s" is none', replace(typed, chr(10), '<LF>')))
  FROM unnest(ARRAY['', 'x', '0190f00000007000800000000000000a', '{0190f000-0000-7000-8000-00000000000a}',
                    '0190f000-0000-7000-8000-00000000000g', '0190f000-0000-7000-8000-00000000000a ',
                    '0190f000-0000-7000-8000-00000000000a' || chr(10)]) typed;
SELECT is(mjc.uuid_or_null(NULL), NULL, 'nothing in, nothing out');

SELECT volatility_is('mjc', 'phone_canonical', ARRAY['text'], 'immutable', 'an index may hold a canonical phone');
SELECT volatility_is('mjc', 'uuid_v7', ARRAY[]::text[], 'volatile', 'every call makes another identifier');

SELECT * FROM finish();
ROLLBACK;
