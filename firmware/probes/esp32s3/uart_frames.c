/* UART1 to UART2: characters of 5 to 8 bits, parity, stop bits, lines that are turned over, other clocks, a FIFO of 256,
 * DTR and DSR, the rate found by itself, interrupts of the transmitter. The test looks at the frames on GPIO4. (uart.c has
 * the rest.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/uart.h"

#define TX 4
#define OTHER 5
#define DTR_PIN 6
#define BAUD 100000u
#define CHARACTERS 10u
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_U1DSR 17
#define SIGNAL_U1DTR 17
#define SOURCE_UART1 28
#define LINE 0
enum { STOP_1 = 1, STOP_1_5, STOP_2 };
enum { APB = 1, RC_FAST, XTAL };

static uint32_t raw(uint32_t port) { return UART_INT_RAW(port); }
static void update(uint32_t port) {
    set_bits(&UART_ID(port), UART_ID_REG_UPDATE);
    WAIT_UNTIL(!(UART_ID(port) & UART_ID_REG_UPDATE), 100);
}

static void empty(uint32_t port) {
    while (uart_received(port))
        uart_get(port);
    UART_INT_CLR(port) = 0xffffffff;
}

/* How long ten characters of 55h take with these settings, in tenths of us a character; the listener has the same ones. */
static uint32_t characters(uint32_t bits, uint32_t stop, uint32_t parity) {
    for (uint32_t port = 1; port <= 2; port++) {
        uint32_t conf = UART_CONF0(port) & ~(field_mask(UART_CONF0_BIT_NUM) | field_mask(UART_CONF0_STOP_BIT_NUM) |
                                             UART_CONF0_PARITY_EN | UART_CONF0_PARITY);
        UART_CONF0(port) = conf | field(UART_CONF0_BIT_NUM, bits - 5) | field(UART_CONF0_STOP_BIT_NUM, stop) | parity;
        update(port);
    }
    empty(2);
    UART_INT_CLR(1) = UART_INT_TX_DONE;
    uint64_t then = systimer_ticks();
    for (uint32_t n = 0; n < CHARACTERS; n++)
        uart_put(1, 0x55);
    WAIT_UNTIL(raw(1) & UART_INT_TX_DONE, 5000);
    uint32_t took = (uint32_t)((systimer_ticks() - then) * 10 / 16 / CHARACTERS);
    delay_us(50);
    return took;
}

/* How many came, without an error, all of them alike. */
static uint32_t heard(uint32_t expected) {
    uint32_t right = 0;
    for (uint32_t count = uart_received(2); count; count--)
        right += uart_get(2) == expected;
    return raw(2) & (UART_INT_FRM_ERR | UART_INT_PARITY_ERR) ? 0xff : right;
}

static volatile uint32_t irqs;
static void on_empty(void *unused) {
    (void)unused;
    irqs++;
    UART_INT_ENA(1) = 0;
}

static void clock(uint32_t source, uint32_t divisor, uint32_t ticks_16) {
    field_set(&UART_CLK_CONF(1), UART_CLK_CONF_SCLK_SEL, source);
    field_set(&UART_CLK_CONF(1), UART_CLK_CONF_SCLK_DIV_NUM, divisor - 1);
    UART_CLKDIV(1) = field(UART_CLKDIV_CLKDIV, ticks_16 / 16) | field(UART_CLKDIV_FRAG, ticks_16 % 16);
    update(1);
}

