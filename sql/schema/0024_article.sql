-- 0024 the model of spare parts: what a part is (kind, typed attributes), its numbers elsewhere
-- (cross-references), what replaced it (supersession), and which boilers it fits. Reference
-- tables. What is derived from them for reading and finding has tables of its own.

-- The kind of a part: electrode, gas valve, ... whoever made it and whatever it fits.
CREATE TABLE mjc.part_kind (
    kind_id    uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE,
    name       text NOT NULL,
    name_ar    text,
    name_en    text,
    safety_class text NOT NULL DEFAULT 'STANDARD',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT part_kind_slug_ck CHECK (slug ~ '^[a-z0-9-]+$'),
    CONSTRAINT part_kind_name_ck CHECK (length(name) BETWEEN 2 AND 200),
    CONSTRAINT part_kind_safety_ck CHECK (safety_class IN ('STANDARD', 'ELECTRICAL', 'QUALIFIED'))
);

ALTER TABLE mjc.category
    ADD COLUMN name_en        text,
    ADD COLUMN description_ar text,
    ADD COLUMN description_en text;

-- French is the shop's first language and stands in the columns without one.
ALTER TABLE mjc.product
    ADD COLUMN kind_id              uuid REFERENCES mjc.part_kind,
    ADD COLUMN name_en              text,
    ADD COLUMN description_en       text,
    ADD COLUMN short_description_ar text,
    ADD COLUMN short_description_en text,
    ADD COLUMN meta_title_ar        text,
    ADD COLUMN meta_title_en        text,
    ADD COLUMN meta_description_ar  text,
    ADD COLUMN meta_description_en  text,
    ADD COLUMN safety_class         text NOT NULL DEFAULT 'STANDARD',
    ADD COLUMN rating_count         integer NOT NULL DEFAULT 0,
    ADD COLUMN rating_sum           integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT product_safety_ck CHECK (safety_class IN ('STANDARD', 'ELECTRICAL', 'QUALIFIED')),
    ADD CONSTRAINT product_rating_ck CHECK (rating_count >= 0 AND rating_sum >= rating_count AND rating_sum <= 5 * rating_count);

CREATE INDEX product_kind_id_idx ON mjc.product (kind_id);

-- A number is kept as an integer of units of 10^-scale: 1.5 bar at scale 1 is 15.
CREATE TABLE mjc.attribute (
    attribute_id uuid PRIMARY KEY,
    code         text NOT NULL UNIQUE,
    name         text NOT NULL,
    name_ar      text,
    name_en      text,
    value_type   text NOT NULL,
    unit         text,
    scale        smallint NOT NULL DEFAULT 0,
    choices      jsonb NOT NULL DEFAULT '[]',
    is_facet     boolean NOT NULL DEFAULT false,
    CONSTRAINT attribute_code_ck CHECK (code ~ '^[a-z0-9_]{2,40}$'),
    CONSTRAINT attribute_type_ck CHECK (value_type IN ('number', 'text', 'choice', 'boolean')),
    CONSTRAINT attribute_scale_ck CHECK (scale BETWEEN 0 AND 6),
    CONSTRAINT attribute_choices_ck CHECK (jsonb_typeof(choices) = 'array')
);

CREATE TABLE mjc.part_kind_attribute (
    kind_id      uuid NOT NULL REFERENCES mjc.part_kind,
    attribute_id uuid NOT NULL REFERENCES mjc.attribute,
    is_required  boolean NOT NULL DEFAULT false,
    sort_order   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (kind_id, attribute_id)
);

CREATE INDEX part_kind_attribute_attribute_id_idx ON mjc.part_kind_attribute (attribute_id);

CREATE TABLE mjc.product_attribute (
    product_id    uuid NOT NULL REFERENCES mjc.product,
    attribute_id  uuid NOT NULL REFERENCES mjc.attribute,
    number_value  bigint,
    text_value    text,
    boolean_value boolean,
    PRIMARY KEY (product_id, attribute_id),
    CONSTRAINT product_attribute_one_ck CHECK (num_nonnulls(number_value, text_value, boolean_value) = 1)
);

