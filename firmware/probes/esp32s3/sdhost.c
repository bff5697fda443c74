/* SDHOST with a card in its socket: the card is found, told its address and its four lines; blocks by IDMAC and by the
 * FIFO; what is said when nobody answers. */
#include "drivers/drivers.h"
#include "probe.h"
#include "sdhost.h"

#define DETECT 39
#define PROTECT 40
#define SOURCE_SDIO_HOST 30
#define LINE 0
/* ESP-IDF soc/gpio_sig_map.h, slot 1. */
#define SIGNAL_DETECT 194
#define SIGNAL_PROTECT 196

#define ANSWER_UNCHECKED SDHOST_CMD_RESPONSE_EXPECT
#define LONG_ANSWER (ANSWER | SDHOST_CMD_RESPONSE_LENGTH)

static uint8_t sent[4 * BLOCK] __attribute__((aligned(4))), got[4 * BLOCK] __attribute__((aligned(4)));
static struct descriptor list[2];

static volatile uint32_t irqs;
static void on_event(void *unused) {
    (void)unused;
    irqs++;
    SDHOST_RINTSTS = DATA_OVER;
}

static uint32_t command(uint32_t index, uint32_t argument, uint32_t flags) {
    carry_out(index, argument, flags);
    return SDHOST_RESP0;
}

/* Blocks by IDMAC, over two descriptors. */
static void prepare(uint8_t *memory, uint32_t blocks) {
    uint32_t half = blocks * BLOCK / 2;
    list[0].control = OWN | FIRST | CHAINED;
    list[0].bytes = half;
    list[0].buffer = memory;
    list[0].next = &list[1];
    list[1].control = OWN | LAST;
    list[1].bytes = half;
    list[1].buffer = memory + half;
    list[1].next = 0;
    SDHOST_BLKSIZ = BLOCK;
    SDHOST_BYTCNT = blocks * BLOCK;
    SDHOST_DBADDR = (uint32_t)(uintptr_t)list;
    SDHOST_CTRL |= BIT(5) | BIT(25); /* dma_enable, use_internal_dma: ESP-IDF soc/sdmmc_struct.h */
    SDHOST_BMOD = SDHOST_BMOD_FB | SDHOST_BMOD_DE;
    SDHOST_PLDMND = 1;
}

static uint32_t transfer(uint32_t index, uint32_t block, uint32_t flags) {
    command(index, block, ANSWER | SDHOST_CMD_WAIT_PRVDATA_COMPLETE | flags);
    WAIT_UNTIL(SDHOST_RINTSTS & DATA_OVER, 20000);
    return SDHOST_RINTSTS & DATA_OVER;
}

/* A card that is busy with what was written takes no other command for data: SD specification, 4.10.1. */
static void until_ready(uint32_t address) {
    for (uint32_t n = 0; n < 1000 && (command(13, address, ANSWER) >> 8 & 31) != 9; n++)
        delay_us(10);
}

