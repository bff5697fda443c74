/* SHA: the examples of FIPS 180 by the CPU, a longer message by GDMA, continuation. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"
#include "reg/sha.h"

#define SHA1 0
#define SHA224 1
#define SHA256 2
#define SHA384 3
#define SHA512 4

static uint32_t swapped(uint32_t word) {
    return word << 24 | (word & 0xff00) << 8 | (word >> 8 & 0xff00) | word >> 24;
}

/* One block that is padded already. */
static void block(const uint8_t *data, uint32_t bytes, uint32_t first) {
    uint32_t word;
    for (uint32_t at = 0; at < bytes; at += 4) {
        memcpy(&word, data + at, 4);
        SHA_M_MEM(at / 4) = word;
    }
    if (first)
        SHA_START = 1;
    else
        SHA_CONTINUE = 1;
    WAIT_UNTIL(!(SHA_BUSY & SHA_BUSY_STATE), 100);
}

static uint8_t message[256] __attribute__((aligned(4)));
static void abc(uint32_t mode, uint32_t bytes) {
    memset(message, 0, sizeof message);
    memcpy(message, "abc", 3);
    message[3] = 0x80;
    message[bytes - 1] = 24;
    SHA_MODE = mode;
    block(message, bytes, 1);
}
static uint32_t digest(uint32_t word) { return swapped(SHA_H_MEM(word)); }

static void probes(void) {
    peripheral_on(PERIP_SHA);
    abc(SHA1, 64);
    probe(1, digest(0));
    probe(2, digest(4));
    abc(SHA224, 64);
    probe(3, digest(0));
    probe(4, digest(6));
    abc(SHA256, 64);
    probe(5, digest(0));
    probe(6, digest(7));
    abc(SHA384, 128);
    probe(7, digest(0));
    probe(8, digest(11));
    abc(SHA512, 128);
    probe(9, digest(0));
    probe(10, digest(15));

    /* Two blocks: 56 letters, padded. */
    static const char letters[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    memset(message, 0, sizeof message);
    memcpy(message, letters, 56);
    message[56] = 0x80;
    message[126] = 448 >> 8;
    message[127] = 448 & 0xff;
    SHA_MODE = SHA256;
    block(message, 64, 1);
    block(message + 64, 64, 0);
    probe(11, digest(0));
    probe(12, digest(7));

    /* The same by GDMA in one go. */
    static struct dma_descriptor chain[1];
    dma_init();
    dma_describe(chain, 1, message, 128, 0);
    dma_out_start(0, DMA_SHA, chain);
    SHA_MODE = SHA256;
    SHA_DMA_BLOCK_NUM = 2;
    SHA_DMA_START = 1;
    WAIT_UNTIL(!(SHA_BUSY & SHA_BUSY_STATE), 100);
    probe(13, digest(0));
    probe(14, digest(7));
}
