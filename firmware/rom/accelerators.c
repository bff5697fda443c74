/* The accelerators of cryptography by registers (ESP-IDF rom/aes.h, rom/bigint.h, rom/hmac.h, rom/digital_signature.h,
 * soc/hwcrypto_reg.h; ESP32-S3 TRM, chapters of the AES, RSA, HMAC and digital signature accelerators). */
#include "accelerators.h"

#define REG(address) (*(volatile uint32_t *)(address))
enum { BAD = 1 };

/* AES */
#define AES_KEY 0x6003a000u
#define AES_TEXT_IN 0x6003a020u
#define AES_TEXT_OUT 0x6003a030u
#define AES_MODE REG(0x6003a040u)
#define AES_TRIGGER REG(0x6003a048u)
#define AES_STATE REG(0x6003a04cu)
enum { ENCRYPT = 0, DECRYPT = 1, DECRYPTS = 4, AES256 = 2 };

/* `bits`: 0 for 128, 2 for 256, as AES_MODE has it. */
static int ets_aes_setkey(uint32_t type, const void *key, uint32_t bits) {
    if (!key || type > DECRYPT || (bits & ~(uint32_t)AES256))
        return BAD;
    AES_MODE = type == DECRYPT ? bits | DECRYPTS : bits;
    rom_memcpy((void *)AES_KEY, key, 16 + 8 * bits);
    return 0;
}
ENTRY(ets_aes_setkey, 0x40001db8);

static int ets_aes_setkey_enc(const void *key, uint32_t bits) { return ets_aes_setkey(ENCRYPT, key, bits); }
ENTRY(ets_aes_setkey_enc, 0x40001e78);

static int ets_aes_setkey_dec(const void *key, uint32_t bits) { return ets_aes_setkey(DECRYPT, key, bits); }
ENTRY(ets_aes_setkey_dec, 0x40001e6c);

static void ets_aes_block(const void *from, void *to) {
    rom_memcpy((void *)AES_TEXT_IN, from, 16);
    AES_TRIGGER = 1;
    while (AES_STATE)
        ;
    rom_memcpy(to, (const void *)AES_TEXT_OUT, 16);
}
ENTRY(ets_aes_block, 0x40001dc4);

/* RSA */
#define RSA_M 0x6003c000u
#define RSA_Z 0x6003c200u
#define RSA_Y 0x6003c400u
#define RSA_X 0x6003c600u
#define RSA_M_PRIME REG(0x6003c800u)
#define RSA_MODE REG(0x6003c804u)
#define RSA_MODEXP_START 0x6003c80cu
#define RSA_MODMULT_START 0x6003c810u
#define RSA_MULT_START REG(0x6003c814u)
#define RSA_IDLE REG(0x6003c818u)
#define RSA_CLEAR REG(0x6003c81cu)
#define RSA_CONSTANT_TIME REG(0x6003c820u)
enum { MOST_WORDS = 128 };

/* X with zeros above in the product's width, Y in the upper half of Z. */
static int ets_bigint_multiply(const uint32_t *x, const uint32_t *y, uint32_t words) {
    if (words - 1 >= MOST_WORDS / 2 || !x || !y)
        return BAD;
    rom_memcpy((void *)RSA_X, x, 4 * words);
    rom_memcpy((void *)(RSA_Z + 4 * words), y, 4 * words);
    RSA_M_PRIME = 0;
    RSA_MODE = 2 * words - 1;
    RSA_MULT_START = 1;
    return 0;
}
ENTRY(ets_bigint_multiply, 0x40001de8);

