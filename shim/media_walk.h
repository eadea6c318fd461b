/*
 * media_walk.h - what the walks over the types of files share; for media*.c alone.
 */
#ifndef MJC_SHIM_MEDIA_WALK_H
#define MJC_SHIM_MEDIA_WALK_H

#include "media.h"

/* at moves from the first byte to end. */
struct walk
{
	const uint8_t *at;
	const uint8_t *end;
	struct media *media;
	media_sink sink;
	void *cls;
	bool unwritten;
};

static inline size_t
walk_left(const struct walk *walk)
{
	return (size_t) (walk->end - walk->at);
}

static inline uint32_t
be16(const uint8_t *p)
{
	return (uint32_t) p[0] << 8 | p[1];
}

static inline uint32_t
be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static inline uint32_t
le16(const uint8_t *p)
{
	return (uint32_t) p[1] << 8 | p[0];
}

static inline uint32_t
le24(const uint8_t *p)
{
	return (uint32_t) p[2] << 16 | le16(p);
}

static inline uint32_t
le32(const uint8_t *p)
{
	return le16(p + 2) << 16 | le16(p);
}

/* walk_emit - give bytes to the sink, if there is one. */
void walk_emit(struct walk *walk, const void *data, size_t len);

/* walk_keep - give the next len bytes to the sink and go behind them. */
void walk_keep(struct walk *walk, size_t len);

/* walk_size - note the dimensions. MEDIA_BROKEN for none, MEDIA_TOO_LARGE past the limits. */
enum media_fault walk_size(struct walk *walk, uint32_t width, uint32_t height);

/* The walks; at is the first byte, behind which the signature was seen. */
enum media_fault walk_jpeg(struct walk *walk);
enum media_fault walk_png(struct walk *walk);
enum media_fault walk_webp(struct walk *walk);

#endif
