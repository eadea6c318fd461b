-- review: what customers say of parts. One of each customer and part; shown when it is published,
-- with a first name and an initial. Staff never write in one, they publish, hide or delete it.
--
-- Lock order: the customer or the product, then the review. Whatever changes what is published
-- counts the part's stars again under its lock.

CREATE FUNCTION mjc.review_author(customer uuid) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT p.first_name || coalesce(' ' || upper(nullif(left(p.last_name, 1), '')) || '.', '') FROM mjc.customer_person p WHERE p.customer_id = customer), 'Client');
END
$$;
COMMENT ON FUNCTION mjc.review_author(uuid) IS 'What the author of a review is called: first name and initial, Client when he has left';

CREATE FUNCTION mjc.review_verified(customer uuid, product uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM mjc.customer_order c
          JOIN mjc.order o ON o.order_id = c.order_id
          JOIN mjc.order_line l ON l.order_id = o.order_id
         WHERE c.customer_id = customer AND o.delivered_at IS NOT NULL AND o.order_state <> 'cancelled'
           AND l.product_id = product AND l.qty > l.cancelled_qty);
END
$$;
COMMENT ON FUNCTION mjc.review_verified(uuid, uuid) IS 'Whether an order of a customer with this product was delivered, as of now';

CREATE FUNCTION mjc.rating(n integer, stars integer) RETURNS numeric
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_rating';
COMMENT ON FUNCTION mjc.rating(integer, integer) IS 'Average of n reviews that have so many stars together, to one decimal; 0 without any';

