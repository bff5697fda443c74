/* UART1 in the modes beside plain text: RS485, IrDA, XON and XOFF, the glitch filter. TXD on GPIO4, RXD from there or from
 * GPIO6, which software drives; DTR on GPIO5. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/uart.h"

#define BAUD 115200
#define TX 4
#define DTR 5
#define LINE 6
#define SIGNAL_U1DTR 17 /* ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_U1RXD 15
#define SIGNAL_U1CTS 16
#define BIT_CYCLES (240000000u / BAUD)
#define XON 0x11
#define XOFF 0x13

static uint32_t raw(uint32_t bits) { return UART_INT_RAW(1) & bits; }

static void update(void) {
    set_bits(&UART_ID(1), UART_ID_REG_UPDATE);
    delay_us(1);
}

/* 8N1, and the modes off; the FIFOs are empty. */
static void plain(uint32_t rx) {
    UART_RS485_CONF(1) = 0;
    UART_FLOW_CONF(1) = 0;
    UART_RX_FILT(1) = 8;
    uart_init(1, BAUD, TX, rx);
    update();
    delay_us(200);
    set_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    clear_bits(&UART_CONF0(1), UART_CONF0_RXFIFO_RST);
    update();
    UART_INT_CLR(1) = 0xffffffff;
}

static void wait_cycles(uint32_t since, uint32_t count) {
    while (cycles() - since < count) {
    }
}

/* A character on GPIO6. */
static void play(uint32_t byte) {
    uint32_t since = cycles(), frame = byte << 1 | 0x200;
    for (uint32_t n = 0; n < 10; n++) {
        gpio_put(LINE, frame >> n & 1);
        wait_cycles(since, (n + 1) * BIT_CYCLES);
    }
}

static uint32_t bytes(void) {
    uint32_t all = 0;
    while (uart_received(1))
        all = all << 8 | uart_get(1);
    return all;
}

static void rs485(void) {
    /* Half duplex: DTR enables the driver, with a turnaround bit on both sides; there is no echo. */
    plain(TX);
    gpio_out_signal(DTR, SIGNAL_U1DTR);
    UART_RS485_CONF(1) = UART_RS485_CONF_RS485_EN | UART_RS485_CONF_DL0_EN | UART_RS485_CONF_DL1_EN |
                         UART_RS485_CONF_RS485RXBY_TX_EN;
    update();
    probe(1, gpio_get(DTR));
    uint32_t since = cycles();
    UART_FIFO(1) = 0xff;
    WAIT_UNTIL(gpio_get(DTR), 20);
    WAIT_UNTIL(!gpio_get(TX), 100);
    uint32_t before = cycles() - since;
    WAIT_UNTIL(!gpio_get(DTR), 1000);
    probe(2, before * 16 / BIT_CYCLES);
    probe(3, (cycles() - since) * 16 / BIT_CYCLES);
    delay_us(200);
    probe(4, uart_received(1));
    probe(5, raw(UART_INT_RS485_CLASH | UART_INT_RS485_FRM_ERR));

    /* With RS485TX_RX_EN it hears itself. */
    UART_RS485_CONF(1) = UART_RS485_CONF_RS485_EN | UART_RS485_CONF_RS485RXBY_TX_EN | UART_RS485_CONF_RS485TX_RX_EN;
    update();
    uart_write(1, "own", 3);
    uart_drain(1);
    delay_us(200);
    probe(6, bytes());

    /* Somebody else's bits are a clash. */
    plain(LINE);
    UART_RS485_CONF(1) = UART_RS485_CONF_RS485_EN | UART_RS485_CONF_RS485RXBY_TX_EN;
    update();
    UART_FIFO(1) = 0x55;
    play(0x54);
    delay_us(50);
    probe(7, raw(UART_INT_RS485_CLASH));
    probe(8, uart_received(1));
    delay_us(200);
    play('r');
    delay_us(50);
    probe(9, bytes());
}

