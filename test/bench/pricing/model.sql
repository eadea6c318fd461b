-- model.sql - the pricing engine once more, in PL/pgSQL: what test/sql/pricing_random.sql holds
-- the C engine against, and what test/bench/pricing.sh compares its speed with.
--
-- Written from the rules alone, never from the C code. It checks nothing: what the shop would
-- refuse must not be given to it. Amounts are bigint centimes; numeric is used only where a
-- product could leave bigint.
--
-- What was tried to make it fast (a cart of 10 lines, 200 promotions of which 30 apply; all 0.3 ms):
--   what does not depend on earlier promotions is one query over the table, with && on the arrays of
--   ids, and the loop sees the 44 that are left: 70 + 220 us; all in the loop are 400 us besides reading;
--   loops over arrays for what is done to the lines: a query over unnest() for each promotion costs 6 us
--   before it has done anything else, a turn of the loop 5 us; only the order of the cheapest units is one;
--   bigint wherever it cannot overflow; the whole rule in one function, apart from the two that split.
-- A compiled set that outlives the call, as the C engine has, is what PL/pgSQL has no place for.
CREATE SCHEMA bench_model;

-- The columns of mjc.promotion that price a cart; filled by who uses it.
CREATE TABLE bench_model.promotion (
    code                text NOT NULL COLLATE "C",
    kind                text NOT NULL,
    scope               text NOT NULL,
    rate_bp             integer,
    amount_centimes     bigint,
    buy_qty             integer,
    get_qty             integer,
    gift_product_id     uuid,
    priority            integer NOT NULL,
    exclusivity_group   text,
    needs_coupon        boolean NOT NULL,
    min_qty             integer,
    min_amount_centimes bigint,
    product_ids         uuid[],
    category_ids        uuid[],
    manufacturer_ids    uuid[],
    customer_groups     text[],
    wilaya_codes        text[],
    first_order         boolean NOT NULL
);

CREATE TYPE bench_model.bracket AS (above bigint, step bigint, per_step bigint, floor bigint, cap bigint, whole boolean);

CREATE TYPE bench_model.gift AS (product_id uuid, unit bigint, tax_bp integer, available integer);

-- What holds for the whole cart.
CREATE TYPE bench_model.terms AS (
    prices_include_tax boolean,
    shipping           bigint,
    shipping_tax_bp    integer,
    free_shipping_from bigint,
    customer_group     text,
    wilaya_code        text,
    first_order        boolean,
    credit             bigint,
    cash               boolean,
    round_to           bigint
);

-- The lines in working order, one array a column.
CREATE TYPE bench_model.lines AS (
    product_ids      uuid[],
    category_ids     uuid[],
    manufacturer_ids uuid[],
    units            bigint[],
    quantities       integer[],
    tax_rates        integer[],
    floors           bigint[]
);

------------------------------------------------------------------ amounts

