-- fold: texts brought to the form in which they are searched (extension/fold.c).

CREATE FUNCTION mjc.search_fold(typed text, lang text DEFAULT NULL) RETURNS text
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_search_fold_sql';
COMMENT ON FUNCTION mjc.search_fold(text, text) IS
    'The words of a text, lower case, without accents, vowel signs and punctuation, Arabic letters and digits in one spelling, one space between words. Takes off the elided words of French (fr), the article of Arabic (ar), the possessive of English (en), or all of them (NULL). Empty when there is no word, NULL for NULL. Errors: MJ010';

CREATE FUNCTION mjc.one_typo(a text, b text) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_one_typo';
COMMENT ON FUNCTION mjc.one_typo(text, text) IS
    'Whether two words are the same, or differ by one character that is wrong, missing, too many, or swapped with its neighbour';

CREATE FUNCTION mjc.one_typo_variants(key text) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_one_typo_variants';
COMMENT ON FUNCTION mjc.one_typo_variants(text) IS
    'The key of a number and all that are one typing error away from it (mjc.one_typo), some twice; only digits are put in where it has no letters. None for a key with other than ASCII characters. Errors: MJ006 longer than 64 bytes';
