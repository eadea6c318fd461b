-- 0028 media: the files that staff sent. The bytes lie in the folder of the shim (MJC_FILES_DIR),
-- under the SHA-256 of what they are; a row is written after its file. Reference table.

CREATE TABLE mjc.media (
    name        text PRIMARY KEY,
    mime_type   text NOT NULL,
    bytes       bigint NOT NULL,
    width       integer,
    height      integer,
    uploaded_by uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT media_name_ck CHECK (name ~ '^[0-9a-f]{64}\.(jpg|png|webp|pdf)$'),
    CONSTRAINT media_type_ck CHECK (mime_type = CASE substring(name FROM 66) WHEN 'jpg' THEN 'image/jpeg' WHEN 'png' THEN 'image/png'
                                                     WHEN 'webp' THEN 'image/webp' ELSE 'application/pdf' END),
    CONSTRAINT media_bytes_ck CHECK (bytes > 0),
    CONSTRAINT media_size_ck CHECK (CASE WHEN mime_type = 'application/pdf' THEN num_nonnulls(width, height) = 0
                                         ELSE num_nulls(width, height) = 0 AND width > 0 AND height > 0 END)
);