CREATE INDEX product_attribute_attribute_id_idx ON mjc.product_attribute (attribute_id, product_id);

-- Papers that go with a part: a manual, a data sheet, a certificate.
CREATE TABLE mjc.product_paper (
    product_id uuid NOT NULL REFERENCES mjc.product,
    paper_id   uuid NOT NULL,
    kind       text NOT NULL,
    lang       text,
    title      text NOT NULL,
    url        text NOT NULL,
    sort_order integer NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, paper_id),
    CONSTRAINT product_paper_kind_ck CHECK (kind IN ('MANUAL', 'DATASHEET', 'CERTIFICATE', 'OTHER')),
    CONSTRAINT product_paper_lang_ck CHECK (lang IN ('fr', 'ar', 'en'))
);

-- Numbers that others give to the same part. Who asks for that number gets the part (direction
-- 'both' and 'to_part'); 'from_part': a document of the part names it, it is not the same thing.
CREATE TABLE mjc.cross_reference (
    product_id         uuid NOT NULL REFERENCES mjc.product,
    cross_reference_id uuid NOT NULL,
    kind               text NOT NULL,
    brand              text,
    number             text NOT NULL,
    direction          text NOT NULL DEFAULT 'both',
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (product_id, cross_reference_id),
    CONSTRAINT cross_reference_kind_ck CHECK (kind IN ('OEM', 'OLD_OEM', 'COMPETITOR', 'EAN', 'SUPPLIER', 'INTERNAL')),
    CONSTRAINT cross_reference_direction_ck CHECK (direction IN ('both', 'to_part', 'from_part')),
    CONSTRAINT cross_reference_number_ck CHECK (length(number) BETWEEN 1 AND 60)
);

-- What replaced a part: one part, all of several (a kit), or any of several. Units of a successor
-- stand for one unit of the old part.
CREATE TABLE mjc.supersession (
    product_id   uuid PRIMARY KEY REFERENCES mjc.product,
    relation     text NOT NULL,
    interchange  text NOT NULL DEFAULT 'ONE_WAY',
    effective_on date,
    note         text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT supersession_relation_ck CHECK (relation IN ('ONE', 'KIT', 'ANY')),
    CONSTRAINT supersession_interchange_ck CHECK (interchange IN ('ONE_WAY', 'TWO_WAY'))
);

CREATE TABLE mjc.supersession_part (
    product_id   uuid NOT NULL REFERENCES mjc.supersession,
    successor_id uuid NOT NULL REFERENCES mjc.product,
    qty          integer NOT NULL DEFAULT 1,
    PRIMARY KEY (product_id, successor_id),
    CONSTRAINT supersession_part_self_ck CHECK (product_id <> successor_id),
    CONSTRAINT supersession_part_qty_ck CHECK (qty BETWEEN 1 AND 100)
);

CREATE INDEX supersession_part_successor_id_idx ON mjc.supersession_part (successor_id);

-- Boilers: brand (manufacturer), range, model, variant.
CREATE TABLE mjc.boiler_range (
    range_id        uuid PRIMARY KEY,
    manufacturer_id uuid NOT NULL REFERENCES mjc.manufacturer,
    name            text NOT NULL,
    is_active       boolean NOT NULL DEFAULT true,
    CONSTRAINT boiler_range_name_uq UNIQUE (manufacturer_id, name)
);

ALTER TABLE mjc.boiler_model
    ADD COLUMN range_id uuid REFERENCES mjc.boiler_range;

CREATE INDEX boiler_model_range_id_idx ON mjc.boiler_model (range_id);

INSERT INTO mjc.boiler_range (range_id, manufacturer_id, name)
SELECT gen_random_uuid(), b.manufacturer_id, b.series FROM mjc.boiler_model b
 WHERE b.series <> '' GROUP BY b.manufacturer_id, b.series;

UPDATE mjc.boiler_model b SET range_id = r.range_id
  FROM mjc.boiler_range r WHERE r.manufacturer_id = b.manufacturer_id AND r.name = b.series;