static void irda(void) {
    plain(LINE);
    gpio_put(LINE, 1);
    set_bits(&UART_CONF0(1), UART_CONF0_IRDA_EN | UART_CONF0_IRDA_TX_EN);
    update();
    delay_us(20);
    probe(10, gpio_get(TX));
    /* The start bit and bit 0: pulses of 3/16 of a bit, a bit apart. */
    UART_FIFO(1) = 0xfe;
    uint32_t rise[2], fall[2], pulses = 0;
    for (uint32_t n = 0; n < 2; n++) {
        WAIT_UNTIL(gpio_get(TX), 100);
        rise[n] = cycles();
        WAIT_UNTIL(!gpio_get(TX), 100);
        fall[n] = cycles();
    }
    for (uint64_t then = time_us(); time_us() - then < 120;)
        pulses += gpio_get(TX);
    probe(11, (fall[0] - rise[0]) * 64 / BIT_CYCLES);
    probe(12, (rise[1] - rise[0]) * 64 / BIT_CYCLES);
    probe(13, pulses);
    /* And back as characters: in duplex, and with one of the ends inverted. */
    plain(TX);
    set_bits(&UART_CONF0(1), UART_CONF0_IRDA_EN | UART_CONF0_IRDA_TX_EN | UART_CONF0_IRDA_DPLX | UART_CONF0_IRDA_RX_INV);
    update();
    delay_us(200);
    bytes();
    uart_write(1, "\x55\x00ir", 4);
    uart_drain(1);
    delay_us(200);
    probe(14, bytes());
    clear_bits(&UART_CONF0(1), UART_CONF0_IRDA_DPLX);
    update();
    uart_put(1, 'x');
    uart_drain(1);
    delay_us(200);
    probe(15, uart_received(1));
}

static void flow(void) {
    plain(LINE);
    UART_FLOW_CONF(1) = UART_FLOW_CONF_SW_FLOW_CON_EN | UART_FLOW_CONF_XONOFF_DEL;
    update();
    play(XOFF);
    delay_us(50);
    probe(16, raw(UART_INT_SW_XOFF | UART_INT_SW_XON));
    UART_FIFO(1) = 'x';
    delay_us(200);
    probe(17, raw(UART_INT_TX_DONE));
    probe(18, field_get(UART_FSM_STATUS(1), UART_FSM_STATUS_ST_UTX_OUT));
    play(XON);
    delay_us(200);
    probe(19, raw(UART_INT_TX_DONE));
    probe(20, uart_received(1));
    /* The level of the FIFO asks for both characters; they come back by the pin. */
    plain(TX);
    UART_SWFC_CONF0(1) = field(UART_SWFC_CONF0_XOFF_CHAR, XOFF) | field(UART_SWFC_CONF0_XOFF_THRESHOLD, 2);
    UART_SWFC_CONF1(1) = field(UART_SWFC_CONF1_XON_CHAR, XON) | field(UART_SWFC_CONF1_XON_THRESHOLD, 1);
    UART_FLOW_CONF(1) = UART_FLOW_CONF_SW_FLOW_CON_EN;
    update();
    uart_write(1, "abcd", 4);
    delay_us(600);
    probe(21, bytes());
    delay_us(400);
    probe(22, bytes());
}

static void filter(void) {
    plain(LINE);
    for (uint32_t on = 0; on < 2; on++) {
        UART_INT_CLR(1) = UART_INT_GLITCH_DET;
        UART_RX_FILT(1) = on ? UART_RX_FILT_GLITCH_FILT_EN | 80 : 0; /* 2 us of 40 MHz */
        update();
        uint32_t since = cycles();
        gpio_put(LINE, 0);
        wait_cycles(since, 240);
        gpio_put(LINE, 1);
        delay_us(200);
        probe(23 + on, raw(UART_INT_GLITCH_DET));
    }
    play('f');
    delay_us(50);
    probe(25, bytes());
    /* An input that comes from elsewhere has an edge. */
    UART_INT_CLR(1) = UART_INT_CTS_CHG;
    gpio_in_signal(SIGNAL_U1CTS, SIGNAL_LOW);
    UART_INT_CLR(1) = UART_INT_CTS_CHG;
    probe(26, raw(UART_INT_CTS_CHG));
    gpio_in_signal(SIGNAL_U1CTS, LINE);
    delay_us(1);
    probe(27, raw(UART_INT_CTS_CHG));
}

static void probes(void) {
    gpio_output(LINE, 1);
    rs485();
    irda();
    flow();
    filter();
}