static int start(uint32_t how, const uint32_t *x, const uint32_t *y, const uint32_t *m, uint32_t m_prime, const uint32_t *rb,
                 uint32_t constant_time, uint32_t words) {
    if (words - 1 >= MOST_WORDS || !x || !y || !m || !rb)
        return BAD;
    rom_memcpy((void *)RSA_X, x, 4 * words);
    rom_memcpy((void *)RSA_Y, y, 4 * words);
    rom_memcpy((void *)RSA_M, m, 4 * words);
    rom_memcpy((void *)RSA_Z, rb, 4 * words);
    RSA_CONSTANT_TIME = constant_time;
    RSA_M_PRIME = m_prime;
    RSA_MODE = words - 1;
    REG(how) = 1;
    return 0;
}

static int ets_bigint_modmult(const uint32_t *x, const uint32_t *y, const uint32_t *m, uint32_t m_prime, const uint32_t *rb,
                              uint32_t words) {
    return start(RSA_MODMULT_START, x, y, m, m_prime, rb, 1, words);
}
ENTRY(ets_bigint_modmult, 0x40001df4);

int ets_bigint_modexp(const uint32_t *x, const uint32_t *y, const uint32_t *m, uint32_t m_prime, const uint32_t *rb,
                      uint8_t constant_time, uint32_t words) {
    return start(RSA_MODEXP_START, x, y, m, m_prime, rb, constant_time, words);
}
ENTRY(ets_bigint_modexp, 0x40001e00);

void ets_bigint_wait_finish(void) {
    while (RSA_IDLE != 1)
        ;
    RSA_CLEAR = 1;
}
ENTRY(ets_bigint_wait_finish, 0x40001e0c);

int ets_bigint_getz(uint32_t *z, uint32_t words) {
    if (words > MOST_WORDS || !z)
        return BAD;
    rom_memcpy(z, (const void *)RSA_Z, 4 * words);
    return 0;
}
ENTRY(ets_bigint_getz, 0x40001e18);

/* HMAC */
#define HMAC(offset) REG(0x6003e000u + (offset))
enum {
    SET_START = 0x40, SET_PARA_PURPOSE = 0x44, SET_PARA_KEY = 0x48, SET_PARA_FINISH = 0x4c, SET_MESSAGE_ONE = 0x50,
    SET_MESSAGE_ING = 0x54, SET_MESSAGE_END = 0x58, SET_RESULT_FINISH = 0x5c, QUERY_ERROR = 0x68, QUERY_BUSY = 0x6c,
    WR_MESSAGE = 0x80, RD_RESULT = 0xc0, SET_MESSAGE_PAD = 0xf0, ONE_BLOCK = 0xf4, SOFT_JTAG_CTRL = 0xf8, WR_JTAG = 0xfc,
    FINISHED = 2, FIRST_KEY = 4, KEYS = 7, BLOCK = 64, DOWN_JTAG = 6, DOWN_DS = 7, UP = 8
};
uint32_t __bswapsi2(uint32_t);
void ets_hmac_enable(void);

static void hmac_wait(void) {
    while (HMAC(QUERY_BUSY))
        ;
}

static void tell(uint32_t what) {
    HMAC(what) = 1;
    hmac_wait();
}

static int prepare(uint32_t purpose, uint32_t block) {
    uint32_t key = block - FIRST_KEY;
    if (key >= KEYS)
        return BAD;
    hmac_wait();
    tell(SET_START);
    HMAC(SET_PARA_PURPOSE) = purpose;
    HMAC(SET_PARA_KEY) = key;
    tell(SET_PARA_FINISH);
    if (HMAC(QUERY_ERROR)) {
        HMAC(SET_RESULT_FINISH) = FINISHED;
        return BAD;
    }
    hmac_wait();
    return 0;
}

static void message(const void *block) {
    rom_memcpy((void *)(uintptr_t)&HMAC(WR_MESSAGE), block, BLOCK);
    tell(SET_MESSAGE_ONE);
}

