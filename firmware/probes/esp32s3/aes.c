/* AES: the examples of FIPS 197 by the CPU, CBC by GDMA with the example of SP 800-38A. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/aes.h"

#define ENCRYPT_128 0
#define ENCRYPT_256 2
#define DECRYPT_128 4
#define BLOCK_CBC 1
#define STATE_IDLE 0
#define STATE_DONE 2

static void words_in(volatile uint32_t *at, const uint8_t *bytes, uint32_t count) {
    for (uint32_t n = 0; n < count; n += 4) {
        uint32_t word;
        memcpy(&word, bytes + n, 4);
        at[n / 4] = word;
    }
}

static uint32_t big_endian(uint32_t word) {
    return word << 24 | (word & 0xff00) << 8 | (word >> 8 & 0xff00) | word >> 24;
}

static void one_block(uint32_t mode, const uint8_t *key, uint32_t key_bytes, const uint8_t *text) {
    AES_MODE = mode;
    words_in(&AES_KEY(0), key, key_bytes);
    words_in(&AES_TEXT_IN(0), text, 16);
    AES_TRIGGER = 1;
    WAIT_UNTIL(field_get(AES_STATE, AES_STATE_STATE) == STATE_IDLE, 100);
}

static void probes(void) {
    uint8_t key[32], text[16], back[16];
    for (uint32_t n = 0; n < 32; n++)
        key[n] = (uint8_t)n;
    for (uint32_t n = 0; n < 16; n++)
        text[n] = (uint8_t)(n * 0x11);
    dma_init();
    peripheral_on(PERIP_AES);
    AES_DMA_ENABLE = 0;
    one_block(ENCRYPT_128, key, 16, text);
    probe(1, big_endian(AES_TEXT_OUT(0)));
    probe(2, big_endian(AES_TEXT_OUT(3)));
    for (uint32_t n = 0; n < 4; n++) {
        uint32_t word = AES_TEXT_OUT(n);
        memcpy(back + 4 * n, &word, 4);
    }
    one_block(DECRYPT_128, key, 16, back);
    probe(3, big_endian(AES_TEXT_OUT(0)));
    probe(4, big_endian(AES_TEXT_OUT(3)));
    one_block(ENCRYPT_256, key, 32, text);
    probe(5, big_endian(AES_TEXT_OUT(0)));
    probe(6, big_endian(AES_TEXT_OUT(3)));

    /* Two blocks of CBC. */
    static const uint8_t cbc_key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t plain[32] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
                                      0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51};
    static uint32_t cipher[8];
    static struct dma_descriptor out[1], in[1];
    words_in(&AES_KEY(0), cbc_key, 16);
    words_in(&AES_IV_MEM(0), key, 16);
    AES_MODE = ENCRYPT_128;
    AES_DMA_ENABLE = 1;
    AES_BLOCK_MODE = BLOCK_CBC;
    AES_BLOCK_NUM = 2;
    dma_describe(out, 1, plain, sizeof plain, 0);
    dma_describe(in, 1, cipher, sizeof cipher, 1);
    dma_in_start(0, DMA_AES, in);
    dma_out_start(0, DMA_AES, out);
    AES_TRIGGER = 1;
    WAIT_UNTIL(field_get(AES_STATE, AES_STATE_STATE) == STATE_DONE, 100);
    probe(7, field_get(AES_STATE, AES_STATE_STATE));
    probe(8, big_endian(cipher[0]));
    probe(9, big_endian(cipher[7]));
    AES_DMA_EXIT = 1;
    probe(10, field_get(AES_STATE, AES_STATE_STATE));
}
