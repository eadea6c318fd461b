-- invoice_page: a document as a page for A4 sheets, in French or Arabic (right to left): one
-- sheet up to 15 lines, else as many as it takes. Everything shown is what was stored when it
-- was issued. Browsers print it and WeasyPrint (?format=pdf), so the style keeps to what both
-- know; nothing in it refers to anything outside the page.

CREATE FUNCTION mjc.html(value text) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    AS $$ SELECT coalesce(replace(replace(replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'), '') $$;
COMMENT ON FUNCTION mjc.html(text) IS 'A text as it stands between tags or in a quoted attribute; NULL is empty';

CREATE FUNCTION mjc.dzd_shown(centimes bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT translate(to_char(mjc.dzd(centimes), 'FM999,999,999,999,990.00'), ',.', E'\u202f,') $$;
COMMENT ON FUNCTION mjc.dzd_shown(bigint) IS 'Centimes as people read them on paper: 1 234 567,00, with narrow no-break spaces';

CREATE FUNCTION mjc.invoice_labels(lang text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE lang WHEN 'ar' THEN '{"invoice": "فاتورة", "credit_note": "إشعار دائن", "void": "ملغاة", "number": "رقم", "date": "التاريخ",
        "order": "الطلبية", "corrects": "تصحح الفاتورة", "seller": "البائع", "buyer": "المشتري", "rc": "س.ت", "nif": "ر.ت.ج", "nis": "ر.ت.إ", "ai": "م.ض",
        "capital": "رأس المال", "phone": "الهاتف", "bank": "الحساب البنكي", "name": "البيان", "ref": "المرجع", "qty": "الكمية", "unit": "سعر الوحدة خ.ر", "rate": "ر.ق.م", "ht": "المبلغ خ.ر",
        "shipping": "التوصيل", "base": "الأساس", "tax": "الرسم على القيمة المضافة", "total_ht": "المجموع خارج الرسم", "total_ttc": "المجموع بكل الرسوم", "stamp": "حق الطابع",
        "rounding": "التقريب", "total": "المبلغ الإجمالي", "credit": "مدفوع برصيد", "due": "الباقي للدفع", "words": "أُوقفت هذه الوثيقة عند مبلغ:", "payment": "طريقة الدفع",
        "CASH_ON_DELIVERY": "نقدا عند الاستلام", "forgotten": "مشتر مُحيت هويته", "dzd": "دج", "discount": "منها تخفيض"}'
      ELSE '{"invoice": "Facture", "credit_note": "Avoir", "void": "ANNULÉ", "number": "N°", "date": "Date",
        "order": "Commande", "corrects": "Corrige la facture", "seller": "Vendeur", "buyer": "Acheteur", "rc": "RC", "nif": "NIF", "nis": "NIS", "ai": "AI",
        "capital": "Capital", "phone": "Tél.", "bank": "Compte", "name": "Désignation", "ref": "Référence", "qty": "Qté", "unit": "P.U. HT", "rate": "TVA", "ht": "Montant HT",
        "shipping": "Livraison", "base": "Base", "tax": "TVA", "total_ht": "Total HT", "total_ttc": "Total TTC", "stamp": "Droit de timbre",
        "rounding": "Arrondi", "total": "Montant total", "credit": "Payé par avoir ou carte cadeau", "due": "Reste à payer", "words": "Arrêté le présent document à la somme de :", "payment": "Mode de paiement",
        "CASH_ON_DELIVERY": "Espèces à la livraison", "forgotten": "Acheteur dont l''identité a été effacée", "dzd": "DA", "discount": "remise déduite"}' END::jsonb $$;
COMMENT ON FUNCTION mjc.invoice_labels(text) IS 'The words of a document in French, or Arabic for ar';

CREATE FUNCTION mjc.invoice_party_html(party jsonb, w jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    numbers text;
BEGIN
    SELECT string_agg(mjc.html(w ->> k) || ' : <bdi>' || mjc.html(party ->> k) || '</bdi>', ' · ' ORDER BY n) INTO numbers
      FROM unnest(ARRAY['rc', 'nif', 'nis', 'ai', 'capital', 'bank']) WITH ORDINALITY u (k, n) WHERE party ? k;
    RETURN concat_ws('<br>',
        '<b dir=auto>' || mjc.html(coalesce(party ->> 'company', party ->> 'name', w ->> 'forgotten')) || '</b>',
        CASE WHEN party ? 'company' THEN nullif(mjc.html(party ->> 'name'), '') END,
        '<bdi>' || nullif(mjc.html(concat_ws(' — ', party ->> 'legal_form', party ->> 'activity')), '') || '</bdi>',
        '<bdi>' || nullif(mjc.html(coalesce(party ->> 'address', concat_ws(', ', party ->> 'street', concat_ws(' ', party ->> 'postalCode', party ->> 'city'), party ->> 'region', party ->> 'country'))), '') || '</bdi>',
        (SELECT string_agg('<bdi>' || mjc.html(party ->> k) || '</bdi>', ' · ' ORDER BY n) FROM unnest(ARRAY['phone', 'email']) WITH ORDINALITY u (k, n) WHERE party ? k),
        numbers);
END
$$;
COMMENT ON FUNCTION mjc.invoice_party_html(jsonb, jsonb) IS 'Seller or buyer as a block of the page';

CREATE FUNCTION mjc.invoice_lines_html(doc jsonb, w jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('<tr><td><bdi>%s</bdi>%s</td><td><bdi>%s</bdi></td><td class=n>%s</td><td class=n>%s</td><td class=n>%s&#8239;%%</td><td class=n>%s</td></tr>',
                   mjc.html(l ->> 'name'),
                   CASE WHEN (l ->> 'discount')::bigint > 0 THEN format(' <small>(%s %s)</small>', w ->> 'discount', mjc.dzd_shown((l ->> 'discount')::bigint)) END,
                   mjc.html(coalesce(l ->> 'ref', l ->> 'sku')), l ->> 'qty', mjc.dzd_shown((l ->> 'unitHt')::bigint),
                   trim_scale((l ->> 'taxBp')::numeric / 100), mjc.dzd_shown((l ->> 'ht')::bigint)), '' ORDER BY n)
          FROM jsonb_array_elements(doc -> 'lines' || CASE WHEN doc -> 'shipping' <> 'null' THEN jsonb_build_array(
                   doc -> 'shipping' || jsonb_build_object('name', w ->> 'shipping', 'qty', 1, 'unitHt', doc #> '{shipping,ht}')) ELSE '[]' END) WITH ORDINALITY u (l, n));
END
$$;
COMMENT ON FUNCTION mjc.invoice_lines_html(jsonb, jsonb) IS 'The lines of a document as rows of a table, shipping last';

CREATE FUNCTION mjc.invoice_totals_html(doc jsonb, w jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('<tr%s><th>%s</th><td class=n>%s</td></tr>', CASE WHEN x.strong THEN ' class=s' END, x.label, mjc.dzd_shown(x.amount)), '' ORDER BY x.n)
          FROM (SELECT 1 AS n, w ->> 'total_ht' AS label, (doc ->> 'ht')::bigint AS amount, false AS strong
                UNION ALL SELECT 2, format('%s %s&#8239;%% (%s %s)', w ->> 'tax', trim_scale((t ->> 'bp')::numeric / 100), w ->> 'base', mjc.dzd_shown((t ->> 'base')::bigint)),
                                 (t ->> 'tax')::bigint, false FROM jsonb_array_elements(doc -> 'taxes') t
                UNION ALL SELECT 3, w ->> 'total_ttc', (doc ->> 'ttc')::bigint, false
                UNION ALL SELECT 4, w ->> 'stamp', (doc ->> 'stampDuty')::bigint, false WHERE (doc ->> 'stampDuty')::bigint <> 0
                UNION ALL SELECT 5, w ->> 'rounding', (doc ->> 'rounding')::bigint, false WHERE (doc ->> 'rounding')::bigint <> 0
                UNION ALL SELECT 6, format('%s (%s)', w ->> 'total', w ->> 'dzd'), (doc ->> 'total')::bigint, true
                UNION ALL SELECT 7, w ->> 'credit', (doc ->> 'credit')::bigint, false WHERE (doc ->> 'credit')::bigint > 0
                UNION ALL SELECT 8, w ->> 'due', (doc ->> 'due')::bigint, true WHERE (doc ->> 'credit')::bigint > 0) x);
END
$$;
COMMENT ON FUNCTION mjc.invoice_totals_html(jsonb, jsonb) IS 'The totals of a document as rows of a table: HT, TVA by rate, stamp duty, total';

CREATE FUNCTION mjc.invoice_html(doc jsonb, lang text DEFAULT 'fr') RETURNS text
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    speech text := CASE WHEN lang = 'ar' THEN 'ar' ELSE 'fr' END;
    w jsonb := mjc.invoice_labels(speech);
    side text := CASE speech WHEN 'ar' THEN 'right' ELSE 'left' END; -- where lines begin
BEGIN
    RETURN concat(
        format('<!DOCTYPE html><html lang=%s dir=%s><head><meta charset=utf-8><meta name=viewport content="width=device-width"><title>%s %s</title><style>',
            speech, CASE speech WHEN 'ar' THEN 'rtl' ELSE 'ltr' END, w ->> (doc ->> 'kind'), mjc.html(doc ->> 'number')),
        -- On every sheet the document and n/N; the head of the table again, no line cut in two, the end kept together.
        '@page{size:A4;margin:12mm 12mm 16mm;font:9px "Noto Sans","DejaVu Sans",sans-serif;@bottom-left{content:string(document)}@bottom-right{content:counter(page) "/" counter(pages)}}',
        'body{font:11px/1.35 "Noto Sans","Noto Naskh Arabic","Noto Sans Arabic",Arial,"DejaVu Sans",sans-serif;max-width:186mm;margin:0 auto;color:#111}h1{font-size:20px;margin:0;string-set:document content()}',
        'header,.p{display:flex;gap:8mm;justify-content:space-between;margin-bottom:4mm}.p>div{flex:1;border:1px solid #999;padding:2mm;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}',
        'thead{display:table-header-group}tr,.e{break-inside:avoid}th{text-align:', side, ';font-weight:600}.l{table-layout:fixed}.l td,.l th{border:1px solid #999;padding:.1em .4em}.l td{overflow-wrap:anywhere}',
        '.l .r{width:16%}.l .q{width:5%}.l .u{width:12%}.l .v{width:6%}.l .h{width:12%}.q,.u,.v,.h,.n{text-align:right}.n{white-space:nowrap;direction:ltr}',
        '.t{width:60%;margin-top:3mm;margin-bottom:3mm;margin-', side, ':auto;margin-', CASE side WHEN 'left' THEN 'right' ELSE 'left' END, ':0}.t td,.t th{padding:.1em .5em;border-bottom:1px solid #ccc}.s{font-weight:700;font-size:13px}small{color:#555}',
        '.z{height:0;line-height:0;font-size:1px;color:#fff}.x{position:fixed;top:40%;left:0;right:0;text-align:center;font-size:80px;color:#c00;opacity:.35;transform:rotate(-25deg)}</style></head><body>',
        -- WeasyPrint 57 takes the text of a glyph from where it met it first, wrongly in lines that run to the left: the figures are met here, unseen, so that amounts can be copied.
        CASE speech WHEN 'ar' THEN format('<div class=z dir=ltr aria-hidden=true>%1$s<b>%1$s</b></div>', E'0123456789 .,:;()/%+-·—\u202f') END,
        CASE WHEN doc ->> 'void' IS NOT NULL THEN format('<div class=x>%s</div>', w ->> 'void') END,
        format('<header><h1>%s %s <bdi>%s</bdi></h1><div>%s : <bdi>%s</bdi><br>%s : <bdi>%s</bdi>%s</div></header>', w ->> (doc ->> 'kind'), w ->> 'number', mjc.html(doc ->> 'number'),
            w ->> 'date', to_char((doc ->> 'issuedOn')::date, 'DD/MM/YYYY'), w ->> 'order', mjc.html(doc ->> 'orderNumber'),
            CASE WHEN doc ? 'corrects' THEN format('<br>%s : <bdi>%s</bdi><br>%s', w ->> 'corrects', mjc.html(doc ->> 'corrects'), mjc.html(doc ->> 'reason')) END),
        format('<div class=p><div><small>%s</small><br>%s</div><div><small>%s</small><br>%s</div></div>', w ->> 'seller', mjc.invoice_party_html(doc -> 'seller', w),
            w ->> 'buyer', mjc.invoice_party_html(nullif(doc -> 'buyer', 'null'), w)),
        format('<table class=l><thead><tr><th>%s<th class=r>%s<th class=q>%s<th class=u>%s<th class=v>%s<th class=h>%s</tr></thead><tbody>%s</tbody></table>', w ->> 'name', w ->> 'ref', w ->> 'qty', w ->> 'unit', w ->> 'rate', w ->> 'ht',
            mjc.invoice_lines_html(doc, w)),
        format('<div class=e><table class=t>%s</table>', mjc.invoice_totals_html(doc, w)),
        format('<p>%s <b>%s</b></p><p>%s : %s</p></div></body></html>', w ->> 'words', mjc.html(doc #>> ARRAY['words', speech]), w ->> 'payment',
            mjc.html(coalesce(w ->> (doc ->> 'paymentMethod'), doc ->> 'paymentMethod'))));
END
$$;
COMMENT ON FUNCTION mjc.invoice_html(jsonb, text) IS
    'A document (mjc.invoice_read) as an HTML page for A4, one sheet up to 15 lines: lang ar in Arabic, right to left; everything else in French. It refers to nothing outside itself';

-- The routes. Which document: the one that is named, else the invoice that was not voided, the newest.
CREATE FUNCTION mjc.invoice_page(id uuid, number text, lang text, format text, OUT page text, OUT file_name text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    SELECT mjc.invoice_html(mjc.invoice_doc(i.invoice_id), lang), CASE format WHEN 'pdf' THEN i.number || '.pdf' END
      INTO page, file_name
      FROM mjc.invoice i
     WHERE i.order_id = id
       AND CASE WHEN number IS NULL THEN i.kind = 'invoice' AND NOT EXISTS (SELECT FROM mjc.invoice_void v WHERE v.invoice_id = i.invoice_id)
                ELSE i.number = upper(btrim(number)) END
     ORDER BY i.issued_at DESC, i.n DESC LIMIT 1;
END
$$;
COMMENT ON FUNCTION mjc.invoice_page(uuid, text, text, text) IS
    'For routes: a document of an order as a page, NULL when there is none; with format pdf also the name of the file that the shim prints it to, else NULL';

CREATE FUNCTION mjc_api.order_invoice(actor uuid, token_version integer, token_id uuid, id text, lang text, number text, format text,
    OUT page text, OUT file_name text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine uuid := mjc.need_account(actor, token_version, token_id);
BEGIN
    SELECT p.page, p.file_name INTO order_invoice.page, order_invoice.file_name
      FROM mjc.invoice_page((SELECT o.order_id FROM mjc.order o WHERE o.order_id = mjc.order_find(order_invoice.id) AND o.customer_id = mine),
               order_invoice.number, coalesce(order_invoice.lang, 'fr'), order_invoice.format) p;
END
$$;
COMMENT ON FUNCTION mjc_api.order_invoice(uuid, integer, uuid, text, text, text, text) IS
    'GET /orders/:id/invoice, by id or number: the invoice of one''s own order as a page, or another document of it by its number; NULL when there is none; the file''s name with format pdf. Errors: MJ060, MJ063, MJ075';

CREATE FUNCTION mjc_api.staff_order_invoice(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid, lang text, number text, format text,
    OUT page text, OUT file_name text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    SELECT p.page, p.file_name INTO staff_order_invoice.page, staff_order_invoice.file_name
      FROM mjc.invoice_page(staff_order_invoice.order_id, staff_order_invoice.number, coalesce(staff_order_invoice.lang, 'fr'), staff_order_invoice.format) p;
    IF staff_order_invoice.page IS NOT NULL THEN
        PERFORM mjc.access_note(actor, 'rest', 'invoice_read', (SELECT o.customer_id FROM mjc.order o WHERE o.order_id = staff_order_invoice.order_id), NULL, request_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_invoice(uuid, integer, uuid, text, uuid, text, text, text) IS
    'GET /admin/orders/:orderId/invoice: a document of an order as a page, the file''s name with format pdf; the look is on record. Errors: MJ009, MJ060, MJ063, MJ064';

CREATE FUNCTION mjc_api.staff_order_invoice_issue(actor uuid, token_version integer, token_id uuid, request_id text, order_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mjc.check_admin_write(actor, token_version, token_id);
    RETURN json_build_object('invoiceNumber', mjc.invoice_issue_core(staff_order_invoice_issue.order_id, actor, 'rest'));
END
$$;
COMMENT ON FUNCTION mjc_api.staff_order_invoice_issue(uuid, integer, uuid, text, uuid) IS
    'POST /admin/orders/:orderId/invoice: issues the invoice, or names the one there is. Errors: MJ004, MJ009, MJ060, MJ063, MJ064, MJ351, MJ352';