static void probes(void) {
    peripheral_on(PERIP_SDHOST);
    gpio_out_signal(CLOCK, SIGNAL_CLOCK);
    gpio_out_signal(COMMAND, SIGNAL_COMMAND);
    gpio_in_signal(SIGNAL_COMMAND, COMMAND);
    static const uint8_t data[4] = {37, 38, 33, 34};
    for (uint32_t n = 0; n < 4; n++) {
        gpio_out_signal(data[n], SIGNAL_DATA + n);
        gpio_in_signal(SIGNAL_DATA + n, data[n]);
    }
    gpio_input(DETECT, PULL_UP);
    gpio_input(PROTECT, PULL_UP);
    gpio_in_signal(SIGNAL_DETECT, DETECT);
    gpio_in_signal(SIGNAL_PROTECT, PROTECT);

    /* 160 MHz by 10, by 2 times 20: 400 kHz. */
    SDHOST_CLK_EDGE_SEL = SDHOST_CLK_EDGE_SEL_CCLK_EN | field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_N, 9) |
                          field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_L, 9) | field(SDHOST_CLK_EDGE_SEL_CCLLKIN_EDGE_H, 4);
    SDHOST_CTRL = SDHOST_CTRL_CONTROLLER_RESET | SDHOST_CTRL_FIFO_RESET | SDHOST_CTRL_DMA_RESET;
    WAIT_UNTIL(!(SDHOST_CTRL & 7), 100);
    probe(1, SDHOST_CTRL & 7);
    SDHOST_TMOUT = 40000 << 8 | 0xff;
    clock(20);
    probe(2, SDHOST_CDETECT & 1);
    probe(3, SDHOST_WRTPRT & 1);

    /* SD specification, chapter 4.2: idle, voltage, ready, identification, address, selected. */
    uint32_t then = cycles();
    command(0, 0, SDHOST_CMD_SEND_INITIALIZATION);
    probe(4, (cycles() - then) / 240);
    probe(5, command(8, 0x1aa, ANSWER));
    command(63, 0, ANSWER);
    probe(6, SDHOST_RINTSTS & RESPONSE_TIMEOUT);
    uint32_t ready = 0;
    for (uint32_t n = 0; n < 100 && !(ready & BIT(31)); n++) {
        command(55, 0, ANSWER);
        ready = command(41, 0x40ff8000, ANSWER_UNCHECKED);
        delay_us(500);
    }
    probe(7, ready >> 30);
    command(2, 0, LONG_ANSWER);
    probe(8, SDHOST_RESP3 >> 24);
    uint32_t address = command(3, 0, ANSWER) & 0xffff0000;
    probe(9, address != 0);
    command(7, address, ANSWER);
    probe(10, command(13, address, ANSWER) >> 9 & 15);
    command(55, address, ANSWER);
    command(6, 2, ANSWER);
    SDHOST_CTYPE = 1;
    clock(0); /* 16 MHz */

    /* One block there and back by IDMAC. */
    for (uint32_t n = 0; n < sizeof sent; n++)
        sent[n] = (uint8_t)(n * 7 + (n >> 8));
    prepare(sent, 1);
    probe(11, transfer(24, 5, WRITE) != 0);
    until_ready(address);
    SDHOST_IDSTS = 0xffffffff;
    SDHOST_IDINTEN = SDHOST_IDINTEN_TI | SDHOST_IDINTEN_RI | SDHOST_IDINTEN_NI;
    prepare(got, 1);
    probe(12, transfer(17, 5, READ) != 0);
    probe(13, memcmp(sent, got, BLOCK) == 0);
    probe(14, (list[0].control | list[1].control) & OWN);
    probe(15, SDHOST_IDSTS & (SDHOST_IDSTS_RI | SDHOST_IDSTS_NIS));
    SDHOST_IDINTEN = 0;
    SDHOST_IDSTS = 0xffffffff;

    /* Four, and the command that ends them. */
    prepare(sent, 4);
    transfer(25, 8, WRITE | SDHOST_CMD_SEND_AUTO_STOP);
    WAIT_UNTIL(SDHOST_RINTSTS & AUTO_STOP_DONE, 10000);
    probe(16, SDHOST_RINTSTS & AUTO_STOP_DONE);
    until_ready(address);
    prepare(got, 4);
    then = cycles();
    transfer(18, 8, READ | SDHOST_CMD_SEND_AUTO_STOP);
    probe(17, (cycles() - then) / 240);
    WAIT_UNTIL(SDHOST_RINTSTS & AUTO_STOP_DONE, 10000);
    probe(18, memcmp(sent, got, sizeof sent) == 0);
    probe(19, SDHOST_TCBCNT);

    /* By the FIFO. */
    SDHOST_CTRL &= ~(BIT(5) | BIT(25));
    SDHOST_BMOD = 0;
    SDHOST_BLKSIZ = BLOCK;
    SDHOST_BYTCNT = BLOCK;
    memset(got, 0, BLOCK);
    command(17, 9, ANSWER | READ | SDHOST_CMD_WAIT_PRVDATA_COMPLETE);
    uint32_t *word = (uint32_t *)got, words = 0;
    for (uint64_t since = time_us(); words < BLOCK / 4 && time_us() - since < 5000;)
        if (!(SDHOST_STATUS & SDHOST_STATUS_FIFO_EMPTY))
            word[words++] = SDHOST_BUFFIFO;
    probe(20, memcmp(sent + BLOCK, got, BLOCK) == 0);

    /* An interrupt when data is over. */
    interrupt_route(0, SOURCE_SDIO_HOST, LINE);
    interrupt_handler(LINE, on_event, 0);
    interrupt_enable(LINE);
    SDHOST_RINTSTS = 0xffffffff;
    SDHOST_INTMASK = DATA_OVER;
    SDHOST_CTRL |= SDHOST_CTRL_INT_ENABLE;
    prepare(got, 1);
    command(17, 5, ANSWER | READ | SDHOST_CMD_WAIT_PRVDATA_COMPLETE);
    probe(21, irqs);
    WAIT_UNTIL(irqs, 2000);
    probe(22, irqs);
}