static int ets_hmac_calculate_message(uint32_t block, const uint8_t *text, uint32_t count, uint8_t *result) {
    enum { LENGTH = 8, ROOM = BLOCK - LENGTH };
    uint8_t last[BLOCK];
    uint32_t tail = count % BLOCK;
    if (!text || !result)
        return BAD;
    if (prepare(UP, block))
        return BAD;
    for (uint32_t left = count; left >= BLOCK; left -= BLOCK, text += BLOCK) {
        message(text);
        if (left >= 2 * BLOCK)
            tell(SET_MESSAGE_ING);
    }
    if (count && !tail) {
        tell(SET_MESSAGE_END); /* it pads by itself */
    } else {
        /* The key's block counts as well. */
        uint32_t bits = __bswapsi2(8 * (count + BLOCK));
        rom_memset(last, 0, sizeof last);
        rom_memcpy(last, text, tail);
        last[tail] = 0x80;
        if (tail >= ROOM) {
            tell(SET_MESSAGE_ING);
            message(last);
            rom_memset(last, 0, sizeof last);
        }
        if (count >= ROOM)
            HMAC(SET_MESSAGE_PAD) = 1;
        rom_memcpy(last + BLOCK - 4, &bits, 4);
        message(last);
        if (count < ROOM)
            HMAC(ONE_BLOCK) = 1;
        hmac_wait();
    }
    rom_memcpy(result, (const void *)(uintptr_t)&HMAC(RD_RESULT), 32);
    HMAC(SET_RESULT_FINISH) = FINISHED;
    return 0;
}
ENTRY(ets_hmac_calculate_message, 0x40001d70);

static int ets_hmac_calculate_downstream(uint32_t block, uint32_t purpose) {
    return purpose == DOWN_JTAG || purpose == DOWN_DS ? prepare(purpose, block) : BAD;
}
ENTRY(ets_hmac_calculate_downstream, 0x40001d7c);

/* The token's words come last first, each with its most significant byte first. */
static int ets_jtag_enable_temporarily(const uint8_t *token, uint32_t block) {
    ets_hmac_enable();
    int error = ets_hmac_calculate_downstream(block, DOWN_JTAG);
    if (error)
        return error;
    HMAC(SOFT_JTAG_CTRL) |= 1;
    for (uint32_t n = 8; n--;) {
        uint32_t word;
        rom_memcpy(&word, token + 4 * n, 4);
        HMAC(WR_JTAG) = __bswapsi2(word);
    }
    return 0;
}
ENTRY(ets_jtag_enable_temporarily, 0x40001d94);

/* Digital signature */
#define DS_C 0x6003d000u
#define DS_IV 0x6003d630u
#define DS_X 0x6003d800u
#define DS_Z 0x6003da00u
#define DS_START REG(0x6003de00u)
#define DS_ME REG(0x6003de04u)
#define DS_FINISH REG(0x6003de08u)
#define DS_BUSY REG(0x6003de0cu)
#define DS_KEY_WRONG REG(0x6003de10u)
#define DS_CHECK REG(0x6003de14u)
enum { DS_OK, INVALID_PARAM, INVALID_KEY, INVALID_PADDING, INVALID_DIGEST, MD_ERROR = 1, PADDING_BAD = 2, PATIENCE = 1000 };

struct ds_data {
    uint32_t length; /* words - 1 */
    uint8_t iv[16], c[1584];
};
struct ds_numbers {
    uint32_t y[MOST_WORDS], m[MOST_WORDS], rb[MOST_WORDS], m_prime, length;
};

static int ds_idle(void) {
    uint32_t patience = PATIENCE;
    while (DS_BUSY && patience)
        patience--;
    return patience != 0;
}

static int ets_ds_start_sign(const void *text, const struct ds_data *data) {
    if (!data || !text || data->length >= MOST_WORDS)
        return INVALID_PARAM;
    DS_START = 1;
    if (!ds_idle() || DS_KEY_WRONG) {
        DS_FINISH = 1;
        ds_idle();
        return INVALID_KEY;
    }
    rom_memcpy((void *)DS_C, data->c, sizeof data->c);
    rom_memcpy((void *)DS_IV, data->iv, sizeof data->iv);
    rom_memcpy((void *)DS_X, text, 4 * (data->length + 1));
    DS_ME = 1;
    return DS_OK;
}
ENTRY(ets_ds_start_sign, 0x40001e3c);

