/* Functions by the application's own: memory by the table of its C library, keys of old (ESP-IDF rom/libc_stubs.h, RFC 2104;
 * newlib's fvwrite.h). */
#include "rom.h"

struct reent;
/* syscall_table_ptr: `struct syscall_stub_table`. */
struct table {
    struct reent *(*get_reent)(void);
    void *(*malloc)(struct reent *r, size_t bytes);
    void (*free)(struct reent *r, void *block);
    void *others[12];
    void *(*sbrk)(struct reent *r, ptrdiff_t bytes);
};
#define SYSCALLS (*(const struct table *const *)0x3fceffd4u)

static void *sbrk(ptrdiff_t bytes) {
    struct reent *r = SYSCALLS->get_reent();
    return SYSCALLS->sbrk(r, bytes);
}
ENTRY(sbrk, 0x40001278);

/* A quotient that the compiler never asks for. */
static uint32_t __udiv_w_sdiv(uint32_t *rest, uint32_t high, uint32_t low, uint32_t by) {
    (void)rest, (void)high, (void)low, (void)by;
    return 0;
}
ENTRY(__udiv_w_sdiv, 0x40002568);

int md5_vector(size_t count, const uint8_t *text[], const size_t *length, uint8_t *digest);

/* HMAC-MD5 over up to five texts; -1 without memory for the pads. */
static int hmac_md5_vector(const uint8_t *key, size_t key_length, size_t count, const uint8_t *text[], const size_t *length,
                           uint8_t *digest) {
    enum { BLOCK = 64, MD5 = 16, TEXTS = 5 };
    const uint8_t *all[TEXTS + 1];
    size_t lengths[TEXTS + 1];
    uint8_t hashed[MD5];
    uint8_t *pad = SYSCALLS->malloc(SYSCALLS->get_reent(), BLOCK);
    int result = -1;
    if (!pad)
        return -1;
    if (count <= TEXTS) {
        if (key_length <= BLOCK || !md5_vector(1, &key, &key_length, hashed)) {
            if (key_length > BLOCK) {
                key = hashed;
                key_length = MD5;
            }
            for (int pass = 0; pass < 2; pass++) {
                rom_memset(pad, 0, BLOCK);
                rom_memcpy(pad, key, key_length);
                for (uint32_t n = 0; n < BLOCK; n++)
                    pad[n] ^= pass ? 0x5c : 0x36;
                all[0] = pad;
                lengths[0] = BLOCK;
                if (pass) {
                    all[1] = digest;
                    lengths[1] = MD5;
                } else {
                    for (size_t n = 0; n < count; n++) {
                        all[n + 1] = text[n];
                        lengths[n + 1] = length[n];
                    }
                }
                result = md5_vector(pass ? 2 : count + 1, all, lengths, digest);
                if (result)
                    break;
            }
        }
    }
    SYSCALLS->free(SYSCALLS->get_reent(), pad);
    return result;
}
ENTRY(hmac_md5_vector, 0x40001c80);

static int hmac_md5(const uint8_t *key, size_t key_length, const uint8_t *text, size_t length, uint8_t *digest) {
    return hmac_md5_vector(key, key_length, 1, &text, &length, digest);
}
ENTRY(hmac_md5, 0x40001c8c);
