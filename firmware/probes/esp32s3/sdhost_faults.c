/* SDHOST and a card that makes mistakes, which is a part of the test: a wrong CRC, the index of another command, no data,
 * data that is refused or not answered; commands too many, a descriptor that comes late, a block written by the FIFO.
 * (sdhost.c has a good card.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "sdhost.h"

#define DATA0 37

/* What the test's card does with a block at these addresses. */
enum { GOOD = 0, MISSING = 1, REFUSED = 2, UNANSWERED = 3 };

static uint8_t data[BLOCK] __attribute__((aligned(4)));
static struct descriptor list;

static uint32_t command(uint32_t index, uint32_t argument, uint32_t flags) {
    carry_out(index, argument, flags);
    return SDHOST_RINTSTS;
}

static void prepare(uint32_t owner) {
    SDHOST_CTRL |= SDHOST_CTRL_FIFO_RESET | SDHOST_CTRL_DMA_RESET;
    WAIT_UNTIL(!(SDHOST_CTRL & 7), 100);
    list.control = owner | FIRST | LAST;
    list.bytes = BLOCK;
    list.buffer = data;
    list.next = 0;
    memory_barrier();
    SDHOST_BLKSIZ = BLOCK;
    SDHOST_BYTCNT = BLOCK;
    SDHOST_DBADDR = (uint32_t)(uintptr_t)&list;
    SDHOST_CTRL |= BIT(5) | BIT(25); /* dma_enable, use_internal_dma */
    SDHOST_BMOD = SDHOST_BMOD_FB | SDHOST_BMOD_DE;
    SDHOST_IDSTS = 0xffffffff;
    SDHOST_PLDMND = 1;
}

/* All that RINTSTS says when the data phase is over. */
static uint32_t transfer(uint32_t index, uint32_t block, uint32_t flags) {
    command(index, block, ANSWER | SDHOST_CMD_WAIT_PRVDATA_COMPLETE | flags);
    WAIT_UNTIL(SDHOST_RINTSTS & DATA_OVER, 20000);
    return SDHOST_RINTSTS;
}

static void probes(void) {
    peripheral_on(PERIP_SDHOST);
    gpio_out_signal(CLOCK, SIGNAL_CLOCK);
    gpio_out_signal(COMMAND, SIGNAL_COMMAND);
    gpio_in_signal(SIGNAL_COMMAND, COMMAND);
    gpio_out_signal(DATA0, SIGNAL_DATA);
    gpio_in_signal(SIGNAL_DATA, DATA0);
    SDHOST_CLK_EDGE_SEL = SDHOST_CLK_EDGE_SEL_CCLK_EN | field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_N, 9) |
                          field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_L, 9) | field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_H, 4);
    SDHOST_CTRL = SDHOST_CTRL_CONTROLLER_RESET | SDHOST_CTRL_FIFO_RESET | SDHOST_CTRL_DMA_RESET;
    WAIT_UNTIL(!(SDHOST_CTRL & 7), 100);
    SDHOST_TMOUT = 16000 << 8 | 0xff; /* data: 1 ms of 16 MHz */
    clock(0);

    /* Answers. */
    probe(1, command(13, 0, ANSWER));
    probe(2, command(55, 0, ANSWER));
    probe(3, command(7, 0, ANSWER));
    probe(4, command(12, 0, ANSWER));
    /* The third command comes while one is on its way and one waits. */
    SDHOST_RINTSTS = 0xffffffff;
    for (uint32_t n = 0; n < 3; n++)
        SDHOST_CMD = SDHOST_CMD_USE_HOLE | SDHOST_CMD_START_CMD;
    probe(5, SDHOST_RINTSTS & BIT(12));
    delay_us(30);

    /* Data. */
    prepare(OWN);
    probe(6, transfer(17, GOOD, READ));
    probe(7, data[0] << 8 | data[511]);
    prepare(OWN);
    uint64_t then = time_us();
    probe(8, transfer(17, MISSING, READ));
    probe(9, (uint32_t)(time_us() - then));
    prepare(OWN);
    probe(10, transfer(24, GOOD, WRITE));
    prepare(OWN);
    probe(11, transfer(24, REFUSED, WRITE));
    probe(12, SDHOST_IDSTS & SDHOST_IDSTS_CES);
    prepare(OWN);
    probe(13, transfer(24, UNANSWERED, WRITE));

    /* A descriptor that is the CPU's: IDMAC waits until it is told to look again. */
    prepare(0);
    command(17, GOOD, ANSWER | READ | SDHOST_CMD_WAIT_PRVDATA_COMPLETE);
    delay_us(600);
    probe(14, SDHOST_RINTSTS & DATA_OVER);
    probe(15, SDHOST_IDSTS & SDHOST_IDSTS_DU);
    list.control |= OWN;
    memory_barrier();
    SDHOST_PLDMND = 1;
    WAIT_UNTIL(SDHOST_RINTSTS & DATA_OVER, 2000);
    probe(16, SDHOST_RINTSTS & DATA_OVER);

    /* A block written by the FIFO. */
    SDHOST_CTRL &= ~(BIT(5) | BIT(25));
    SDHOST_BMOD = 0;
    SDHOST_CTRL |= SDHOST_CTRL_FIFO_RESET;
    SDHOST_BLKSIZ = SDHOST_BYTCNT = BLOCK;
    command(24, GOOD, ANSWER | WRITE | SDHOST_CMD_WAIT_PRVDATA_COMPLETE);
    for (uint32_t n = 0; n < BLOCK / 4; n++) {
        WAIT_UNTIL(!(SDHOST_STATUS & SDHOST_STATUS_FIFO_FULL), 1000);
        SDHOST_BUFFIFO = n * 0x01010101u;
    }
    WAIT_UNTIL(SDHOST_RINTSTS & DATA_OVER, 2000);
    probe(17, SDHOST_RINTSTS & ~0x3030u); /* not the FIFO's requests, nor that the card is ready again */
}
