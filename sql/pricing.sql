-- pricing: shipping (extension/pricing.c) and its routes, payment methods.

CREATE FUNCTION mjc.wilaya_find(place text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    typed text := btrim(mjc.fold_digits(place));
BEGIN
    IF typed ~ '^[0-9]{1,2}$' THEN
        RETURN (SELECT w.code FROM mjc.wilaya w WHERE w.code = lpad(typed, 2, '0'));
    END IF;
    RETURN (SELECT w.code FROM mjc.wilaya w
             WHERE lower(w.name) = lower(typed) OR w.name_ar = typed
             ORDER BY w.code LIMIT 1);
END
$$;
COMMENT ON FUNCTION mjc.wilaya_find(text) IS
    'Code of the wilaya that was typed: its code (one or two digits, of any script) or its name; NULL when there is none';

CREATE FUNCTION mjc.shipping_for(place text, subtotal bigint, on_date date DEFAULT mjc.algiers_date(now()),
    delivery_mode text DEFAULT 'home', weight_g integer DEFAULT 0) RETURNS bigint
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'mjc_shipping_for';
COMMENT ON FUNCTION mjc.shipping_for(text, bigint, date, text, integer) IS
    'What a parcel costs, in centimes, to a wilaya (code or name) for goods of that subtotal in centimes on a day: the tariff of the wilaya, else of its zone, else the default, with its weight steps; nothing from the free-shipping threshold on. delivery_mode: home or stop_desk; weight in grams. Errors: MJ003, MJ006, MJ201, MJ202, MJ217';

CREATE FUNCTION mjc_api.wilaya_list() RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(now());
    carrier_name text := (SELECT s.text_value FROM mjc.setting s WHERE s.name = 'shipping_carrier');
BEGIN
    RETURN (
        SELECT json_build_object('success', true, 'data', coalesce(json_agg(json_build_object(
                   'id', w.code, 'code', w.code, 'name', w.name, 'nameAr', w.name_ar, 'active', true,
                   'shippingCost', mjc.dzd(t.amount_centimes), 'deliveryDays', w.delivery_days) ORDER BY w.code), '[]'::json),
                   'count', count(*))
          FROM mjc.wilaya w
          LEFT JOIN LATERAL (
               SELECT s.amount_centimes
                 FROM unnest(ARRAY[w.code, (SELECT z.zone_code FROM mjc.carrier_zone z
                                             WHERE z.wilaya_code = w.code AND z.validity @> today AND z.carrier = carrier_name), '*'])
                      WITH ORDINALITY u (place, n)
                 JOIN mjc.shipping_tariff s ON s.place_code = u.place AND s.delivery_mode = 'home' AND s.validity @> today AND NOT s.is_draft
                ORDER BY u.n LIMIT 1) t ON true
         WHERE w.valid_from_on <= today);
END
$$;
COMMENT ON FUNCTION mjc_api.wilaya_list() IS 'GET /wilayas: those that exist today, with today''s tariff; whole body';

CREATE FUNCTION mjc.free_shipping_threshold() RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT s.integer_value FROM mjc.setting s WHERE s.name = 'free_shipping_threshold_centimes');
END
$$;
COMMENT ON FUNCTION mjc.free_shipping_threshold() IS 'Subtotal in centimes from which home delivery is free; 0 = never';

CREATE FUNCTION mjc_api.wilaya_shipping_cost(place text) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today date := mjc.algiers_date(now());
BEGIN
    IF NOT EXISTS (SELECT FROM mjc.wilaya w WHERE w.code = mjc.wilaya_find(place) AND w.valid_from_on <= today) THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('shippingCost', mjc.dzd(mjc.shipping_for(place, 0, today)),
                             'freeShippingThreshold', mjc.dzd(mjc.free_shipping_threshold()));
END
$$;
COMMENT ON FUNCTION mjc_api.wilaya_shipping_cost(text) IS 'GET /wilayas/:code/shipping-cost: NULL for an unknown wilaya';

CREATE FUNCTION mjc_api.shipping_quote(place text, subtotal bigint, delivery_mode text DEFAULT NULL) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN json_build_object(
        'shippingCost', mjc.dzd(mjc.shipping_for(place, coalesce(subtotal, 0), mjc.algiers_date(now()), coalesce(delivery_mode, 'home'))),
        'wilaya', (SELECT w.name FROM mjc.wilaya w WHERE w.code = mjc.wilaya_find(place)));
END
$$;
COMMENT ON FUNCTION mjc_api.shipping_quote(text, bigint, text) IS
    'POST /payments/shipping-cost: for a subtotal in centimes, home delivery unless told. Errors: MJ201, MJ202, MJ217';

CREATE FUNCTION mjc_api.payment_method_list() RETURNS json
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('id', m.method, 'nameAr', m.name_ar, 'nameFr', m.name_fr,
                       'description', m.description, 'isDefault', m.is_default) ORDER BY m.sort_order), '[]'::json)
              FROM mjc.payment_method m WHERE m.is_enabled);
END
$$;
COMMENT ON FUNCTION mjc_api.payment_method_list() IS 'GET /payments/methods';
