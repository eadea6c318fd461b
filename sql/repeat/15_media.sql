-- Files of the shop: where each is shown, and the report of them. Who keeps addresses of files in
-- a table adds it to mjc.media_use: what stands there is not deleted.

CREATE OR REPLACE VIEW mjc.media_use AS
SELECT substring(u.url FROM '[^/]+$') AS name, u.place
  FROM (SELECT i.url, 'product_image'::text AS place FROM mjc.product_image i
        UNION ALL
        SELECT p.url, 'product_paper'::text AS place FROM mjc.product_paper p
        UNION ALL
        SELECT c.image_url AS url, 'category'::text AS place FROM mjc.category c
        UNION ALL
        SELECT m.logo_url AS url, 'manufacturer'::text AS place FROM mjc.manufacturer m
        UNION ALL
        SELECT x.url, 'diagram'::text AS place FROM mjc.diagram d CROSS JOIN unnest(ARRAY[d.image_url, d.image_url_ar, d.image_url_en]) x (url) WHERE x.url IS NOT NULL) u;

CREATE OR REPLACE VIEW mjc_report.media AS
SELECT m.name, '/files/' || m.name AS url, m.mime_type, m.bytes, m.width, m.height, m.created_at, coalesce(u.uses, 0) AS uses
  FROM mjc.media m
  LEFT JOIN (SELECT x.name, count(*) AS uses FROM mjc.media_use x GROUP BY x.name) u ON u.name = m.name;