CREATE TABLE mjc.boiler_variant (
    variant_id      uuid PRIMARY KEY,
    boiler_model_id uuid NOT NULL REFERENCES mjc.boiler_model,
    name            text NOT NULL,
    power_w         integer,
    flue            text,
    gas             text[] NOT NULL DEFAULT '{}',
    hot_water       text,
    mounting        text,
    built           daterange,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT boiler_variant_name_uq UNIQUE (boiler_model_id, name),
    CONSTRAINT boiler_variant_power_ck CHECK (power_w BETWEEN 1000 AND 10000000),
    CONSTRAINT boiler_variant_flue_ck CHECK (flue IN ('CHIMNEY', 'FANNED', 'CONDENSING')),
    CONSTRAINT boiler_variant_gas_ck CHECK (gas <@ ARRAY['G20', 'G25', 'G30', 'G31']),
    CONSTRAINT boiler_variant_hot_water_ck CHECK (hot_water IN ('NONE', 'INSTANT', 'STORAGE')),
    CONSTRAINT boiler_variant_mounting_ck CHECK (mounting IN ('WALL', 'FLOOR'))
);

-- Numbers on a rating plate, or in a catalogue of appliances, that name a model or a variant.
CREATE TABLE mjc.boiler_code (
    scheme          text NOT NULL,
    code_key        text NOT NULL,
    boiler_model_id uuid NOT NULL REFERENCES mjc.boiler_model,
    variant_id      uuid REFERENCES mjc.boiler_variant,
    code            text NOT NULL,
    PRIMARY KEY (scheme, code_key),
    CONSTRAINT boiler_code_scheme_ck CHECK (scheme IN ('MAKER', 'ARTICLE', 'GC')),
    CONSTRAINT boiler_code_key_ck CHECK (code_key ~ '^[0-9A-Z]{2,40}$')
);

CREATE INDEX boiler_code_boiler_model_id_idx ON mjc.boiler_code (boiler_model_id);

CREATE INDEX boiler_code_variant_id_idx ON mjc.boiler_code (variant_id);

-- Which part fits which boiler. A row holds for the boilers that all its conditions admit; one with
-- fits = false wins over those that say it fits.
ALTER TABLE mjc.fitment
    DROP CONSTRAINT fitment_pkey,
    ADD COLUMN fitment_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN variant_id  uuid REFERENCES mjc.boiler_variant,
    ADD COLUMN fits        boolean NOT NULL DEFAULT true,
    ADD COLUMN qty         smallint NOT NULL DEFAULT 1,
    ADD COLUMN position    text,
    ADD COLUMN serial      int8range,
    ADD COLUMN built       daterange,
    ADD COLUMN gas         text[],
    ADD COLUMN power_w     int4range,
    ADD COLUMN source      text NOT NULL DEFAULT 'SHOP',
    ADD COLUMN confidence  smallint NOT NULL DEFAULT 80,
    ADD COLUMN verified_by uuid,
    ADD COLUMN verified_at timestamptz,
    ADD CONSTRAINT fitment_pkey PRIMARY KEY (fitment_id),
    ADD CONSTRAINT fitment_qty_ck CHECK (qty BETWEEN 1 AND 100),
    ADD CONSTRAINT fitment_serial_ck CHECK (NOT isempty(serial)),
    ADD CONSTRAINT fitment_built_ck CHECK (NOT isempty(built)),
    ADD CONSTRAINT fitment_power_ck CHECK (NOT isempty(power_w)),
    ADD CONSTRAINT fitment_gas_ck CHECK (gas <@ ARRAY['G20', 'G25', 'G30', 'G31'] AND cardinality(gas) > 0),
    ADD CONSTRAINT fitment_source_ck CHECK (source IN ('MAKER', 'SUPPLIER', 'SHOP', 'CUSTOMER')),
    ADD CONSTRAINT fitment_confidence_ck CHECK (confidence BETWEEN 0 AND 100);

DROP INDEX mjc.fitment_boiler_model_id_idx;

CREATE INDEX fitment_boiler_model_id_idx ON mjc.fitment (boiler_model_id, product_id);

CREATE INDEX fitment_product_id_idx ON mjc.fitment (product_id);

CREATE INDEX fitment_variant_id_idx ON mjc.fitment (variant_id);
