-- movement.sql - makes the ledger movement callable alone, without the row of its
-- reservation: what is reserved then has no reservation, so this database is not checked.
CREATE FUNCTION bench.movement(uuid, integer) RETURNS bigint LANGUAGE C AS '$libdir/mjchauffage', 'mjc_bench_movement';
