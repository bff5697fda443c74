/* I2C1 as target of I2C0: what makes it stretch SCL, an answer that comes late, bytes that software refuses, addresses of ten
 * bits, the general call, its RAM by offset; both as controllers against each other; what times out, and clearing the bus.
 * The test wires GPIO8 (SDA) and GPIO9 (SCL) to GPIO6 and GPIO7. (i2c.c and eeprom.c have the rest.) */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/gpio.h"
#include "reg/i2c.h"
#include "reg/pcnt.h"

#define SDA 8
#define SCL 9
#define TARGET_SDA 6
#define TARGET_SCL 7
#define ADDRESS 0x28
#define CONTROLLER 0
#define TARGET 1
#define SIGNAL_PULSE 33 /* ESP-IDF soc/gpio_sig_map.h: PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35

enum { WRITE = 1 << 11, STOP = 2 << 11, READ = 3 << 11, RESTART = 6 << 11, CHECK = 1 << 8, NACK = 1 << 10 };

static void take_over(uint32_t port) { set_bits(&I2C_CTR(port), I2C_CTR_CONF_UPGATE); }

static void clear_fifos(uint32_t port) {
    set_bits(&I2C_FIFO_CONF(port), I2C_FIFO_CONF_RX_FIFO_RST | I2C_FIFO_CONF_TX_FIFO_RST);
    clear_bits(&I2C_FIFO_CONF(port), I2C_FIFO_CONF_RX_FIFO_RST | I2C_FIFO_CONF_TX_FIFO_RST);
}

/* Both as they are at the begin: the controller at 100 kHz, the target with this address. */
static void afresh(uint32_t target_ctr, uint32_t stretch) {
    i2c_init(CONTROLLER, 100000, SDA, SCL);
    i2c_target(TARGET, ADDRESS, TARGET_SDA, TARGET_SCL);
    set_bits(&I2C_CTR(CONTROLLER), I2C_CTR_FSM_RST); /* what either may be in the middle of */
    set_bits(&I2C_CTR(TARGET), I2C_CTR_FSM_RST);
    I2C_TO(CONTROLLER) = 0;
    I2C_SCL_ST_TIME_OUT(CONTROLLER) = I2C_SCL_MAIN_ST_TIME_OUT(CONTROLLER) = 22;
    set_bits(&I2C_CTR(TARGET), target_ctr);
    I2C_SCL_STRETCH_CONF(TARGET) = stretch;
    take_over(CONTROLLER);
    take_over(TARGET);
}

static void begin(uint32_t port, const uint8_t *bytes, uint32_t count, const uint16_t *commands, uint32_t number) {
    clear_fifos(port);
    for (uint32_t n = 0; n < count; n++)
        I2C_DATA(port) = bytes[n];
    for (uint32_t n = 0; n < number; n++)
        I2C_COMD(port, n) = commands[n];
    I2C_INT_CLR(CONTROLLER) = I2C_INT_CLR(TARGET) = 0xffffffff;
    take_over(port);
    set_bits(&I2C_CTR(port), I2C_CTR_TRANS_START);
}
#define BEGIN(port, bytes, commands) begin(port, bytes, sizeof bytes, commands, sizeof commands / 2)
#define GO(bytes, commands) \
    do { \
        BEGIN(CONTROLLER, bytes, commands); \
        WAIT_UNTIL(I2C_INT_RAW(CONTROLLER) & (I2C_INT_TRANS_COMPLETE | I2C_INT_NACK | I2C_INT_END_DETECT), 3000); \
        delay_us(20); \
    } while (0)

static uint32_t raw(uint32_t port, uint32_t bits) { return I2C_INT_RAW(port) & bits; }
static uint32_t cause(void) { return field_get(I2C_SR(TARGET), I2C_SR_STRETCH_CAUSE); }
static uint32_t waiting(uint32_t port) { return field_get(I2C_SR(port), I2C_SR_RXFIFO_CNT); }
static void let_go(void) { set_bits(&I2C_SCL_STRETCH_CONF(TARGET), I2C_SCL_STRETCH_CONF_SLAVE_SCL_STRETCH_CLR); }

