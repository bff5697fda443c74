/* UHCI0 and UART1: short packets out of registers, a packet that waits for software, escape sequences of flow control,
 * packets by length with separators, data that nobody fetches. UART2 listens to the line. (uhci.c is about GDMA.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/system.h"
#include "reg/uart.h"

#define UHCI(offset) REG(0x60014000u + (offset)) /* ESP-IDF soc/uhci_reg.h */
#define UHCI_CONF0 UHCI(0x00)
#define UHCI_CONF0_UART1_CE BIT(3)
#define UHCI_CONF0_SEPER_EN BIT(5)
#define UHCI_CONF0_CLK_EN BIT(11)
#define UHCI_INT_RAW UHCI(0x04)
#define UHCI_INT_CLR UHCI(0x10)
#define UHCI_CONF1 UHCI(0x18)
#define UHCI_CONF1_WAIT_SW_START BIT(7)
#define UHCI_CONF1_SW_START BIT(8)
#define UHCI_ESCAPE_CONF UHCI(0x24)
#define UHCI_HUNG_CONF UHCI(0x28)
#define UHCI_HUNG_CONF_TXFIFO_TIMEOUT 0, 8
#define UHCI_HUNG_CONF_TXFIFO_TIMEOUT_SHIFT 8, 3
#define UHCI_HUNG_CONF_TXFIFO_TIMEOUT_ENA BIT(11)
#define UHCI_QUICK_SENT UHCI(0x34)
#define UHCI_QUICK_SENT_SINGLE_SEND_NUM 0, 3
#define UHCI_QUICK_SENT_SINGLE_SEND_EN BIT(3)
#define UHCI_QUICK_SENT_ALWAYS_SEND_NUM 4, 3
#define UHCI_QUICK_SENT_ALWAYS_SEND_EN BIT(7)
#define UHCI_REG_Q(packet, word) UHCI(0x38 + 8 * (packet) + 4 * (word))
#define UHCI_INT_TX_HUNG BIT(3)
#define UHCI_INT_SEND_S_REG_Q BIT(4)
#define UHCI_INT_SEND_A_REG_Q BIT(5)
#define PERIP_UHCI0_BIT 8

#define BAUD 1000000u
#define WIRE 4
#define MOST 100

static uint8_t heard[MOST];
static struct dma_descriptor out[1], in[1];
static uint8_t got[MOST] __attribute__((aligned(4)));

/* What has come over the line until 30 characters' time of silence. */
static uint32_t listen(void) {
    uint32_t count = 0;
    for (uint64_t since = time_us(); time_us() - since < 300;)
        for (; uart_received(2); since = time_us()) {
            uint8_t byte = uart_get(2);
            if (count < MOST)
                heard[count++] = byte;
        }
    return count;
}

static uint32_t same(const uint8_t *expected, uint32_t bytes) {
    return listen() == bytes && memcmp(heard, expected, bytes) == 0;
}

static void attach(uint32_t conf0) {
    UHCI_CONF0 = UHCI_CONF0_CLK_EN;
    UHCI_CONF0 = UHCI_CONF0_CLK_EN | UHCI_CONF0_UART1_CE | conf0;
    UHCI_INT_CLR = 0xffffffff;
}

static void send(const void *data, uint32_t bytes) {
    dma_describe(out, 1, data, bytes, 0);
    dma_out_start(0, DMA_UHCI0, out);
}