static void probes(void) {
    uart_init(1, BAUD, TX, NO_PIN);
    uart_init(2, BAUD, NO_PIN, TX);
    delay_us(200);

    probe(1, characters(8, STOP_1, 0));
    probe(2, heard(0x55));
    probe(3, characters(7, STOP_1, 0));
    probe(4, heard(0x55));
    probe(5, characters(6, STOP_1, 0));
    probe(6, heard(0x15));
    probe(7, characters(5, STOP_1, 0));
    probe(8, heard(0x15));
    probe(9, characters(8, STOP_1_5, 0));
    probe(10, characters(8, STOP_2, 0));
    probe(11, heard(0x55));
    probe(12, characters(8, STOP_2, UART_CONF0_PARITY_EN | UART_CONF0_PARITY));
    probe(13, heard(0x55));
    characters(8, STOP_1, 0);

    /* Lines turned over: at one end alone they are not understood, at both they are. */
    set_bits(&UART_CONF0(1), UART_CONF0_TXD_INV);
    update(1);
    delay_us(20);
    probe(14, gpio_get(TX));
    set_bits(&UART_CONF0(2), UART_CONF0_RXD_INV);
    update(2);
    delay_us(200);
    characters(8, STOP_1, 0);
    probe(15, heard(0x55));
    clear_bits(&UART_CONF0(1), UART_CONF0_TXD_INV);
    clear_bits(&UART_CONF0(2), UART_CONF0_RXD_INV);
    update(1);
    update(2);
    delay_us(200);

    /* 100 000 baud from other clocks: 80 MHz by 1, 17.5 MHz by 1, 40 MHz by 4. */
    clock(APB, 1, 800 * 16);
    probe(16, characters(8, STOP_1, 0));
    clock(RC_FAST, 1, 175 * 16);
    probe(17, characters(8, STOP_1, 0));
    clock(XTAL, 4, 100 * 16);
    probe(18, characters(8, STOP_1, 0));
    clock(XTAL, 1, 400 * 16);

    /* Its FIFO is empty below a threshold; a break is over; the last bit is out. */
    interrupt_route(0, SOURCE_UART1, LINE);
    interrupt_handler(LINE, on_empty, 0);
    field_set(&UART_CONF1(1), UART_CONF1_TXFIFO_EMPTY_THRHD, 4);
    for (uint32_t n = 0; n < 10; n++)
        uart_put(1, 'e');
    UART_INT_CLR(1) = 0xffffffff;
    UART_INT_ENA(1) = UART_INT_TXFIFO_EMPTY;
    interrupt_enable(LINE);
    probe(19, irqs);
    WAIT_UNTIL(irqs, 2000);
    probe(20, field_get(UART_STATUS(1), UART_STATUS_TXFIFO_CNT));
    probe(21, raw(1) & UART_INT_TX_DONE);
    field_set(&UART_TXBRK_CONF(1), UART_TXBRK_CONF_TX_BRK_NUM, 15);
    set_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    update(1);
    WAIT_UNTIL(raw(1) & UART_INT_TX_BRK_DONE, 2000);
    probe(22, (raw(1) & UART_INT_TX_BRK_DONE) != 0);
    clear_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    update(1);
    delay_us(300);

    /* Two of the memory's blocks: 256 characters. */
    field_set(&UART_MEM_CONF(2), UART_MEM_CONF_RX_SIZE, 2);
    empty(2);
    for (uint32_t n = 0; n < 260; n++) {
        WAIT_UNTIL(field_get(UART_STATUS(1), UART_STATUS_TXFIFO_CNT) < 100, 2000);
        uart_put(1, (uint8_t)n);
    }
    uart_drain(1);
    delay_us(100);
    probe(23, uart_received(2));
    probe(24, raw(2) & UART_INT_RXFIFO_OVF);
    field_set(&UART_MEM_CONF(2), UART_MEM_CONF_RX_SIZE, 1);
    set_bits(&UART_CONF0(2), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(2), UART_CONF0_RXFIFO_RST);

    /* DTR by software, led to DSR. */
    gpio_out_signal(DTR_PIN, SIGNAL_U1DTR);
    gpio_in_signal(SIGNAL_U1DSR, DTR_PIN);
    UART_INT_CLR(1) = UART_INT_DSR_CHG;
    uint32_t before = gpio_get(DTR_PIN);
    UART_CONF0(1) ^= UART_CONF0_SW_DTR;
    update(1);
    delay_us(2);
    probe(25, before << 1 | gpio_get(DTR_PIN));
    probe(26, raw(1) & UART_INT_DSR_CHG);

    /* The rate of who sends 55h: (LOWPULSE + HIGHPULSE + 2) / 2 cycles of 40 MHz a bit. */
    set_bits(&UART_CONF0(2), UART_CONF0_AUTOBAUD_EN);
    update(2);
    uart_put(1, 0x55);
    delay_us(200);
    probe(27, UART_RXD_CNT(2));
    uint32_t low = field_get(UART_LOWPULSE(2), UART_LOWPULSE_MIN_CNT);
    uint32_t high = field_get(UART_HIGHPULSE(2), UART_HIGHPULSE_MIN_CNT);
    probe(28, (low + high + 2) / 2);
}