static void stretching(void) {
    /* Read when there is no answer yet. */
    static const uint8_t ask[] = {ADDRESS << 1 | 1};
    static const uint16_t two[] = {RESTART, WRITE | CHECK | 1, READ | 1, READ | NACK | 1, STOP};
    afresh(0, 0);
    clear_bits(&I2C_CTR(TARGET), I2C_CTR_SLV_TX_AUTO_START_EN);
    I2C_SCL_STRETCH_CONF(TARGET) = I2C_SCL_STRETCH_CONF_SLAVE_SCL_STRETCH_EN |
                                   field(I2C_SCL_STRETCH_CONF_STRETCH_PROTECT_NUM, 1023);
    take_over(TARGET);
    BEGIN(CONTROLLER, ask, two);
    delay_us(1000);
    probe(1, raw(TARGET, I2C_INT_SLAVE_STRETCH));
    probe(2, cause() << 4 | gpio_get(SCL));
    I2C_INT_CLR(TARGET) = I2C_INT_SLAVE_STRETCH;
    I2C_DATA(TARGET) = 0x81;
    uint32_t then = cycles();
    let_go();
    WAIT_UNTIL(gpio_get(SCL), 1000);
    probe(3, (cycles() - then) / 240);
    delay_us(400);
    probe(4, cause());
    I2C_DATA(TARGET) = 0x18;
    let_go();
    WAIT_UNTIL(raw(CONTROLLER, I2C_INT_TRANS_COMPLETE), 1000);
    probe(5, waiting(CONTROLLER) == 2 ? (I2C_DATA(CONTROLLER) & 0xff) << 8 | (I2C_DATA(CONTROLLER) & 0xff) : 0);

    /* A FIFO of 32 that is full: the 33rd byte waits, or is lost. */
    static const uint8_t to[] = {ADDRESS << 1};
    static const uint16_t many[] = {RESTART, WRITE | CHECK | 34, STOP};
    for (uint32_t stretches = 0; stretches < 2; stretches++) {
        afresh(0, stretches ? I2C_SCL_STRETCH_CONF_SLAVE_SCL_STRETCH_EN : 0);
        BEGIN(CONTROLLER, to, many);
        for (uint32_t n = 0; n < 33; n++) {
            WAIT_UNTIL(field_get(I2C_SR(CONTROLLER), I2C_SR_TXFIFO_CNT) < 30, 1000);
            I2C_DATA(CONTROLLER) = n;
        }
        delay_us(3000);
        uint32_t seen = waiting(TARGET) << 8 | (raw(TARGET, I2C_INT_RXFIFO_OVF) ? 16 : 0) |
                        (raw(TARGET, I2C_INT_SLAVE_STRETCH) ? cause() : 0);
        probe(6 + stretches, seen);
    }
    while (waiting(TARGET))
        (void)I2C_DATA(TARGET);
    let_go();
    WAIT_UNTIL(raw(CONTROLLER, I2C_INT_TRANS_COMPLETE), 1000);
    probe(8, waiting(TARGET) == 1 ? I2C_DATA(TARGET) & 0xff : 0);

    /* Software says how each byte is answered: here with a NACK. */
    static const uint8_t one[] = {ADDRESS << 1, 0x66};
    static const uint16_t write[] = {RESTART, WRITE | CHECK | 2, STOP};
    afresh(0, I2C_SCL_STRETCH_CONF_SLAVE_BYTE_ACK_CTL_EN | I2C_SCL_STRETCH_CONF_SLAVE_BYTE_ACK_LVL);
    BEGIN(CONTROLLER, one, write);
    delay_us(400);
    probe(9, cause());
    let_go();
    delay_us(100);
    probe(10, raw(CONTROLLER, I2C_INT_NACK) ? waiting(TARGET) << 8 | (I2C_DATA(TARGET) & 0xff) : 0);
}

