-- words: an amount in words (extension/words.c).

CREATE FUNCTION mjc.amount_in_words(centimes bigint, lang text) RETURNS text
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_amount_in_words_sql';
COMMENT ON FUNCTION mjc.amount_in_words(bigint, text) IS
    'An amount of 0 to 100 billion dinars in words as an invoice states it, in French (fr) or Arabic (ar). Errors: MJ003, MJ010, MJ201';
