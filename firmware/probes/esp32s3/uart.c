/* UART1 and UART2, joined in the GPIO matrix: UART1 sends on GPIO4, both listen there; UART2 sends on GPIO5. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/uart.h"

#define BAUD 115200
#define TX1 4
#define TX2 5
#define SOURCE_UART1 28
#define LINE 0

static void listen(uint32_t port, uint32_t baud) { uart_init(port, baud, NO_PIN, TX1); }

static uint32_t raw(uint32_t port) { return UART_INT_RAW(port); }
static void send_and_wait(const void *data, uint32_t bytes) {
    uart_write(1, data, bytes);
    uart_drain(1);
    delay_us(200);
}

static volatile uint32_t full;
static void on_full(void *unused) {
    (void)unused;
    full = uart_received(1);
    UART_INT_ENA(1) = 0;
}

static void update(uint32_t port) {
    set_bits(&UART_ID(port), UART_ID_REG_UPDATE);
    delay_us(1);
}

static void probes(void) {
    uart_init(1, BAUD, TX1, TX1);
    delay_us(200);
    probe(1, UART_STATUS(1) & 0x03ff03ff);
    UART_INT_CLR(1) = 0xffffffff;

    /* Ten frames of ten bits. */
    uint64_t then = time_us();
    for (uint32_t n = 0; n < 10; n++)
        UART_FIFO(1) = 'a' + n;
    probe(2, field_get(UART_STATUS(1), UART_STATUS_TXFIFO_CNT) >= 9);
    WAIT_UNTIL(raw(1) & UART_INT_TX_DONE, 2000);
    probe(3, (uint32_t)(time_us() - then));
    delay_us(100);
    probe(4, uart_received(1));
    uint32_t sum = 0;
    while (uart_received(1))
        sum = sum * 31 + uart_get(1);
    uint32_t expected = 0;
    for (uint32_t n = 0; n < 10; n++)
        expected = expected * 31 + 'a' + n;
    probe(5, sum == expected);

    /* Interrupt at a threshold. */
    field_set(&UART_CONF1(1), UART_CONF1_RXFIFO_FULL_THRHD, 5);
    UART_INT_CLR(1) = UART_INT_RXFIFO_FULL;
    interrupt_route(0, SOURCE_UART1, LINE);
    interrupt_handler(LINE, on_full, 0);
    interrupt_enable(LINE);
    UART_INT_ENA(1) = UART_INT_RXFIFO_FULL;
    uart_write(1, "1234", 4);
    uart_drain(1);
    probe(6, full);
    uart_write(1, "56", 2);
    uart_drain(1);
    delay_us(100);
    probe(7, full);
    while (uart_received(1))
        uart_get(1);

    /* The FIFO holds 128; the rest is lost, and said. */
    uint8_t many[140];
    for (uint32_t n = 0; n < sizeof many; n++)
        many[n] = (uint8_t)n;
    UART_INT_CLR(1) = UART_INT_RXFIFO_OVF;
    send_and_wait(many, sizeof many);
    probe(8, uart_received(1));
    probe(9, raw(1) & UART_INT_RXFIFO_OVF);
    probe(10, uart_get(1));
    set_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    probe(11, uart_received(1));

    /* Silence after the last byte. */
    field_set(&UART_MEM_CONF(1), UART_MEM_CONF_RX_TOUT_THRHD, 20);
    set_bits(&UART_CONF1(1), UART_CONF1_RX_TOUT_EN);
    update(1);
    UART_INT_CLR(1) = UART_INT_RXFIFO_TOUT;
    uart_put(1, 'x');
    uart_drain(1);
    probe(12, raw(1) & UART_INT_RXFIFO_TOUT);
    delay_us(400);
    probe(13, raw(1) & UART_INT_RXFIFO_TOUT);

    /* A listener at twice the rate sees other bytes, and no stop bit. */
    listen(2, 2 * BAUD);
    UART_INT_CLR(2) = 0xffffffff;
    send_and_wait("U", 1); /* 00 11 00 11 00 ...: the tenth of these is no stop bit */
    probe(14, raw(2) & UART_INT_FRM_ERR);

    /* Parity: even sent, odd expected. */
    listen(2, BAUD);
    set_bits(&UART_CONF0(1), UART_CONF0_PARITY_EN);
    update(1);
    set_bits(&UART_CONF0(2), UART_CONF0_PARITY_EN);
    update(2);
    UART_INT_CLR(2) = 0xffffffff;
    send_and_wait("A", 1);
    probe(15, raw(2) & UART_INT_PARITY_ERR);
    probe(16, uart_received(2) ? uart_get(2) : 0);
    set_bits(&UART_CONF0(2), UART_CONF0_PARITY);
    update(2);
    send_and_wait("A", 1);
    probe(17, raw(2) & UART_INT_PARITY_ERR);
    clear_bits(&UART_CONF0(1), UART_CONF0_PARITY_EN);
    update(1);

    /* A break: longer low than a frame. */
    listen(2, BAUD);
    UART_INT_CLR(2) = 0xffffffff;
    field_set(&UART_TXBRK_CONF(1), UART_TXBRK_CONF_TX_BRK_NUM, 20);
    set_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    update(1);
    uart_put(1, 'b');
    delay_us(600);
    probe(18, raw(2) & UART_INT_BRK_DET);
    clear_bits(&UART_CONF0(1), UART_CONF0_TXD_BRK);
    update(1);

    /* Internal loop back, both lines let go. */
    uart_init(2, 1000000, TX2, NO_PIN);
    set_bits(&UART_CONF0(2), UART_CONF0_LOOPBACK);
    update(2);
    then = time_us();
    uart_write(2, "loop", 4);
    WAIT_UNTIL(uart_received(2) == 4, 200);
    probe(19, (uint32_t)(time_us() - then));
    probe(20, uart_received(2) == 4 ? (uint32_t)uart_get(2) << 8 | uart_get(2) : 0);
}