static int ets_ds_finish_sign(void *signature, const struct ds_data *data) {
    int result = INVALID_PARAM;
    while (DS_BUSY)
        ;
    if (data && signature) {
        if (data->length >= MOST_WORDS)
            return INVALID_PARAM;
        uint32_t check = DS_CHECK;
        result = check & MD_ERROR ? INVALID_DIGEST : check & PADDING_BAD ? INVALID_PADDING : DS_OK;
        if (result != INVALID_DIGEST)
            rom_memcpy(signature, (const void *)DS_Z, 4 * (data->length + 1));
    }
    DS_FINISH = 1;
    ds_idle();
    return result;
}
ENTRY(ets_ds_finish_sign, 0x40001e54);

static void hmac_pass(const uint8_t *key, uint32_t with, const uint8_t *text, uint8_t *to) {
    struct sha sha;
    uint8_t pad[BLOCK];
    for (uint32_t n = 0; n < BLOCK; n++)
        pad[n] = n < 32 ? key[n] ^ with : with;
    ets_sha_init(&sha, SHA2_256);
    ets_sha_update(&sha, pad, sizeof pad, 0);
    ets_sha_update(&sha, text, 32, 0);
    ets_sha_finish(&sha, to);
}

/* What the accelerator decrypts: the numbers, their digest with the vector, length and padding; AES-256 in CBC mode. Who
 * calls has turned SHA and AES on. */
static int ets_ds_encrypt_params(struct ds_data *data, const uint8_t *iv, const struct ds_numbers *numbers, const uint8_t *key,
                                 uint32_t key_type) {
    struct {
        uint8_t c[0x600], digest[32];
        uint32_t m_prime, length;
        uint8_t padding[8];
    } plain;
    struct sha sha;
    uint8_t aes_key[32], chain[16];
    enum { KEY_OF_HMAC = 0, KEY_OF_AES = 1 };
    if (!data || !iv || !numbers || !key || key_type > KEY_OF_AES || numbers->length >= MOST_WORDS)
        return INVALID_PARAM;
    rom_memcpy(plain.c, numbers, sizeof plain.c);
    ets_sha_init(&sha, SHA2_256);
    ets_sha_update(&sha, numbers, sizeof plain.c + 8, 0);
    ets_sha_update(&sha, iv, sizeof chain, 0);
    ets_sha_finish(&sha, plain.digest);
    plain.m_prime = numbers->m_prime;
    plain.length = numbers->length;
    rom_memset(plain.padding, sizeof plain.padding, sizeof plain.padding);
    if (key_type == KEY_OF_AES) {
        rom_memcpy(aes_key, key, sizeof aes_key);
    } else {
        /* As the downstream HMAC derives it: of 32 bytes ffh. */
        rom_memset(aes_key, 0xff, sizeof aes_key);
        hmac_pass(key, 0x36, aes_key, aes_key);
        hmac_pass(key, 0x5c, aes_key, aes_key);
    }
    data->length = numbers->length;
    rom_memcpy(data->iv, iv, sizeof data->iv);
    rom_memcpy(chain, iv, sizeof chain);
    ets_aes_setkey(ENCRYPT, aes_key, AES256);
    for (uint32_t at = 0; at < sizeof data->c; at += sizeof chain) {
        for (uint32_t n = 0; n < sizeof chain; n++)
            chain[n] ^= ((const uint8_t *)&plain)[at + n];
        ets_aes_block(chain, chain);
        rom_memcpy(data->c + at, chain, sizeof chain);
    }
    return DS_OK;
}
ENTRY(ets_ds_encrypt_params, 0x40001e60);
