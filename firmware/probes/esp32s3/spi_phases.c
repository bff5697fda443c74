/* GP-SPI2 as controller, what it sends led back to it by the same pin: lengths of bits, their orders, phases, chip select,
 * interrupt. (spi.c is about clock modes and GDMA.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/spi.h"

#define SCK 12
#define DATA 11
#define SELECT 10
#define SOURCE_SPI2 21
#define LINE 0
#define BYTES 100u
#define TWO 0 /* index of GP-SPI2's registers */

static uint8_t sent[BYTES], got[BYTES];

static volatile uint32_t irqs;
static void on_done(void *unused) {
    (void)unused;
    irqs++;
    SPI_DMA_INT_CLR(TWO) = SPI_DMA_INT_TRANS_DONE;
}

static void go(uint32_t bits) {
    SPI_MS_DLEN(TWO) = bits - 1;
    SPI_DMA_INT_CLR(TWO) = SPI_DMA_INT_TRANS_DONE;
    SPI_CMD(TWO) = SPI_CMD_UPDATE;
    while (SPI_CMD(TWO) & SPI_CMD_UPDATE) {
    }
    SPI_CMD(TWO) = SPI_CMD_USR;
}

static uint32_t shift(uint32_t word, uint32_t bits) {
    SPI_W0(TWO) = word;
    go(bits);
    WAIT_UNTIL(!(SPI_CMD(TWO) & SPI_CMD_USR), 1000);
    return SPI_W0(TWO) & (bits < 32 ? BIT((bits + 7) / 8 * 8) - 1 : 0xffffffff);
}

static uint32_t nanoseconds(uint32_t bits) {
    uint32_t then = cycles();
    go(bits);
    while (!(SPI_DMA_INT_RAW(TWO) & SPI_DMA_INT_TRANS_DONE)) {
    }
    return (cycles() - then) * 25 / 6;
}

static void probes(void) {
    struct spi spi = {2, SCK, DATA, DATA, SELECT, 8000000, 0, 0};
    for (uint32_t n = 0; n < BYTES; n++)
        sent[n] = (uint8_t)(n * 5 + (n >> 8) + 1);
    spi_init(&spi);
    probe(1, gpio_get(SELECT) << 1 | gpio_get(SCK));

    /* The 64 bytes of W0 to W15 and on. */
    spi_exchange(&spi, sent, got, BYTES);
    probe(2, memcmp(sent, got, BYTES) == 0);

    /* Lengths that are no bytes: the first bit is a byte's highest, also of the last one. */
    probe(3, shift(0xb5, 8));
    probe(4, shift(0xa8, 5) & 0xf8);
    probe(5, shift(0xffa55a, 20) & 0xf0ffff);
    /* Lowest bit first on its way out, highest first on its way in; then in as it went out. */
    field_set(&SPI_CTRL(TWO), SPI_CTRL_WR_BIT_ORDER, 1);
    probe(6, shift(0x13, 8));
    field_set(&SPI_CTRL(TWO), SPI_CTRL_RD_BIT_ORDER, 1);
    probe(7, shift(0x13, 8));
    SPI_CTRL(TWO) = 0;

    /* 256 bits at 8 MHz; with 8 bits of command, 24 of address and 8 of nothing before them. */
    probe(8, nanoseconds(256));
    uint32_t user = SPI_USER(TWO);
    SPI_USER(TWO) = user | SPI_USER_USR_COMMAND | SPI_USER_USR_ADDR | SPI_USER_USR_DUMMY;
    SPI_USER1(TWO) = field(SPI_USER1_USR_DUMMY_CYCLELEN, 7) | field(SPI_USER1_USR_ADDR_BITLEN, 23);
    SPI_USER2(TWO) = field(SPI_USER2_USR_COMMAND_BITLEN, 7) | field(SPI_USER2_USR_COMMAND_VALUE, 0x9f);
    probe(9, nanoseconds(256));
    probe(10, shift(0xdead, 16));
    SPI_USER(TWO) = user;

    /* CS is low as long as it lasts; TRANS_DONE says that it is over and stays until it is cleared. */
    go(256);
    delay_us(2);
    probe(11, gpio_get(SELECT));
    probe(12, SPI_DMA_INT_RAW(TWO) & SPI_DMA_INT_TRANS_DONE);
    spi_wait(&spi);
    delay_us(1);
    probe(13, gpio_get(SELECT));
    probe(14, SPI_DMA_INT_RAW(TWO) & SPI_DMA_INT_TRANS_DONE);
    SPI_DMA_INT_CLR(TWO) = SPI_DMA_INT_TRANS_DONE;
    probe(15, SPI_DMA_INT_RAW(TWO) & SPI_DMA_INT_TRANS_DONE);
    SPI_MISC(TWO) |= SPI_MISC_CS_KEEP_ACTIVE;
    shift(0, 8);
    delay_us(1);
    probe(16, gpio_get(SELECT));
    SPI_MISC(TWO) &= ~SPI_MISC_CS_KEEP_ACTIVE;
    shift(0, 8);
    delay_us(1);
    probe(17, gpio_get(SELECT));

    /* An interrupt. */
    interrupt_route(0, SOURCE_SPI2, LINE);
    interrupt_handler(LINE, on_done, 0);
    interrupt_enable(LINE);
    SPI_DMA_INT_CLR(TWO) = SPI_DMA_INT_TRANS_DONE;
    SPI_DMA_INT_ENA(TWO) = SPI_DMA_INT_TRANS_DONE;
    go(64);
    probe(18, irqs);
    delay_us(10);
    probe(19, irqs);
    SPI_DMA_INT_ENA(TWO) = 0;

    /* The clock rests high in modes 2 and 3. */
    uint32_t rest = 0;
    for (uint32_t mode = 0; mode < 4; mode++) {
        spi.mode = mode;
        spi_init(&spi);
        shift(0, 8);
        rest = rest << 1 | gpio_get(SCK);
    }
    probe(20, rest);
}
