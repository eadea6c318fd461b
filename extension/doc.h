/*
 * doc.h - reading of JSON documents that rules take as arguments.
 *
 * A missing key and null are the same. Whatever is not of the asked type is MJ010,
 * out of bounds MJ006; both name the key.
 */
#ifndef MJC_DOC_H
#define MJC_DOC_H

#include "utils/jsonb.h"

#include "promotion.h"

extern int64 mjc_doc_int(JsonbContainer *doc, const char *key, int64 otherwise, int64 min,
						 int64 max);
extern bool mjc_doc_bool(JsonbContainer *doc, const char *key, bool otherwise);
extern char *mjc_doc_text(JsonbContainer *doc, const char *key);
extern bool mjc_doc_uuid(JsonbContainer *doc, const char *key, pg_uuid_t *uuid);
extern JsonbContainer *mjc_doc_array(JsonbContainer *doc, const char *key, int max, int *n);
extern JsonbContainer *mjc_doc_object_at(JsonbContainer *array, int i, const char *key);
extern MjcIdSet mjc_doc_ids(JsonbContainer *doc, const char *key, int max);
extern MjcWords mjc_doc_words(JsonbContainer *doc, const char *key, int max);
extern MjcPromotion mjc_doc_promotion(JsonbContainer *doc);

#endif /* MJC_DOC_H */