-- Shares by largest remainder, ties to the earlier; all-zero weights split evenly.
CREATE FUNCTION bench_model.allocate(amount bigint, weights bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
    n integer := cardinality(weights);
    total bigint := 0;
    left_over bigint := amount;
    shares bigint[];
    rests bigint[];
    weight bigint;
    product bigint;
    large numeric;
    best integer;
BEGIN
    IF amount < 0 THEN
        RETURN (SELECT array_agg(-s ORDER BY o) FROM unnest(bench_model.allocate(-amount, weights)) WITH ORDINALITY u (s, o));
    END IF;
    FOREACH weight IN ARRAY weights LOOP
        total := total + weight;
    END LOOP;
    IF total = 0 THEN
        weights := array_fill(1::bigint, ARRAY[n]);
        total := n;
    END IF;
    IF amount <= 3000000000 AND total <= 3000000000 THEN
        FOREACH weight IN ARRAY weights LOOP
            product := amount * weight;
            shares := shares || product / total;
            rests := rests || product % total;
            left_over := left_over - product / total;
        END LOOP;
    ELSE
        FOREACH weight IN ARRAY weights LOOP
            large := amount::numeric * weight;
            shares := shares || div(large, total)::bigint;
            rests := rests || mod(large, total)::bigint;
            left_over := left_over - div(large, total)::bigint;
        END LOOP;
    END IF;
    IF left_over > 4 AND n > 16 THEN
        FOR best IN SELECT o FROM unnest(rests) WITH ORDINALITY u (r, o) ORDER BY r DESC, o LIMIT left_over LOOP
            shares[best] := shares[best] + 1;
        END LOOP;
        RETURN shares;
    END IF;
    WHILE left_over > 0 LOOP
        best := 1;
        FOR i IN 2 .. n LOOP
            IF rests[i] > rests[best] THEN
                best := i;
            END IF;
        END LOOP;
        shares[best] := shares[best] + 1;
        rests[best] := -1;
        left_over := left_over - 1;
    END LOOP;
    RETURN shares;
END $$;

-- A discount over lines: by weight, none above weight - floor. A line whose share would be more is
-- given its room and left out, and the rest is split anew; what nobody can take is not in the shares.
CREATE FUNCTION bench_model.spread_discount(amount bigint, weights bigint[], floors bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    n integer := cardinality(weights);
    left_over bigint := abs(amount);
    shares bigint[];
    rooms bigint[];
    parts bigint[];
    room bigint;
    free integer := 0;
    over boolean := true;
BEGIN
    FOR i IN 1 .. n LOOP
        room := greatest(weights[i] - coalesce(floors[i], 0), 0);
        rooms := rooms || room;
        shares := shares || 0::bigint;
        IF room = 0 THEN
            weights[i] := 0;
        ELSE
            free := free + 1;
        END IF;
    END LOOP;
    WHILE over AND free > 0 LOOP
        parts := bench_model.allocate(left_over, weights);
        over := false;
        FOR i IN 1 .. n LOOP
            IF weights[i] > 0 THEN
                room := rooms[i];
                IF parts[i] > room THEN
                    shares[i] := room;
                    weights[i] := 0;
                    left_over := left_over - room;
                    free := free - 1;
                    over := true;
                ELSE
                    shares[i] := parts[i];
                END IF;
            END IF;
        END LOOP;
    END LOOP;
    IF amount < 0 THEN
        RETURN (SELECT array_agg(-s ORDER BY o) FROM unnest(shares) WITH ORDINALITY u (s, o));
    END IF;
    RETURN shares;
END $$;

-- Tax of an amount >= 0, contained in it or to be added to it.
CREATE FUNCTION bench_model.tax(amount bigint, rate_bp integer, is_included boolean) RETURNS bigint
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN is_included THEN amount - (20000 * amount + 10000 + rate_bp) / (2 * (10000 + rate_bp))
                ELSE (amount * rate_bp + 5000) / 10000 END
$$;

-- Stamp duty on an amount paid in cash; the brackets in any order.
CREATE FUNCTION bench_model.stamp(amount bigint, scale bench_model.bracket[]) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    b bench_model.bracket;
    top bench_model.bracket;
    upto bigint := amount;
    duty bigint := 0;
BEGIN
    FOR b IN SELECT * FROM unnest(scale) s WHERE s.above < amount ORDER BY s.above DESC LOOP
        IF top IS NULL THEN
            top := b;
            EXIT WHEN b.per_step = 0;
            IF b.whole THEN
                duty := (amount + b.step - 1) / b.step * b.per_step;
                EXIT;
            END IF;
        END IF;
        duty := duty + (upto - b.above + b.step - 1) / b.step * b.per_step;
        upto := b.above;
    END LOOP;
    IF top.per_step > 0 THEN
        duty := least(greatest(duty, top.floor), top.cap);
    END IF;
    RETURN duty;
END $$;

------------------------------------------------------------------ the rule

-- Prices a cart. The promotions are those of bench_model.may_apply(), in their order. Gifts that
-- are added, a product once, stand after the lines: added and the ends of gross, runnings, taxes.
CREATE FUNCTION bench_model.price(
    terms bench_model.terms, lines bench_model.lines, promotions bench_model.promotion[],
    gifts bench_model.gift[], scale bench_model.bracket[],
    OUT gross bigint[], OUT runnings bigint[], OUT taxes bigint[], OUT line_rates integer[],
    OUT added bench_model.gift[], OUT added_qty integer[],
    OUT codes text[], OUT scopes text[], OUT amounts bigint[], OUT withhelds bigint[],
    OUT rates integer[], OUT rate_nets bigint[], OUT rate_taxes bigint[],
    OUT subtotal bigint, OUT goods bigint, OUT shipping bigint, OUT shipping_discount bigint, OUT shipping_tax bigint,
    OUT tax bigint, OUT stamp_duty bigint, OUT rounding bigint, OUT total bigint, OUT credit bigint, OUT due bigint)
    LANGUAGE plpgsql
AS $$
DECLARE
    products uuid[] := lines.product_ids;
    categories uuid[] := lines.category_ids;
    manufacturers uuid[] := lines.manufacturer_ids;
    quantities integer[] := lines.quantities;
    floors bigint[];
    n integer := cardinality(lines.product_ids);
    included boolean := terms.prices_include_tax;
    groups_taken text[] := '{}';
    p bench_model.promotion;
    g bench_model.gift;
    matching integer[];
    weights bigint[];
    weight_floors bigint[];
    shares bigint[];
    i integer;
    j integer;
    k integer;
    qty_sum bigint;
    base bigint;
    wanted bigint;
    given bigint;
    d bigint;
    room bigint;
    applies boolean;
    net bigint;
    before bigint;
BEGIN
    line_rates := lines.tax_rates;
    subtotal := 0;
    goods := 0;
    shipping_discount := 0;
    tax := 0;
    shipping := NULL;
    FOR i IN 1 .. n LOOP
        d := lines.units[i] * quantities[i];
        gross := gross || d;
        floors := floors || least(lines.floors[i] * quantities[i], d);
        subtotal := subtotal + d;
    END LOOP;
    runnings := gross;
    goods := subtotal;

    FOREACH p IN ARRAY promotions LOOP
        IF p.scope = 'shipping' AND shipping IS NULL THEN
            shipping := CASE WHEN terms.free_shipping_from > 0 AND goods >= terms.free_shipping_from THEN 0 ELSE terms.shipping END;
        END IF;
        CONTINUE WHEN p.exclusivity_group = ANY (groups_taken);
        matching := '{}';
        qty_sum := 0;
        base := 0;
        FOR i IN 1 .. n LOOP
            IF (p.product_ids IS NULL OR products[i] = ANY (p.product_ids))
               AND (p.category_ids IS NULL OR categories[i] = ANY (p.category_ids))
               AND (p.manufacturer_ids IS NULL OR manufacturers[i] = ANY (p.manufacturer_ids)) THEN
                matching := matching || i;
                qty_sum := qty_sum + quantities[i];
                base := base + runnings[i];
            END IF;
        END LOOP;
        CONTINUE WHEN matching = '{}' OR qty_sum < p.min_qty OR base < p.min_amount_centimes;
        applies := false;
        wanted := 0;
        given := 0;

        IF p.scope = 'shipping' THEN
            wanted := CASE p.kind WHEN 'percent' THEN (shipping * p.rate_bp + 5000) / 10000
                                  WHEN 'amount' THEN least(p.amount_centimes, shipping)
                                  ELSE greatest(shipping - p.amount_centimes, 0) END;
            given := wanted;
            shipping := shipping - given;
            shipping_discount := shipping_discount + given;
        ELSIF p.kind = 'gift' THEN
            i := array_position(products, p.gift_product_id);
            IF i IS NOT NULL THEN
                k := least(p.get_qty, quantities[i]);
                wanted := (2 * runnings[i] * k + quantities[i]) / (2 * quantities[i]);
                given := least(wanted, runnings[i]);
                runnings[i] := runnings[i] - given;
            ELSIF NOT EXISTS (SELECT FROM unnest(added) a WHERE a.product_id = p.gift_product_id) THEN
                SELECT * INTO g FROM unnest(gifts) s WHERE s.product_id = p.gift_product_id AND s.available >= p.get_qty LIMIT 1;
                IF FOUND THEN
                    added := added || g;
                    added_qty := added_qty || p.get_qty;
                    given := g.unit * p.get_qty;
                    wanted := given;
                    subtotal := subtotal + given;
                    goods := goods + given;
                    applies := true;
                END IF;
            END IF;
            goods := goods - given;
        ELSIF p.kind = 'buy_get' THEN
            k := qty_sum / (p.buy_qty + p.get_qty) * p.get_qty;
            IF k > 0 THEN
                -- by the unit's price, exactly: whole part, then the fraction
                FOR i IN SELECT m FROM unnest(matching) m
                          ORDER BY runnings[m] / quantities[m],
                                   round((runnings[m] % quantities[m])::numeric / quantities[m], 14), m LOOP
                    EXIT WHEN k = 0;
                    j := least(quantities[i], k);
                    k := k - j;
                    d := div(2 * runnings[i]::numeric * j * p.rate_bp + 10000::bigint * quantities[i], 20000::bigint * quantities[i]);
                    wanted := wanted + d;
                    d := least(d, greatest(runnings[i] - floors[i], 0));
                    runnings[i] := runnings[i] - d;
                    given := given + d;
                END LOOP;
                goods := goods - given;
            END IF;
        ELSIF p.scope = 'line' THEN
            FOREACH i IN ARRAY matching LOOP
                d := runnings[i];
                room := greatest(d - floors[i], 0); -- a gift may have gone below the floor
                d := CASE p.kind WHEN 'percent' THEN (d * p.rate_bp + 5000) / 10000
                                 WHEN 'amount' THEN p.amount_centimes * quantities[i]
                                 ELSE greatest(d - p.amount_centimes * quantities[i], 0) END;
                wanted := wanted + d;
                IF d > room THEN
                    d := room;
                END IF;
                runnings[i] := runnings[i] - d;
                given := given + d;
            END LOOP;
            goods := goods - given;
        ELSE
            wanted := CASE p.kind WHEN 'percent' THEN (base * p.rate_bp + 5000) / 10000
                                  WHEN 'amount' THEN least(p.amount_centimes, base)
                                  ELSE greatest(base - p.amount_centimes, 0) END;
            IF wanted > 0 THEN
                weights := '{}';
                weight_floors := '{}';
                FOREACH i IN ARRAY matching LOOP
                    weights := weights || runnings[i];
                    weight_floors := weight_floors || floors[i];
                END LOOP;
                shares := bench_model.spread_discount(wanted, weights, weight_floors);
                FOR j IN 1 .. cardinality(matching) LOOP
                    i := matching[j];
                    runnings[i] := runnings[i] - shares[j];
                    given := given + shares[j];
                END LOOP;
                goods := goods - given;
            END IF;
        END IF;

        IF applies OR given > 0 THEN
            codes := codes || p.code;
            scopes := scopes || p.scope;
            amounts := amounts || given;
            withhelds := withhelds || wanted - given;
            IF p.exclusivity_group IS NOT NULL THEN
                groups_taken := groups_taken || p.exclusivity_group;
            END IF;
        END IF;
    END LOOP;

    shipping := coalesce(shipping, CASE WHEN terms.free_shipping_from > 0 AND goods >= terms.free_shipping_from THEN 0 ELSE terms.shipping END);
    FOR j IN 1 .. coalesce(cardinality(added), 0) LOOP
        gross := gross || added[j].unit * added_qty[j];
        runnings := runnings || 0::bigint;
        line_rates := line_rates || added[j].tax_bp;
    END LOOP;
    FOR i IN 1 .. cardinality(runnings) + 1 LOOP
        IF i <= cardinality(runnings) THEN
            base := runnings[i];
            k := line_rates[i];
        ELSE
            EXIT WHEN shipping = 0;
            base := shipping;
            k := terms.shipping_tax_bp;
        END IF;
        d := CASE WHEN included THEN base - (20000 * base + 10000 + k) / (2 * (10000 + k)) ELSE (base * k + 5000) / 10000 END;
        net := CASE WHEN included THEN base - d ELSE base END;
        IF i <= cardinality(runnings) THEN
            taxes := taxes || d;
        ELSE
            shipping_tax := d;
        END IF;
        tax := tax + d;
        j := array_position(rates, k);
        IF j IS NULL THEN
            rates := rates || k;
            rate_nets := rate_nets || net;
            rate_taxes := rate_taxes || d;
        ELSE
            rate_nets[j] := rate_nets[j] + net;
            rate_taxes[j] := rate_taxes[j] + d;
        END IF;
    END LOOP;
    shipping_tax := coalesce(shipping_tax, 0);

    before := goods + shipping + CASE WHEN included THEN 0 ELSE tax END;
    credit := least(terms.credit, before);
    stamp_duty := CASE WHEN terms.cash THEN bench_model.stamp(before - credit, scale) ELSE 0 END;
    d := before - credit + stamp_duty;
    due := (2 * d + terms.round_to) / (2 * terms.round_to) * terms.round_to;
    rounding := due - d;
    total := before + stamp_duty + rounding;
END $$;

-- Of the promotions, those whose conditions do not depend on other promotions hold, in their order.
CREATE FUNCTION bench_model.may_apply(terms bench_model.terms, lines bench_model.lines, coupons text[], documents jsonb) RETURNS bench_model.promotion[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN coalesce((
        SELECT array_agg(p ORDER BY p.scope = 'shipping', coalesce(p.priority, 100), p.code COLLATE "C")
          FROM jsonb_populate_recordset(NULL::bench_model.promotion, documents) p
         WHERE (p.needs_coupon IS NOT TRUE OR p.code = ANY (coupons))
           AND (p.customer_groups IS NULL OR terms.customer_group = ANY (p.customer_groups))
           AND (p.wilaya_codes IS NULL OR terms.wilaya_code = ANY (p.wilaya_codes))
           AND (p.first_order IS NOT TRUE OR terms.first_order)), '{}');
END $$;

-- The same from the table.
CREATE FUNCTION bench_model.may_apply(terms bench_model.terms, lines bench_model.lines, coupons text[]) RETURNS bench_model.promotion[]
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    this_group text := terms.customer_group;
    this_wilaya text := terms.wilaya_code;
    is_first boolean := terms.first_order;
    products uuid[] := lines.product_ids;
    categories uuid[] := lines.category_ids;
    manufacturers uuid[] := lines.manufacturer_ids;
BEGIN
    RETURN coalesce((
        SELECT array_agg(p ORDER BY p.scope = 'shipping', p.priority, p.code)
          FROM bench_model.promotion p
         WHERE (p.product_ids IS NULL OR p.product_ids && products)
           AND (p.category_ids IS NULL OR p.category_ids && categories)
           AND (p.manufacturer_ids IS NULL OR p.manufacturer_ids && manufacturers)
           AND (NOT p.needs_coupon OR p.code = ANY (coupons))
           AND (p.customer_groups IS NULL OR this_group = ANY (p.customer_groups))
           AND (p.wilaya_codes IS NULL OR this_wilaya = ANY (p.wilaya_codes))
           AND (NOT p.first_order OR is_first)), '{}');
END $$;

------------------------------------------------------------------ the document

CREATE FUNCTION bench_model.price_cart(cart jsonb, promotions jsonb DEFAULT '[]') RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    terms bench_model.terms := jsonb_populate_record(
        ROW(true, 0, 1900, 0, 'retail', NULL, false, 0, false, 1)::bench_model.terms, cart);
    lines bench_model.lines;
    lists bigint[];
    places integer[];
    gifts bench_model.gift[] := ARRAY(SELECT g FROM jsonb_populate_recordset(NULL::bench_model.gift, cart -> 'gifts') g);
    scale bench_model.bracket[] := ARRAY(SELECT b FROM jsonb_populate_recordset(NULL::bench_model.bracket, cart -> 'stamp') b);
    coupons text[] := ARRAY(SELECT jsonb_array_elements_text(cart -> 'coupon_promotions'));
    r record;
BEGIN
    SELECT array_agg(product_id), array_agg(category_id), array_agg(manufacturer_id), array_agg(unit), array_agg(qty),
           array_agg(tax_bp), array_agg(floor), array_agg(list), array_agg(o)
      INTO lines.product_ids, lines.category_ids, lines.manufacturer_ids, lines.units, lines.quantities,
           lines.tax_rates, lines.floors, lists, places
      FROM (SELECT l.product_id, l.category_id, l.manufacturer_id, l.unit, l.qty, coalesce(l.tax_bp, 1900) AS tax_bp,
                   coalesce(l.floor, 0) AS floor, coalesce(l.list, l.unit) AS list, o::integer
              FROM jsonb_array_elements(cart -> 'lines') WITH ORDINALITY e (line, o)
             CROSS JOIN LATERAL jsonb_to_record(line) l (product_id uuid, category_id uuid, manufacturer_id uuid, unit bigint, list bigint,
                                                         qty integer, tax_bp integer, floor bigint)
             ORDER BY coalesce(l.product_id, '00000000-0000-0000-0000-000000000000'), o) w;
    SELECT * INTO r FROM bench_model.price(terms, lines, bench_model.may_apply(terms, lines, coupons, promotions), gifts, scale);
    RETURN jsonb_build_object(
        'lines', (
            SELECT jsonb_agg(jsonb_build_object(
                       'line', l.line, 'gift', l.added IS NOT NULL, 'unit', l.unit, 'list', l.list, 'qty', l.qty, 'gross', l.gross,
                       'discount', l.gross - l.running, 'total', l.running, 'tax_bp', l.tax_bp,
                       'net', l.running - CASE WHEN terms.prices_include_tax THEN l.tax ELSE 0 END, 'tax', l.tax,
                       'total_with_tax', l.running + CASE WHEN terms.prices_include_tax THEN 0 ELSE l.tax END) ORDER BY l.line)
              FROM (SELECT coalesce(places[i], i) AS line, a AS added, i, coalesce(lines.units[i], (a).unit) AS unit,
                           coalesce(lists[i], (a).unit) AS list, coalesce(lines.quantities[i], r.added_qty[i - cardinality(places)]) AS qty,
                           r.gross[i] AS gross, r.runnings[i] AS running, r.line_rates[i] AS tax_bp, r.taxes[i] AS tax
                      FROM generate_series(1, cardinality(r.gross)) i
                     CROSS JOIN LATERAL (SELECT r.added[i - cardinality(places)]) s (a)) l),
        'discounts', coalesce((
            SELECT jsonb_agg(jsonb_build_object('promotion', c, 'scope', s, 'amount', a, 'withheld', w) ORDER BY o)
              FROM unnest(r.codes, r.scopes, r.amounts, r.withhelds) WITH ORDINALITY u (c, s, a, w, o)), '[]'),
        'taxes', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('tax_bp', b, 'net', n, 'tax', t) ORDER BY b), '[]')
              FROM unnest(r.rates, r.rate_nets, r.rate_taxes) u (b, n, t)),
        'subtotal', r.subtotal, 'discount', r.subtotal - r.goods, 'goods', r.goods,
        'shipping', r.shipping, 'shipping_discount', r.shipping_discount, 'tax', r.tax, 'stamp_duty', r.stamp_duty,
        'rounding', r.rounding, 'total', r.total, 'credit', r.credit, 'due', r.due);
END $$;
