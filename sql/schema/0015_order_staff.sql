-- 0015 orders as staff look for them: by phone, name and e-mail of the buyer, by lateness;
-- figures over all orders from an index alone.

CREATE INDEX order_contact_phone_idx ON mjc.order_contact (phone);

-- The same words as in 0009: mjc.customer_words() folds what is searched for in this way, and
-- mjc.order_search() repeats the expression.
CREATE INDEX order_contact_words_idx ON mjc.order_contact USING gin (to_tsvector('simple', translate(
        lower(first_name || ' ' || last_name || ' ' || coalesce(email, '')),
        'àâäáãåçéèêëíìîïñóòôöõúùûüýÿأإآىة@.-_+/&|!():*<>''"\,;#',
        'aaaaaaceeeeiiiinooooouuuuyyاااية                     '))) WITH (gin_pending_list_limit = 256);

-- What was promised and is not on its way: as small as what is under way.
CREATE INDEX order_estimated_on_idx ON mjc.order (estimated_on, order_id)
    WHERE order_state = 'confirmed' AND fulfilment_state IN ('unfulfilled', 'preparing');

-- With the total, so that counts and sums need no visit to the table.
DROP INDEX mjc.order_status_idx;

CREATE INDEX order_status_idx ON mjc.order (status, placed_at DESC, order_id) INCLUDE (total_centimes);
