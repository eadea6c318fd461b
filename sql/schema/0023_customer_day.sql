-- 0023 how many customers there are, by the day on which they came: as sales figures are kept
-- (0020), so that the dashboard does not look at all of them. One who is made counts 1 on that
-- day; one who is erased, deleted or joined to another counts 1 less on the day he came. Nobody is
-- named: a row has an id of its own.

CREATE TABLE mjc.customer_day (
    on_day    date PRIMARY KEY,
    customers bigint NOT NULL
);

CREATE TABLE mjc.customer_delta (
    delta_id uuid PRIMARY KEY,
    change   smallint NOT NULL,
    on_day   date NOT NULL,
    CONSTRAINT customer_delta_change_ck CHECK (change IN (-1, 1))
);

INSERT INTO mjc.customer_day (on_day, customers)
SELECT (c.created_at AT TIME ZONE 'Africa/Algiers')::date, count(*)
  FROM mjc.customer c WHERE c.merged_into IS NULL AND c.status <> 'erased' GROUP BY 1;
