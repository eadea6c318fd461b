-- 0026 prebuilt documents of products, and what lists of them need to be fast at any size.
-- Reference tables, but for what follows the stock.

-- What of a product's JSON depends neither on the clock nor on the stock, nor on the names of its
-- category, its makers and its attributes: objects as text, put together by mjc.card_json(). head is in
-- lists and on the product's page, cover in lists, rest on the page alone.
CREATE TABLE mjc.product_card (
    product_id   uuid PRIMARY KEY REFERENCES mjc.product ON DELETE CASCADE,
    head         text NOT NULL,
    cover        text NOT NULL,
    rest         text NOT NULL,
    named        uuid[],
    refreshed_at timestamptz NOT NULL
) WITH (toast_tuple_target = 8160);

CREATE INDEX product_card_refreshed_at_idx ON mjc.product_card (refreshed_at);