static void probes(void) {
    set_bits(&SYSTEM_PERIP_CLK_EN0, BIT(PERIP_UHCI0_BIT));
    set_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_UHCI0_BIT));
    clear_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_UHCI0_BIT));
    dma_init();
    uart_init(1, BAUD, WIRE, WIRE);
    uart_init(2, BAUD, WIRE + 1, WIRE);
    delay_us(100);
    listen();
    UHCI_CONF1 = 0;
    UHCI_ESCAPE_CONF = 0xff;
    attach(UHCI_CONF0_SEPER_EN);

    /* Eight bytes of packet 2, once. */
    static const uint8_t single[] = {0xc0, 'u', 0xdb, 0xdc, 'h', 'c', 'i', 0xdb, 0xdd, '-', '2', 0xc0};
    UHCI_REG_Q(2, 0) = 0x6368c075;
    UHCI_REG_Q(2, 1) = 0x322ddb69;
    UHCI_QUICK_SENT = field(UHCI_QUICK_SENT_SINGLE_SEND_NUM, 2);
    probe(1, listen());
    UHCI_QUICK_SENT |= UHCI_QUICK_SENT_SINGLE_SEND_EN;
    probe(2, same(single, sizeof single));
    probe(3, UHCI_INT_RAW & (UHCI_INT_SEND_S_REG_Q | UHCI_INT_SEND_A_REG_Q));
    probe(4, UHCI_QUICK_SENT & UHCI_QUICK_SENT_SINGLE_SEND_EN);

    /* Packet 6 again and again; the line is never idle. */
    UHCI_INT_CLR = 0xffffffff;
    UHCI_REG_Q(6, 0) = 0x33323130;
    UHCI_REG_Q(6, 1) = 0x37363534;
    UHCI_QUICK_SENT = field(UHCI_QUICK_SENT_ALWAYS_SEND_NUM, 6) | UHCI_QUICK_SENT_ALWAYS_SEND_EN;
    uint32_t right = 0;
    uint64_t then = time_us();
    for (uint32_t n = 0; n < 50; n++) {
        static const uint8_t always[] = "\xc0" "01234567\xc0";
        WAIT_UNTIL(uart_received(2), 1000);
        right += uart_get(2) == always[n % 10];
    }
    probe(5, right);
    probe(6, (uint32_t)(time_us() - then));
    probe(7, UHCI_INT_RAW & (UHCI_INT_SEND_S_REG_Q | UHCI_INT_SEND_A_REG_Q));
    UHCI_QUICK_SENT = 0;
    listen(); /* what the FIFO holds still */

    /* XON and XOFF in a packet have sequences of their own. */
    static const uint8_t flow[] = {0x11, 0x13, 'x'}, flow_line[] = {0xc0, 0xdb, 0xde, 0xdb, 0xdf, 'x', 0xc0};
    send(flow, sizeof flow);
    probe(8, same(flow_line, sizeof flow_line));
    UHCI_ESCAPE_CONF = 0x33;
    static const uint8_t bare_line[] = {0xc0, 0x11, 0x13, 'x', 0xc0};
    send(flow, sizeof flow);
    probe(9, same(bare_line, sizeof bare_line));

    /* A packet waits for SW_START. */
    static const uint8_t word[] = {'g', 'o'}, word_line[] = {0xc0, 'g', 'o', 0xc0};
    UHCI_CONF1 = UHCI_CONF1_WAIT_SW_START;
    send(word, sizeof word);
    probe(10, listen());
    UHCI_CONF1 = UHCI_CONF1_WAIT_SW_START | UHCI_CONF1_SW_START;
    probe(11, same(word_line, sizeof word_line));
    UHCI_CONF1 = 0;

    /* The way back: a packet of the line is data alone; escape sequences are undone. */
    listen();
    UHCI_ESCAPE_CONF = 0xff;
    memset(got, 0, sizeof got);
    dma_describe(in, 1, got, 64, 1);
    set_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    dma_in_start(0, DMA_UHCI0, in);
    send(flow, sizeof flow);
    WAIT_UNTIL(in[0].control & BIT(30), 2000);
    probe(12, in[0].control >> 12 & 0xfff);
    probe(13, memcmp(got, flow, sizeof flow) == 0);

    /* GDMA has no descriptor left: TX_HUNG after 10 ticks of 8000 / 8 clocks of 80 MHz. */
    dma_stop(0);
    UHCI_HUNG_CONF = field(UHCI_HUNG_CONF_TXFIFO_TIMEOUT, 10) | field(UHCI_HUNG_CONF_TXFIFO_TIMEOUT_SHIFT, 3) |
                     UHCI_HUNG_CONF_TXFIFO_TIMEOUT_ENA;
    UHCI_INT_CLR = 0xffffffff;
    uart_put(1, 'a');
    WAIT_UNTIL(field_get(UART_STATUS(1), UART_STATUS_RXFIFO_CNT), 1000);
    then = time_us();
    WAIT_UNTIL(UHCI_INT_RAW & UHCI_INT_TX_HUNG, 1000);
    probe(14, (uint32_t)(time_us() - then));
    probe(15, UHCI_INT_RAW & UHCI_INT_TX_HUNG);
}