CREATE FUNCTION mjc.review_json(product uuid, customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('id', r.review_id, 'productId', r.product_id, 'rating', r.rating, 'title', r.title, 'comment', r.comment,
                       'author', mjc.review_author(r.customer_id), 'isVerifiedPurchase', mjc.review_verified(r.customer_id, r.product_id),
                       'isPublished', r.state = 'PUBLISHED', 'createdAt', mjc.iso(r.created_at))
              FROM mjc.review r WHERE r.product_id = product AND r.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.review_json(uuid, uuid) IS 'A review as everybody may read it';

CREATE FUNCTION mjc.review_recount(product uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.product p SET rating_count = s.n, rating_sum = s.stars
      FROM (SELECT count(*) AS n, coalesce(sum(r.rating), 0) AS stars FROM mjc.review r WHERE r.product_id = product AND r.state = 'PUBLISHED') s
     WHERE p.product_id = product;
    PERFORM mjc.product_changed(ARRAY[product]);
END
$$;
COMMENT ON FUNCTION mjc.review_recount(uuid) IS 'Stars of a locked product: how many published reviews, and their sum';

CREATE FUNCTION mjc.review_add(customer uuid, product uuid, rating integer, title text, comment text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moderated boolean := (SELECT s.boolean_value FROM mjc.setting s WHERE s.name = 'reviews_moderated');
    id uuid := mjc.uuid_v7();
BEGIN
    IF rating IS NULL OR rating NOT BETWEEN 1 AND 5 THEN
        PERFORM mjc.doc_refuse('rating', CASE WHEN rating IS NULL THEN 'ARGUMENT_MISSING' ELSE 'ARGUMENT_RANGE' END);
    END IF;
    IF length(title) > 100 OR length(comment) > 1000 THEN
        PERFORM mjc.doc_refuse(CASE WHEN length(title) > 100 THEN 'title' ELSE 'comment' END, 'ARGUMENT_RANGE');
    END IF;
    IF mjc.customer_lock(customer) IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM mjc.product p WHERE p.product_id = product AND p.is_active FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO mjc.review (product_id, customer_id, review_id, rating, title, comment, state, created_at, updated_at)
    VALUES (product, customer, id, review_add.rating, nullif(btrim(review_add.title), ''), nullif(btrim(review_add.comment, E' \t\r\n'), ''),
            CASE WHEN moderated THEN 'PENDING' ELSE 'PUBLISHED' END, clock_timestamp(), clock_timestamp())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM mjc.raise('REVIEW_EXISTS');
    END IF;
    IF NOT moderated THEN
        PERFORM mjc.review_recount(product);
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION mjc.review_add(uuid, uuid, integer, text, text) IS
    'A review of a customer, 1 to 5 stars; shown at once unless setting reviews_moderated. NULL: no such customer or no such product in the shop. Errors: MJ003, MJ006, MJ653, MJ834';

-- Staff name a review by its id alone: the part that it is of leads to it.
CREATE FUNCTION mjc.review_lock(id uuid, OUT product uuid, OUT customer uuid, OUT state text) RETURNS record
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place uuid := (SELECT r.product_id FROM mjc.review r WHERE r.review_id = id);
BEGIN
    PERFORM FROM mjc.product p WHERE p.product_id = place FOR NO KEY UPDATE;
    SELECT r.product_id, r.customer_id, r.state INTO product, customer, state
      FROM mjc.review r WHERE r.product_id = place AND r.review_id = id FOR UPDATE;
END
$$;
COMMENT ON FUNCTION mjc.review_lock(uuid) IS 'Locks the product of a review and the review; NULL when there is none';

CREATE FUNCTION mjc.review_state_write(actor uuid, channel text, id uuid, wanted text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT l.product, l.customer, l.state INTO mine FROM mjc.review_lock(id) l;
    IF mine.product IS NULL THEN
        RETURN NULL;
    END IF;
    IF mine.state <> wanted THEN
        UPDATE mjc.review r SET state = wanted, updated_at = clock_timestamp() WHERE r.product_id = mine.product AND r.customer_id = mine.customer;
        PERFORM mjc.review_recount(mine.product);
        PERFORM mjc.audit_write(actor, channel, CASE wanted WHEN 'PUBLISHED' THEN 'review_publish' ELSE 'review_hide' END, 'review', id::text,
            jsonb_build_object('state', mine.state), jsonb_build_object('state', wanted, 'product', mine.product), request_id);
    END IF;
    RETURN mjc.review_item(mine.product, mine.customer);
END
$$;
COMMENT ON FUNCTION mjc.review_state_write(uuid, text, uuid, text, text) IS 'A review is PUBLISHED or HIDDEN from now on; NULL when there is none';

CREATE FUNCTION mjc.review_drop(actor uuid, channel text, id uuid, request_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine record;
BEGIN
    SELECT l.product, l.customer, l.state INTO mine FROM mjc.review_lock(id) l;
    IF mine.product IS NULL THEN
        RETURN NULL;
    END IF;
    DELETE FROM mjc.review r WHERE r.product_id = mine.product AND r.customer_id = mine.customer;
    PERFORM mjc.review_recount(mine.product);
    PERFORM mjc.audit_write(actor, channel, 'review_delete', 'review', id::text, jsonb_build_object('state', mine.state, 'product', mine.product), NULL, request_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mjc.review_drop(uuid, text, uuid, text) IS 'A review is gone; its author may write another. NULL when there is none';

CREATE FUNCTION mjc.review_item(product uuid, customer uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT mjc.review_json(r.product_id, r.customer_id) || jsonb_build_object('status', r.state, 'productName', p.name, 'sku', p.sku,
                       'updatedAt', mjc.iso(r.updated_at))
              FROM mjc.review r JOIN mjc.product p ON p.product_id = r.product_id
             WHERE r.product_id = product AND r.customer_id = customer);
END
$$;
COMMENT ON FUNCTION mjc.review_item(uuid, uuid) IS 'A review as staff see it';

------------------------------------------------------------------------- psql

CREATE FUNCTION mjc.review_list(status text DEFAULT 'PENDING', max_rows integer DEFAULT 100,
    OUT review_id uuid, OUT product text, OUT rating smallint, OUT title text, OUT comment text, OUT is_verified boolean, OUT created_at timestamptz)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 100
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT r.review_id, p.sku || ' ' || p.name, r.rating, r.title, r.comment, mjc.review_verified(r.customer_id, r.product_id), r.created_at
      FROM mjc.review r JOIN mjc.product p ON p.product_id = r.product_id
     WHERE status IS NULL OR r.state = upper(status)
     ORDER BY r.created_at DESC, r.review_id LIMIT least(greatest(coalesce(max_rows, 100), 0), 1000);
END
$$;
COMMENT ON FUNCTION mjc.review_list(text, integer) IS
    'Reviews of a status (PENDING, PUBLISHED, HIDDEN; NULL: all), newest first, at most 1000, without their authors';

CREATE FUNCTION mjc.review_publish(review uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.found(mjc.review_state_write(mjc.staff_writes(), 'psql', review, 'PUBLISHED', NULL));
END
$$;
COMMENT ON FUNCTION mjc.review_publish(uuid) IS 'Everybody sees this review, and it counts. Errors: MJ004, MJ601';

CREATE FUNCTION mjc.review_hide(review uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.found(mjc.review_state_write(mjc.staff_writes(), 'psql', review, 'HIDDEN', NULL));
END
$$;
COMMENT ON FUNCTION mjc.review_hide(uuid) IS 'Nobody sees this review, nor does it count; its author cannot write another. Errors: MJ004, MJ601';

CREATE FUNCTION mjc.review_delete(review uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.found(mjc.review_drop(mjc.staff_writes(), 'psql', review, NULL));
END
$$;
COMMENT ON FUNCTION mjc.review_delete(uuid) IS 'A review is gone for good; its author may write another. Errors: MJ004, MJ601';

------------------------------------------------------------------ the customer

CREATE FUNCTION mjc.review_forget(customer uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- What was published goes on to count, in nobody's name and words.
    DELETE FROM mjc.review r WHERE r.customer_id = customer AND r.state <> 'PUBLISHED';
    UPDATE mjc.review r SET title = NULL, comment = NULL WHERE r.customer_id = customer AND num_nonnulls(r.title, r.comment) > 0;
END
$$;
COMMENT ON FUNCTION mjc.review_forget(uuid) IS 'For rules: the words of a customer who leaves, under his lock; his published stars stay without a name';

CREATE FUNCTION mjc.review_join(customer uuid, guest uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE mjc.review r SET customer_id = customer
     WHERE r.customer_id = guest AND NOT EXISTS (SELECT FROM mjc.review x WHERE x.product_id = r.product_id AND x.customer_id = customer);
    PERFORM mjc.review_forget(guest);
END
$$;
COMMENT ON FUNCTION mjc.review_join(uuid, uuid) IS
    'For rules: reviews of a guest are the customer''s now, under both locks, where he has none of the same part; of the rest only the stars stay. Whether he bought the part is asked at each reading';

----------------------------------------------------------------------- routes

CREATE FUNCTION mjc_api.review_create(actor uuid, token_version integer, token_id uuid, request_id text, idempotency_key text,
    product_id uuid, rating integer, title text, comment text, OUT body json, OUT replayed boolean)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    customer uuid;
    claim bytea;
BEGIN
    PERFORM mjc.check_schema();
    customer := mjc.need_account(actor, token_version, token_id);
    SELECT * INTO claim, body, replayed FROM mjc.idempotency_begin('review_create', customer, idempotency_key, jsonb_build_array(product_id, rating, title, comment)::text);
    IF NOT replayed THEN
        IF mjc.review_add(customer, review_create.product_id, rating, title, comment) IS NULL THEN
            PERFORM mjc.raise('NOT_FOUND');
        END IF;
        body := mjc.idempotency_end(claim, 'customer', customer, json_build_object('review', mjc.review_json(review_create.product_id, customer)));
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.review_create(uuid, integer, uuid, text, text, uuid, integer, text, text) IS
    'POST /products/:id/reviews. Errors: MJ003, MJ004 no such product in the shop, or a member of staff, who is no customer, MJ006, MJ009, MJ021, MJ022, MJ023, MJ060, MJ063, MJ653, MJ834';

CREATE FUNCTION mjc_api.review_list(id uuid, page integer, page_size integer) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 10);
    number integer := coalesce(page, 1);
    mine record;
    list jsonb;
BEGIN
    SELECT p.rating_count, p.rating_sum INTO mine FROM mjc.product p WHERE p.product_id = id AND p.is_active;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(jsonb_agg(mjc.review_json(x.product_id, x.customer_id) - 'isPublished' ORDER BY x.created_at DESC, x.review_id), '[]') INTO list
      FROM (SELECT r.product_id, r.customer_id, r.created_at, r.review_id FROM mjc.review r WHERE r.product_id = id AND r.state = 'PUBLISHED'
             ORDER BY r.created_at DESC, r.review_id LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('reviews', list, 'averageRating', mjc.rating(mine.rating_count, mine.rating_sum), 'reviewCount', mine.rating_count,
                             'pagination', mjc.pagination(number, size, mine.rating_count));
END
$$;
COMMENT ON FUNCTION mjc_api.review_list(uuid, integer, integer) IS
    'GET /products/:id/reviews: published ones, newest first; NULL when there is no such product in the shop';

CREATE FUNCTION mjc_api.staff_review_list(actor uuid, token_version integer, token_id uuid, page integer, page_size integer, status text, product_id uuid) RETURNS json
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := coalesce(page_size, 50);
    number integer := coalesce(page, 1);
    total bigint;
    list jsonb;
BEGIN
    PERFORM mjc.check_admin(actor, token_version, token_id);
    SELECT count(*) INTO total FROM mjc.review r
     WHERE (status IS NULL OR r.state = status) AND (staff_review_list.product_id IS NULL OR r.product_id = staff_review_list.product_id);
    SELECT coalesce(jsonb_agg(mjc.review_item(x.product_id, x.customer_id) ORDER BY x.created_at DESC, x.review_id), '[]') INTO list
      FROM (SELECT r.product_id, r.customer_id, r.created_at, r.review_id FROM mjc.review r
             WHERE (status IS NULL OR r.state = status) AND (staff_review_list.product_id IS NULL OR r.product_id = staff_review_list.product_id)
             ORDER BY r.created_at DESC, r.review_id LIMIT size OFFSET (number - 1)::bigint * size) x;
    RETURN json_build_object('reviews', list, 'pagination', mjc.pagination(number, size, total));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_review_list(uuid, integer, uuid, integer, integer, text, uuid) IS
    'GET /admin/reviews, newest first, their authors as everybody sees them. Errors: MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_review_publish(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN mjc.doc_under('review', mjc.review_state_write(actor, 'rest', id, 'PUBLISHED', request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_review_publish(uuid, integer, uuid, text, uuid) IS
    'POST /admin/reviews/:id/publish; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_review_hide(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN mjc.doc_under('review', mjc.review_state_write(actor, 'rest', id, 'HIDDEN', request_id));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_review_hide(uuid, integer, uuid, text, uuid) IS
    'POST /admin/reviews/:id/hide; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_review_delete(actor uuid, token_version integer, token_id uuid, request_id text, id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN CASE WHEN mjc.review_drop(actor, 'rest', id, request_id) THEN json_build_object('deleted', true) END;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_review_delete(uuid, integer, uuid, text, uuid) IS
    'DELETE /admin/reviews/:id; NULL when there is none. Errors: MJ009, MJ060, MJ063, MJ064';
