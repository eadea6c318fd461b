-- 0030 reviews: what customers who are signed in say of a part, one of each. What is published
-- counts in mjc.product (rating_count, rating_sum).

CREATE TABLE mjc.review (
    product_id  uuid NOT NULL REFERENCES mjc.product,
    customer_id uuid NOT NULL,
    review_id   uuid NOT NULL,
    rating      smallint NOT NULL,
    title       text,
    comment     text,
    state       text NOT NULL DEFAULT 'PENDING',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (product_id, customer_id),
    CONSTRAINT review_rating_ck CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT review_title_ck CHECK (length(title) BETWEEN 1 AND 100),
    CONSTRAINT review_comment_ck CHECK (length(comment) BETWEEN 1 AND 1000),
    CONSTRAINT review_state_ck CHECK (state IN ('PENDING', 'PUBLISHED', 'HIDDEN'))
);

-- The page of a part, what waits for staff, the reviews of one customer.
CREATE INDEX review_published_idx ON mjc.review (product_id, created_at DESC, review_id) WHERE state = 'PUBLISHED';

CREATE INDEX review_state_idx ON mjc.review (state, created_at DESC, review_id);

CREATE INDEX review_review_id_idx ON mjc.review (review_id);

CREATE INDEX review_customer_id_idx ON mjc.review (customer_id);
