-- address: where parcels and bills of a customer go. Of each kind one address is the default;
-- orders keep a copy of their own.

CREATE FUNCTION mjc.address_json(customer uuid, id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.address_id, 'customerId', a.customer_id, 'type', a.kind, 'label', a.label,
                                      'street', a.street, 'city', a.city, 'postalCode', a.postal_code, 'region', a.region, 'country', a.country,
                                      'isDefault', a.is_default, 'createdAt', mjc.iso(a.created_at), 'updatedAt', mjc.iso(a.updated_at))
                                  ORDER BY a.created_at DESC, a.address_id), '[]')
          FROM mjc.address a WHERE a.customer_id = customer AND (id IS NULL OR a.address_id = id));
END
$$;
COMMENT ON FUNCTION mjc.address_json(uuid, uuid) IS 'The addresses of a customer, newest first, or the one of that id, always as a list';

CREATE FUNCTION mjc.address_lock(customer uuid) RETURNS text
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    locked text := mjc.customer_lock(customer);
BEGIN
    -- A new version of the row: who waited here with an older snapshot fails (40001) and
    -- starts anew, instead of choosing a default among the addresses of before.
    UPDATE mjc.customer c SET created_at = c.created_at WHERE c.customer_id = customer AND locked IS NOT NULL;
    RETURN locked;
END
$$;
COMMENT ON FUNCTION mjc.address_lock(uuid) IS
    'First lock of every change of addresses and kept boilers; returns the kind of the customer, NULL when there is none. Errors: MJ653';

CREATE FUNCTION mjc.address_settle(customer uuid, address_kind text, other_than uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.address a SET is_default = true
     WHERE a.customer_id = customer
       AND a.address_id = (SELECT x.address_id FROM mjc.address x WHERE x.customer_id = customer AND x.kind = address_kind
                            ORDER BY (x.address_id = other_than) IS TRUE, x.created_at DESC, x.address_id LIMIT 1)
       AND NOT EXISTS (SELECT FROM mjc.address x WHERE x.customer_id = customer AND x.kind = address_kind AND x.is_default);
END
$$;
COMMENT ON FUNCTION mjc.address_settle(uuid, text, uuid) IS
    'When no address of a kind is the default any more, the newest is, another than the given one if there is another';

CREATE FUNCTION mjc.address_check(doc jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    clean jsonb;
BEGIN
    PERFORM mjc.doc_check(doc, '{type,label,street,city,postalCode,region,country,isDefault}');
    PERFORM mjc.doc_word(doc, 'type', '^(BILLING|SHIPPING)$'), mjc.doc_text(doc, 'street', 5, 200), mjc.doc_text(doc, 'city', 2, 100),
            mjc.doc_text(doc, 'postalCode', 3, 20), mjc.doc_text(doc, 'region', 1, 50), mjc.doc_text(doc, 'country', 2, 100),
            mjc.doc_text(doc, 'label', 1, 50), mjc.doc_boolean(doc, 'isDefault', false);
    SELECT jsonb_object_agg(e.key, btrim(e.value)) INTO clean FROM jsonb_each_text(jsonb_strip_nulls(doc)) e;
    clean := jsonb_build_object('country', 'Algeria') || coalesce(clean, '{}');
    PERFORM mjc.doc_need(clean, '{type,street,city}');
    RETURN clean;
END
$$;
COMMENT ON FUNCTION mjc.address_check(jsonb) IS
    'A whole address, trimmed: {type: BILLING or SHIPPING, street, city, postalCode, region, country, label, isDefault}. Errors: MJ003, MJ006, MJ010';

CREATE FUNCTION mjc.address_write(customer uuid, id uuid, doc jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most constant integer := 50;
    address uuid := coalesce(id, mjc.uuid_v7());
    clean jsonb := mjc.address_check(doc);
    chosen boolean := (clean ->> 'isDefault')::boolean;
    old_kind text;
BEGIN
    IF mjc.address_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT a.kind INTO old_kind FROM mjc.address a WHERE a.customer_id = customer AND a.address_id = id;
    IF id IS NOT NULL AND old_kind IS NULL THEN
        RETURN NULL;
    ELSIF id IS NULL AND (SELECT count(*) >= most FROM mjc.address a WHERE a.customer_id = customer) THEN
        PERFORM mjc.raise('ADDRESS_LIMIT', 'max', most::text);
    END IF;
    -- Nothing is the default twice, not even for a moment: an index sees to it.
    UPDATE mjc.address a SET is_default = false
     WHERE a.customer_id = customer AND a.is_default
       AND (a.address_id = address AND (old_kind <> clean ->> 'type' OR chosen = false) OR chosen AND a.kind = clean ->> 'type');
    INSERT INTO mjc.address AS a (customer_id, address_id, kind, label, street, city, postal_code, region, country, is_default, created_at, updated_at)
    VALUES (customer, address, clean ->> 'type', clean ->> 'label', clean ->> 'street', clean ->> 'city', clean ->> 'postalCode',
            clean ->> 'region', clean ->> 'country', coalesce(chosen, false), clock_timestamp(), clock_timestamp())
    ON CONFLICT ON CONSTRAINT address_pkey DO UPDATE
       SET kind = EXCLUDED.kind, label = EXCLUDED.label, street = EXCLUDED.street, city = EXCLUDED.city, postal_code = EXCLUDED.postal_code,
           region = EXCLUDED.region, country = EXCLUDED.country, is_default = coalesce(chosen, a.is_default), updated_at = EXCLUDED.updated_at;
    PERFORM mjc.address_settle(customer, k, address) FROM unnest(ARRAY[clean ->> 'type', old_kind]) k WHERE k IS NOT NULL;
    RETURN address;
END
$$;
COMMENT ON FUNCTION mjc.address_write(uuid, uuid, jsonb) IS
    'A new address of a customer (id NULL) or the whole of one; of each kind one is the default: the first, then whichever was set last. NULL when there is no such customer or address of his. Errors: MJ003, MJ006, MJ010, MJ653, MJ654';

CREATE FUNCTION mjc.address_drop(customer uuid, id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_kind text;
BEGIN
    IF mjc.address_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    DELETE FROM mjc.address a WHERE a.customer_id = customer AND a.address_id = id RETURNING a.kind INTO old_kind;
    IF old_kind IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mjc.address_settle(customer, old_kind, NULL);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.address_drop(uuid, uuid) IS
    'Takes an address away; orders keep their own copy. NULL when there is no such customer or address of his. Errors: MJ653';
