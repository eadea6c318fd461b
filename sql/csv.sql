-- csv: files of CSV as people send them (extension/csv.c).

CREATE FUNCTION mjc.csv_rows(body text, delimiter text DEFAULT NULL, first_line integer DEFAULT 1, OUT line integer, OUT cells text[])
    RETURNS SETOF record
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1000
    AS 'MODULE_PATHNAME', 'mjc_csv_rows';
COMMENT ON FUNCTION mjc.csv_rows(text, text, integer) IS
    'The lines of a CSV file, strictly by RFC 4180, without empty ones: line is that of the file on which a record begins, when the text begins on first_line. The delimiter is , ; or a tab; NULL: the one of the head line. At most 200 cells a line, 64 kB a cell, 1 MB a line. Errors: MJ003, MJ010, MJ862 to MJ867';

CREATE FUNCTION mjc.csv_delimiter(body text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_csv_delimiter';
COMMENT ON FUNCTION mjc.csv_delimiter(text) IS 'What the head line of a CSV file tells its cells apart by: a comma, a semicolon or a tab';

CREATE FUNCTION mjc.csv_split(body bytea, delimiter text, first_line integer, last boolean, OUT whole text, OUT rest bytea, OUT next_line integer)
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_csv_split';
COMMENT ON FUNCTION mjc.csv_split(bytea, text, integer, boolean) IS
    'The whole lines of a piece of a CSV file that begins with a line, and the rest, with which the next piece begins on next_line; of the last piece everything. Errors: MJ003, MJ010, MJ861 not UTF-8, MJ862 to MJ867';

CREATE FUNCTION mjc.csv_value(cells text[], place integer) RETURNS text
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_csv_value';
COMMENT ON FUNCTION mjc.csv_value(text[], integer) IS
    'What the cell at a place says, without blanks around it and without the apostrophe that mjc.csv_cell puts before formulas; NULL when that is nothing, or there is no such cell';

CREATE FUNCTION mjc.csv_units(typed text, scale integer) RETURNS bigint
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_csv_units_sql';
COMMENT ON FUNCTION mjc.csv_units(text, integer) IS
    'A number as people type it in units of 10^-scale, scale 0 to 6: 1 234,50 with 2 is 123450. Comma or point before decimals (one of each: the last), points, commas or blanks between thousands, Arabic digits. NULL when it is none, is signed, has more decimals or more than 15 digits. Errors: MJ006';

CREATE FUNCTION mjc.csv_is_object(typed text) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_csv_is_object';
COMMENT ON FUNCTION mjc.csv_is_object(text) IS 'Whether a text is a JSON object that can be kept as jsonb';

CREATE FUNCTION mjc.csv_boolean(typed text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN pg_catalog.lower(typed) OPERATOR(pg_catalog.=) ANY ('{true,t,yes,y,oui,o,vrai,1,x,نعم,صحيح}'::pg_catalog.text[]) THEN true
                WHEN pg_catalog.lower(typed) OPERATOR(pg_catalog.=) ANY ('{false,f,no,n,non,faux,0,-,لا,خطأ}'::pg_catalog.text[]) THEN false END
$$;
COMMENT ON FUNCTION mjc.csv_boolean(text) IS 'Yes or no as people type it in English, French and Arabic; NULL when it is neither';

CREATE FUNCTION mjc.csv_guard(value text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT CASE WHEN value OPERATOR(pg_catalog.~) '^''*[=+@\t\r-]' THEN '''' OPERATOR(pg_catalog.||) value ELSE value END $$;
COMMENT ON FUNCTION mjc.csv_guard(text) IS
    'A text with an apostrophe before it when a spreadsheet would run it as a formula, or when it has such an apostrophe already; mjc.csv_value takes that one away';

CREATE FUNCTION mjc.csv_quoted(value text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT CASE WHEN value IS NULL THEN '' ELSE '"' OPERATOR(pg_catalog.||) pg_catalog.replace(value, '"', '""') OPERATOR(pg_catalog.||) '"' END $$;
COMMENT ON FUNCTION mjc.csv_quoted(text) IS 'A text as a cell of CSV, in quotes; nothing for NULL';

CREATE FUNCTION mjc.import_key(typed text) RETURNS text
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'mjc_import_key';
COMMENT ON FUNCTION mjc.import_key(text) IS 'A name or a path "A > B" in the one form in which names of files are compared: small letters, single blanks';