static void addresses(void) {
    static const uint8_t ten[] = {0xf4, 0xa5, 0x42, 0xf5}, ten_read[] = {0xf5};
    static const uint16_t both[] = {RESTART, WRITE | CHECK | 3, RESTART, WRITE | CHECK | 1, READ | NACK | 1, STOP};
    static const uint16_t read[] = {RESTART, WRITE | CHECK | 1, STOP};
    afresh(I2C_CTR_ADDR_10BIT_RW_CHECK_EN, 0);
    /* ESP-IDF hal/i2c_ll.h, i2c_ll_set_slave_addr. */
    I2C_SLAVE_ADDR(TARGET) = I2C_SLAVE_ADDR_ADDR_10BIT_EN | 0xa5 << 7 | 0x7a;
    take_over(TARGET);
    I2C_DATA(TARGET) = 0x99;
    GO(ten, both);
    probe(11, (I2C_DATA(TARGET) & 0xff) << 8 | (I2C_DATA(CONTROLLER) & 0xff));
    GO(ten_read, read);
    probe(12, raw(CONTROLLER, I2C_INT_NACK));

    static const uint8_t call[] = {0x00, 0x06};
    static const uint16_t write[] = {RESTART, WRITE | CHECK | 2, STOP};
    afresh(0, 0);
    GO(call, write);
    probe(13, raw(CONTROLLER, I2C_INT_NACK));
    afresh(I2C_CTR_ADDR_BROADCASTING_EN, 0);
    GO(call, write);
    probe(14, raw(TARGET, I2C_INT_GENERAL_CALL));
    probe(15, waiting(TARGET) << 8 | (I2C_DATA(TARGET) & 0xff));

    /* The byte behind the address is an offset into the target's RAM. */
    static const uint8_t put[] = {ADDRESS << 1, 5, 0x77, 0x88}, get[] = {ADDRESS << 1, 5, ADDRESS << 1 | 1};
    static const uint16_t four[] = {RESTART, WRITE | CHECK | 4, STOP};
    static const uint16_t back[] = {RESTART, WRITE | CHECK | 2, RESTART, WRITE | CHECK | 1, READ | NACK | 1, STOP};
    afresh(0, 0);
    set_bits(&I2C_FIFO_CONF(TARGET), I2C_FIFO_CONF_NONFIFO_EN | I2C_FIFO_CONF_FIFO_ADDR_CFG_EN);
    take_over(TARGET);
    (&I2C_TXFIFO_START_ADDR(TARGET))[5] = 0xc3;
    GO(put, four);
    probe(16, ((&I2C_RXFIFO_START_ADDR(TARGET))[5] & 0xff) << 8 | ((&I2C_RXFIFO_START_ADDR(TARGET))[6] & 0xff));
    GO(get, back);
    probe(17, I2C_DATA(CONTROLLER) & 0xff);
    clear_bits(&I2C_FIFO_CONF(TARGET), I2C_FIFO_CONF_NONFIFO_EN | I2C_FIFO_CONF_FIFO_ADDR_CFG_EN);
}

