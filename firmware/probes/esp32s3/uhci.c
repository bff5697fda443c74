/* UHCI0: UART1 by GDMA, its output led to its input: raw data that ends with an idle line, by its length or with a break;
 * packets with separators as in SLIP. Set up as by ESP-IDF's uhci_ll.h and esp_driver_uart's uhci.c. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/system.h"
#include "reg/uart.h"

#define UHCI(offset) REG(0x60014000u + (offset)) /* ESP-IDF soc/uhci_reg.h */
#define UHCI_CONF0 UHCI(0x00)
#define UHCI_CONF0_UART1_CE BIT(3)
#define UHCI_CONF0_SEPER_EN BIT(5)
#define UHCI_CONF0_UART_IDLE_EOF_EN BIT(8)
#define UHCI_CONF0_LEN_EOF_EN BIT(9)
#define UHCI_CONF0_CLK_EN BIT(11)
#define UHCI_CONF0_UART_RX_BRK_EOF_EN BIT(12)
#define UHCI_INT_RAW UHCI(0x04)
#define UHCI_INT_ENA UHCI(0x0c)
#define UHCI_INT_CLR UHCI(0x10)
#define UHCI_APP_INT_SET UHCI(0x14)
#define UHCI_CONF1 UHCI(0x18)
#define UHCI_ESCAPE_CONF UHCI(0x24)
#define UHCI_ESC_CONF0 UHCI(0x70)
#define UHCI_ESC_CONF3 UHCI(0x7c)
#define UHCI_PKT_THRES UHCI(0x80)
#define UHCI_INT_RX_START BIT(0)
#define UHCI_INT_TX_START BIT(1)
#define UHCI_INT_APP_CTRL1 BIT(8)
#define SOURCE_UHCI0 14
#define LINE 0
#define PERIP_UHCI0_BIT 8

#define BAUD 1000000u
#define WIRE 4
#define EOF BIT(30)

static uint8_t sent[1000], got[1200] __attribute__((aligned(4)));
static struct dma_descriptor out[1], in[3];

static volatile uint32_t irqs;
static void on_software(void *unused) {
    (void)unused;
    irqs++;
    UHCI_INT_CLR = UHCI_INT_APP_CTRL1;
}

static void attach(uint32_t conf0) {
    UHCI_CONF0 = UHCI_CONF0_CLK_EN;
    UHCI_CONF1 = 0;
    UHCI_CONF0 = UHCI_CONF0_CLK_EN | UHCI_CONF0_UART1_CE;
    UHCI_ESCAPE_CONF = conf0 & UHCI_CONF0_SEPER_EN ? 0xff : 0;
    UHCI_CONF0 = UHCI_CONF0_CLK_EN | UHCI_CONF0_UART1_CE | conf0;
    UHCI_INT_CLR = 0xffffffff;
}

static void receive(uint32_t each) {
    memset(got, 0, sizeof got);
    for (uint32_t n = 0; n < 3; n++) {
        dma_describe(&in[n], 1, got + n * each, each, 1);
        in[n].next = n < 2 ? &in[n + 1] : 0;
    }
    dma_in_start(0, DMA_UHCI0, in);
}

static void send(const void *data, uint32_t bytes) {
    dma_describe(out, 1, data, bytes, 0);
    dma_out_start(0, DMA_UHCI0, out);
}

static uint32_t length(uint32_t n) { return in[n].control >> 12 & 0xfff; }

static void probes(void) {
    set_bits(&SYSTEM_PERIP_CLK_EN0, BIT(PERIP_UHCI0_BIT));
    set_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_UHCI0_BIT));
    clear_bits(&SYSTEM_PERIP_RST_EN0, BIT(PERIP_UHCI0_BIT));
    dma_init();
    probe(1, UHCI_CONF0);
    probe(2, UHCI_ESC_CONF0);
    probe(3, UHCI_ESC_CONF3);
    uart_init(1, BAUD, WIRE, WIRE);
    field_set(&UART_IDLE_CONF(1), UART_IDLE_CONF_RX_IDLE_THRHD, 100);
    set_bits(&UART_ID(1), UART_ID_REG_UPDATE);
    delay_us(100);
    set_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    for (uint32_t n = 0; n < sizeof sent; n++)
        sent[n] = (uint8_t)(n * 37 + 5);

    /* 1000 characters, and the idle line behind them. */
    attach(UHCI_CONF0_UART_IDLE_EOF_EN);
    receive(400);
    uint64_t then = time_us();
    send(sent, 1000);
    WAIT_UNTIL(length(1) == 400, 20000);
    probe(4, (in[0].control | in[1].control | in[2].control) & EOF);
    WAIT_UNTIL(in[2].control & EOF, 20000);
    probe(5, (uint32_t)(time_us() - then));
    probe(6, length(2));
    probe(7, memcmp(sent, got, 1000) == 0);

    /* By length. */
    attach(UHCI_CONF0_LEN_EOF_EN);
    UHCI_PKT_THRES = 10;
    receive(400);
    send(sent, 25);
    delay_us(600);
    probe(8, (in[0].control & EOF) && (in[1].control & EOF));
    probe(9, length(0) << 8 | length(1));
    probe(10, memcmp(sent + 10, got + 400, 10) == 0);
    probe(11, in[2].control & EOF);

    /* A break behind the data. */
    attach(UHCI_CONF0_UART_RX_BRK_EOF_EN);
    receive(400);
    field_set(&UART_TXBRK_CONF(1), UART_TXBRK_CONF_TX_BRK_NUM, 20);
    send(sent, 3);
    delay_us(15);
    set_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    WAIT_UNTIL(in[0].control & EOF, 2000);
    probe(12, (in[0].control & EOF) != 0);
    probe(13, length(0));
    clear_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    delay_us(100);
    set_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);

    /* RFC 1055: C0 around a packet, DB DC and DB DD in it. UART2 listens to the line. */
    static const uint8_t packet[] = {1, 0xc0, 0xdb, 2};
    static const uint8_t wire[] = {0xc0, 1, 0xdb, 0xdc, 0xdb, 0xdd, 2, 0xc0};
    uart_init(2, BAUD, WIRE + 1, WIRE);
    delay_us(100);
    while (uart_received(2))
        uart_get(2);
    attach(UHCI_CONF0_SEPER_EN);
    receive(400);
    send(packet, sizeof packet);
    WAIT_UNTIL(in[0].control & EOF, 2000);
    delay_us(20);
    probe(14, UHCI_INT_RAW & (UHCI_INT_RX_START | UHCI_INT_TX_START));
    probe(15, length(0));
    probe(16, memcmp(packet, got, sizeof packet) == 0);
    probe(17, uart_received(2));
    uint32_t same = 0;
    for (uint32_t n = 0; n < sizeof wire && uart_received(2); n++)
        same += uart_get(2) == wire[n];
    probe(18, same);

    interrupt_route(0, SOURCE_UHCI0, LINE);
    interrupt_handler(LINE, on_software, 0);
    interrupt_enable(LINE);
    UHCI_INT_ENA = UHCI_INT_APP_CTRL1;
    UHCI_APP_INT_SET = 2;
    delay_us(1);
    probe(19, irqs);
}
