-- 0027 boilers: what reads their rating plates, exploded diagrams, the boilers that customers
-- keep; and what puts changes of supersession in order.

-- Every change of supersession writes this row first: of two that would close a circle together
-- the second sees the first, or is told to try again, whatever products they name.
CREATE TABLE mjc.supersession_version (
    singleton boolean PRIMARY KEY,
    version   uuid NOT NULL,
    CONSTRAINT supersession_version_ck CHECK (singleton)
);

INSERT INTO mjc.supersession_version (singleton, version) VALUES (true, gen_random_uuid());

-- One number of a kind and brand once a product.
CREATE UNIQUE INDEX cross_reference_number_idx ON mjc.cross_reference (product_id, kind, coalesce(brand, ''), number);

-- Rows that say no are few: those that contradict another are found without the others.
CREATE INDEX fitment_negative_idx ON mjc.fitment (product_id, boiler_model_id) WHERE NOT fits;

-- How a maker's serial number is read: a regular expression over capital letters and digits, and
-- what each of its groups means.
CREATE TABLE mjc.plate_rule (
    rule_id         uuid PRIMARY KEY,
    manufacturer_id uuid NOT NULL REFERENCES mjc.manufacturer,
    name            text NOT NULL,
    pattern         text NOT NULL,
    parts           jsonb NOT NULL,
    article_scheme  text NOT NULL DEFAULT 'ARTICLE',
    example         text NOT NULL,
    confidence      text NOT NULL DEFAULT 'MED',
    sort_order      integer NOT NULL DEFAULT 0,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plate_rule_name_uq UNIQUE (manufacturer_id, name),
    CONSTRAINT plate_rule_pattern_ck CHECK (length(pattern) BETWEEN 1 AND 200),
    CONSTRAINT plate_rule_parts_ck CHECK (jsonb_typeof(parts) = 'array'),
    CONSTRAINT plate_rule_scheme_ck CHECK (article_scheme IN ('MAKER', 'ARTICLE', 'GC')),
    CONSTRAINT plate_rule_example_ck CHECK (length(example) BETWEEN 1 AND 64),
    CONSTRAINT plate_rule_confidence_ck CHECK (confidence IN ('LOW', 'MED', 'HIGH'))
);

-- An exploded view of a model, or of one of its variants. image_url without a language is the French one.
CREATE TABLE mjc.diagram (
    diagram_id      uuid PRIMARY KEY,
    boiler_model_id uuid NOT NULL REFERENCES mjc.boiler_model,
    variant_id      uuid REFERENCES mjc.boiler_variant,
    name            text NOT NULL,
    name_ar         text,
    name_en         text,
    image_url       text NOT NULL,
    image_url_ar    text,
    image_url_en    text,
    version         integer NOT NULL DEFAULT 1,
    sort_order      integer NOT NULL DEFAULT 0,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT diagram_name_ck CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT diagram_version_ck CHECK (version BETWEEN 1 AND 10000)
);

CREATE INDEX diagram_boiler_model_id_idx ON mjc.diagram (boiler_model_id);

CREATE INDEX diagram_variant_id_idx ON mjc.diagram (variant_id);

-- A place in the picture, in basis points of its width and height from the upper left corner, and
-- what is there: a part, or another diagram. One ref_no may stand for several parts, by serial number.
CREATE TABLE mjc.diagram_hotspot (
    diagram_id     uuid NOT NULL REFERENCES mjc.diagram,
    hotspot_id     uuid NOT NULL,
    x_bp           integer NOT NULL,
    y_bp           integer NOT NULL,
    ref_no         text NOT NULL,
    label          text,
    product_id     uuid REFERENCES mjc.product,
    sub_diagram_id uuid REFERENCES mjc.diagram,
    serial         int8range,
    PRIMARY KEY (diagram_id, hotspot_id),
    CONSTRAINT diagram_hotspot_x_ck CHECK (x_bp BETWEEN 0 AND 10000),
    CONSTRAINT diagram_hotspot_y_ck CHECK (y_bp BETWEEN 0 AND 10000),
    CONSTRAINT diagram_hotspot_ref_ck CHECK (length(ref_no) BETWEEN 1 AND 20),
    CONSTRAINT diagram_hotspot_target_ck CHECK (num_nonnulls(product_id, sub_diagram_id) <= 1),
    CONSTRAINT diagram_hotspot_self_ck CHECK (sub_diagram_id <> diagram_id),
    CONSTRAINT diagram_hotspot_serial_ck CHECK (NOT isempty(serial))
);

CREATE INDEX diagram_hotspot_product_id_idx ON mjc.diagram_hotspot (product_id);

CREATE INDEX diagram_hotspot_sub_diagram_id_idx ON mjc.diagram_hotspot (sub_diagram_id);

-- Boilers that a customer keeps, to be asked about by one click. built: a year, a month or a day.
CREATE TABLE mjc.customer_boiler (
    customer_id     uuid NOT NULL REFERENCES mjc.customer,
    boiler_id       uuid NOT NULL,
    label           text,
    boiler_model_id uuid NOT NULL REFERENCES mjc.boiler_model,
    variant_id      uuid REFERENCES mjc.boiler_variant,
    serial          text,
    built           text,
    gas             text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, boiler_id),
    CONSTRAINT customer_boiler_label_ck CHECK (length(label) BETWEEN 1 AND 60),
    CONSTRAINT customer_boiler_serial_ck CHECK (length(serial) BETWEEN 1 AND 64),
    CONSTRAINT customer_boiler_built_ck CHECK (built ~ '^[0-9]{4}(-[0-9]{2}){0,2}$'),
    CONSTRAINT customer_boiler_gas_ck CHECK (gas IN ('G20', 'G25', 'G30', 'G31'))
);

CREATE INDEX customer_boiler_boiler_model_id_idx ON mjc.customer_boiler (boiler_model_id);

CREATE INDEX customer_boiler_variant_id_idx ON mjc.customer_boiler (variant_id);
