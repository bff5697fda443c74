/* What the ROM's functions for cryptography have in common (ESP-IDF rom/sha.h, rom/bigint.h). */
#ifndef ACCELERATORS_H
#define ACCELERATORS_H

#include "rom.h"

/* SHA_CTX, which is the ROM's own. */
struct sha {
    uint32_t word[64];
};
enum { SHA2_256 = 2, DIGEST = 32 };
void ets_sha_enable(void);
void ets_sha_disable(void);
void ets_sha_init(struct sha *sha, uint32_t type);
void ets_sha_update(struct sha *sha, const void *data, uint32_t count, int keep);
void ets_sha_finish(struct sha *sha, void *digest);
void ets_sha_clone(struct sha *to, const struct sha *from);

void ets_bigint_enable(void);
void ets_bigint_disable(void);
int ets_bigint_modexp(const uint32_t *x, const uint32_t *y, const uint32_t *m, uint32_t m_prime, const uint32_t *rb,
                      uint8_t constant_time, uint32_t words);
void ets_bigint_wait_finish(void);
int ets_bigint_getz(uint32_t *z, uint32_t words);

#endif
