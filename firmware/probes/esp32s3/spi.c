/* GP-SPI2 and GP-SPI3 as controllers, their data led back inside the GPIO matrix; GDMA both ways, memory to memory. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gdma.h"
#include "reg/spi.h"

#define CLOCK 12
#define DATA 11
#define SELECT 10

static uint8_t out[6000] __attribute__((aligned(4))), in[6000] __attribute__((aligned(4)));

static uint32_t differs(uint32_t bytes) {
    for (uint32_t n = 0; n < bytes; n++)
        if (in[n] != out[n])
            return n + 1;
    return 0;
}

/* The data line is both ends: what goes out comes in. */
static struct spi port(uint32_t number, uint32_t hz, uint32_t mode) {
    return (struct spi){.port = number, .clock = CLOCK, .mosi = DATA, .miso = DATA, .select = SELECT, .hz = hz, .mode = mode,
                        .dma_channel = number - 2};
}

static void probes(void) {
    dma_init();
    for (uint32_t n = 0; n < sizeof out; n++)
        out[n] = (uint8_t)(n * 37 >> 2);
    gpio_output(DATA, 0);
    gpio_output(CLOCK, 0);
    gpio_output(SELECT, 1);

    for (uint32_t mode = 0; mode < 4; mode++) {
        struct spi spi = port(2, 10000000, mode);
        spi_init(&spi);
        memset(in, 0, 64);
        spi_exchange(&spi, out, in, 64);
        probe(1 + mode, differs(64));
    }
    probe(5, SPI_DMA_INT_RAW(0) & SPI_DMA_INT_TRANS_DONE);
    probe(6, gpio_get(SELECT));

    /* How long 64 bytes take: 512 bits. */
    struct spi spi = port(2, 1000000, 0);
    spi_init(&spi);
    uint64_t then = time_us();
    spi_exchange(&spi, out, in, 64);
    probe(7, (uint32_t)(time_us() - then));

    spi = port(3, 40000000, 0);
    spi_init(&spi);
    memset(in, 0, 64);
    spi_exchange(&spi, out, in, 64);
    probe(8, differs(64));

    /* By GDMA, over two descriptors. */
    spi = port(2, 20000000, 0);
    spi_init(&spi);
    memset(in, 0, sizeof in);
    then = time_us();
    spi_exchange_dma(&spi, out, in, sizeof in);
    probe(9, (uint32_t)(time_us() - then));
    probe(10, differs(sizeof in));
    probe(11, GDMA_OUT_INT_RAW_CH(0) & GDMA_OUT_INT_CH_OUT_TOTAL_EOF);
    probe(12, GDMA_IN_INT_RAW_CH(0) & GDMA_IN_INT_CH_IN_SUC_EOF);

    /* Sending alone at 80 MHz. */
    spi = port(2, 80000000, 0);
    spi.miso = NO_PIN;
    spi_init(&spi);
    uint32_t cycle = cycles();
    spi_send_start(&spi, out, sizeof out);
    probe(13, spi_busy(&spi) != 0);
    spi_wait(&spi);
    probe(14, cycles() - cycle);

    /* Memory to memory, and a descriptor that the CPU still owns. */
    static struct dma_descriptor from[2], to[2];
    memset(in, 0, sizeof in);
    dma_describe(from, 2, out, 5000, 0);
    dma_describe(to, 2, in, 5000, 1);
    dma_copy(2, from, to);
    WAIT_UNTIL(GDMA_IN_INT_RAW_CH(2) & GDMA_IN_INT_CH_IN_SUC_EOF, 1000);
    probe(15, differs(5000));
    probe(16, dma_received(to));
    probe(17, in[5000] | in[5001]);
    dma_describe(from, 2, out, 100, 0);
    from[0].control &= ~BIT(31);
    GDMA_OUT_CONF1_CH(2) |= GDMA_OUT_CONF1_CH_OUT_CHECK_OWNER;
    GDMA_OUT_INT_CLR_CH(2) = 0xffffffff;
    dma_describe(to, 2, in, 100, 1);
    dma_copy(2, from, to);
    WAIT_UNTIL(GDMA_OUT_INT_RAW_CH(2) & GDMA_OUT_INT_CH_OUT_DSCR_ERR, 100);
    probe(18, GDMA_OUT_INT_RAW_CH(2) & GDMA_OUT_INT_CH_OUT_DSCR_ERR);
}