/* Two controllers begin at once; who sends the first 0 wins. */
static void arbitration(void) {
    static const uint8_t first_bytes[] = {0xa2, 0xa0};
    static const uint16_t write[] = {RESTART, WRITE | CHECK | 1, STOP};
    i2c_init(CONTROLLER, 100000, SDA, SCL);
    i2c_init(TARGET, 100000, TARGET_SDA, TARGET_SCL);
    for (uint32_t port = 0; port < 2; port++) {
        clear_fifos(port);
        I2C_DATA(port) = first_bytes[port];
        for (uint32_t n = 0; n < 3; n++)
            I2C_COMD(port, n) = write[n];
        I2C_INT_CLR(port) = 0xffffffff;
        take_over(port);
    }
    uint32_t first = I2C_CTR(CONTROLLER) | I2C_CTR_TRANS_START, second = I2C_CTR(TARGET) | I2C_CTR_TRANS_START;
    I2C_CTR(CONTROLLER) = first;
    I2C_CTR(TARGET) = second;
    delay_us(300);
    probe(18, (raw(CONTROLLER, I2C_INT_ARBITRATION_LOST) ? 2 : 0) | (raw(TARGET, I2C_INT_ARBITRATION_LOST) ? 1 : 0));
    probe(19, (I2C_SR(CONTROLLER) & I2C_SR_ARB_LOST) != 0);
    probe(20, raw(TARGET, I2C_INT_NACK));
}

static uint32_t until(uint32_t event) {
    uint64_t then = time_us();
    WAIT_UNTIL(raw(CONTROLLER, event), 5000);
    return (uint32_t)(time_us() - then);
}

static void timeouts(void) {
    static const uint8_t to[] = {ADDRESS << 1, 0x01};
    static const uint16_t write[] = {RESTART, WRITE | CHECK | 2, STOP}, dry[] = {RESTART, WRITE | CHECK | 3, STOP};
    /* Somebody holds SCL low: 2^12 cycles of 40 MHz. */
    afresh(0, 0);
    I2C_TO(CONTROLLER) = I2C_TO_TIME_OUT_EN | 12;
    take_over(CONTROLLER);
    gpio_open_drain(TARGET_SCL, 0, PULL_UP);
    BEGIN(CONTROLLER, to, write);
    probe(21, until(I2C_INT_TIME_OUT));
    probe(22, I2C_SR(CONTROLLER) & I2C_SR_BUS_BUSY);
    /* The FIFO is empty before the list is at its end: 2^16 cycles in one state. */
    afresh(0, 0);
    I2C_SCL_ST_TIME_OUT(CONTROLLER) = 16;
    take_over(CONTROLLER);
    BEGIN(CONTROLLER, to, dry);
    WAIT_UNTIL(raw(CONTROLLER, I2C_INT_MST_TXFIFO_UDF), 1000);
    probe(23, raw(CONTROLLER, I2C_INT_MST_TXFIFO_UDF));
    probe(24, until(I2C_INT_SCL_ST_TO));
    probe(25, I2C_SR(CONTROLLER) & I2C_SR_BUS_BUSY);

    /* Clearing the bus: nine clocks. */
    afresh(0, 0);
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, 1);
    gpio_in_signal(SIGNAL_PULSE, SCL);
    gpio_in_signal(SIGNAL_CONTROL, SIGNAL_HIGH);
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    I2C_SCL_SP_CONF(CONTROLLER) = I2C_SCL_SP_CONF_SCL_RST_SLV_EN | field(I2C_SCL_SP_CONF_SCL_RST_SLV_NUM, 9);
    take_over(CONTROLLER);
    WAIT_UNTIL(!(I2C_SCL_SP_CONF(CONTROLLER) & I2C_SCL_SP_CONF_SCL_RST_SLV_EN), 1000);
    probe(26, PCNT_U_CNT(0) & 0xffff);
    probe(27, I2C_SCL_SP_CONF(CONTROLLER) & I2C_SCL_SP_CONF_SCL_RST_SLV_EN);
    /* A line held low by the block itself. */
    I2C_SCL_SP_CONF(CONTROLLER) = I2C_SCL_SP_CONF_SCL_PD_EN;
    take_over(CONTROLLER);
    delay_us(5);
    probe(28, gpio_get(SCL));
    I2C_SCL_SP_CONF(CONTROLLER) = 0;
    take_over(CONTROLLER);
    delay_us(5);
    probe(29, gpio_get(SCL));
}

static void probes(void) {
    stretching();
    addresses();
    arbitration();
    timeouts();
}
