/* eFuse: the MAC address, the chip's version, a key block that is empty, a reading on command. And the RNG beside it. */
#include "probe.h"
#include "reg/efuse.h"

#define RNG_DATA REG(0x6003507cu) /* WDEV_RND_REG of ESP-IDF soc/wdev_reg.h */
#define READ_OP 0x5aa5

static void probes(void) {
    uint32_t low = EFUSE_RD_MAC_SPI_SYS_0, high = EFUSE_RD_MAC_SPI_SYS_1 & 0xffff;
    probe(1, high >> 8 & 3); /* first byte: neither multicast nor locally administered */
    probe(2, high << 8 | low >> 24);
    probe(3, EFUSE_RD_MAC_SPI_SYS_3 >> 18 & 7); /* WAFER_VERSION_MINOR, low bits: bit 114 of the block */
    EFUSE_INT_CLR = EFUSE_INT_READ_DONE;
    EFUSE_CONF = READ_OP;
    EFUSE_CMD = EFUSE_CMD_READ_CMD;
    WAIT_UNTIL(!(EFUSE_CMD & EFUSE_CMD_READ_CMD), 1000);
    probe(5, EFUSE_INT_RAW & EFUSE_INT_READ_DONE);
    probe(6, EFUSE_RD_MAC_SPI_SYS_0 == low);
    EFUSE_RD_MAC_SPI_SYS_0 = 0;
    probe(7, EFUSE_RD_MAC_SPI_SYS_0 == low);

    /* 1000 words: every bit is 1 about half of the time, and no word comes twice in a row. */
    uint32_t ones[32] = {0}, twice = 0, last = RNG_DATA, fewest = 1000, most = 0;
    for (int n = 0; n < 1000; n++) {
        uint32_t word = RNG_DATA;
        twice += word == last;
        last = word;
        for (int bit = 0; bit < 32; bit++)
            ones[bit] += word >> bit & 1;
        delay_us(1);
    }
    for (int bit = 0; bit < 32; bit++) {
        fewest = ones[bit] < fewest ? ones[bit] : fewest;
        most = ones[bit] > most ? ones[bit] : most;
    }
    probe(8, fewest);
    probe(9, most);
    probe(10, twice);
}
