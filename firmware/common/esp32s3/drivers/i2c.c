/* ESP32-S3 TRM, chapter "I2C Controller"; the times are worked out as ESP-IDF hal/i2c_ll.h does. */
#include "drivers/drivers.h"
#include "reg/i2c.h"

#define FIFO_BYTES 32u
#define MOST_COMMANDS 8u
#define TIMEOUT_US 100000u

enum opcode { WRITE = 1, STOP = 2, READ = 3, END = 4, RESTART = 6 };
#define CHECK_ACK BIT(8)
#define NACK_AFTER BIT(10)

/* Signals of the GPIO matrix: ESP-IDF soc/gpio_sig_map.h. */
static const struct {
    uint8_t scl, sda;
} signals[2] = {{89, 90}, {91, 92}};

static void line(uint32_t pin, uint32_t signal) {
    gpio_open_drain(pin, 1, PULL_UP);
    gpio_out_signal(pin, signal);
    gpio_in_signal(signal, pin);
}

static void take_over(uint32_t port) { set_bits(&I2C_CTR(port), I2C_CTR_CONF_UPGATE); }

static void clear_fifos(uint32_t port) {
    set_bits(&I2C_FIFO_CONF(port), I2C_FIFO_CONF_RX_FIFO_RST | I2C_FIFO_CONF_TX_FIFO_RST);
    clear_bits(&I2C_FIFO_CONF(port), I2C_FIFO_CONF_RX_FIFO_RST | I2C_FIFO_CONF_TX_FIFO_RST);
}

static void begin(uint32_t port, uint32_t mode, uint32_t sda, uint32_t scl) {
    peripheral_on(port ? PERIP_I2C1 : PERIP_I2C0);
    line(sda, signals[port].sda);
    line(scl, signals[port].scl);
    I2C_CTR(port) = I2C_CTR_SDA_FORCE_OUT | I2C_CTR_SCL_FORCE_OUT | I2C_CTR_CLK_EN |
                    I2C_CTR_ARBITRATION_EN | mode;
    I2C_FIFO_CONF(port) = I2C_FIFO_CONF_FIFO_PRT_EN;
    I2C_CLK_CONF(port) = I2C_CLK_CONF_SCLK_ACTIVE; /* the crystal, by 1 */
    I2C_FILTER_CFG(port) = I2C_FILTER_CFG_SCL_FILTER_EN | I2C_FILTER_CFG_SDA_FILTER_EN |
                           field(I2C_FILTER_CFG_SCL_FILTER_THRES, 7) | field(I2C_FILTER_CFG_SDA_FILTER_THRES, 7);
    clear_fifos(port);
}

void i2c_init(uint32_t port, uint32_t hz, uint32_t sda, uint32_t scl) {
    begin(port, I2C_CTR_MS_MODE, sda, scl);
    uint32_t divisor = XTAL_HZ / (hz * 1024) + 1, half = XTAL_HZ / divisor / hz / 2;
    uint32_t wait_high = hz >= 80000 ? half / 2 - 2 : half / 4;
    I2C_CLK_CONF(port) = I2C_CLK_CONF_SCLK_ACTIVE | field(I2C_CLK_CONF_SCLK_DIV_NUM, divisor - 1);
    I2C_SCL_LOW_PERIOD(port) = half - 1;
    I2C_SCL_HIGH_PERIOD(port) = field(I2C_SCL_HIGH_PERIOD_SCL_HIGH_PERIOD, half - wait_high) |
                                field(I2C_SCL_HIGH_PERIOD_SCL_WAIT_HIGH_PERIOD, wait_high);
    I2C_SDA_HOLD(port) = half / 4 - 1;
    I2C_SDA_SAMPLE(port) = half / 2 - 1;
    I2C_SCL_START_HOLD(port) = I2C_SCL_STOP_HOLD(port) = I2C_SCL_RSTART_SETUP(port) = I2C_SCL_STOP_SETUP(port) = half - 1;
    I2C_TO(port) = I2C_TO_TIME_OUT_EN | 16;
    take_over(port);
}

static enum i2c_failure failures[2];
enum i2c_failure i2c_failure(uint32_t port) { return failures[port]; }

static i2c_wait *waits[2];
void i2c_waits(uint32_t port, i2c_wait *wait) { waits[port] = wait; }
void i2c_interrupted(uint32_t port) { I2C_INT_ENA(port) = 0; }

/* Until one of these events, or for too long; all events that there were. */
static uint32_t await(uint32_t port, uint32_t events) {
    uint64_t since = time_us(), spent = 0;
    while (!(I2C_INT_RAW(port) & events) && spent < TIMEOUT_US) {
        if (waits[port]) {
            I2C_INT_ENA(port) = events;
            waits[port]((uint32_t)(TIMEOUT_US - spent));
        }
        spent = time_us() - since;
    }
    return I2C_INT_RAW(port);
}

static void put(uint32_t port, uint32_t byte) { I2C_DATA(port) = byte; }

/* Runs a command list; 1: it came to its STOP or END. */
static uint32_t run(uint32_t port, const uint16_t *commands, uint32_t count) {
    const uint32_t over = I2C_INT_TRANS_COMPLETE | I2C_INT_END_DETECT;
    const uint32_t failed = I2C_INT_NACK | I2C_INT_TIME_OUT | I2C_INT_ARBITRATION_LOST;
    for (uint32_t n = 0; n < count; n++)
        I2C_COMD(port, n) = commands[n];
    I2C_INT_CLR(port) = 0xffffffff;
    take_over(port);
    set_bits(&I2C_CTR(port), I2C_CTR_TRANS_START);
    uint32_t events = await(port, over | failed);
    if (!(events & failed) && events & over)
        return 1;
    /* Let go of the bus. */
    static const uint16_t stop[] = {STOP << 11};
    if (count != 1 || commands[0] != stop[0])
        run(port, stop, 1);
    failures[port] = events & I2C_INT_NACK       ? I2C_NOT_ACKNOWLEDGED
                     : events & I2C_INT_ARBITRATION_LOST ? I2C_LINE_HELD
                                                         : I2C_NO_ANSWER;
    set_bits(&I2C_CTR(port), I2C_CTR_FSM_RST);
    clear_fifos(port);
    return 0;
}

uint32_t i2c_transfer(uint32_t port, uint32_t address, const void *out, uint32_t out_bytes, void *in, uint32_t in_bytes) {
    const uint8_t *from = out;
    uint8_t *to = in;
    uint16_t commands[MOST_COMMANDS];
    clear_fifos(port);
    for (uint32_t first = 1; first || out_bytes; first = 0) {
        if (first && !out_bytes && in_bytes)
            break; /* a reading alone */
        uint32_t room = FIFO_BYTES - first, part = out_bytes < room ? out_bytes : room, count = 0;
        if (first) {
            commands[count++] = RESTART << 11;
            put(port, address << 1);
        }
        for (uint32_t n = 0; n < part; n++)
            put(port, *from++);
        out_bytes -= part;
        commands[count++] = (uint16_t)(WRITE << 11 | CHECK_ACK | (part + first));
        commands[count++] = out_bytes || in_bytes ? END << 11 : STOP << 11;
        if (!run(port, commands, count))
            return 0;
    }
    for (uint32_t first = 1; in_bytes; first = 0) {
        uint32_t part = in_bytes < FIFO_BYTES ? in_bytes : FIFO_BYTES, count = 0;
        if (first) {
            put(port, address << 1 | 1);
            commands[count++] = RESTART << 11;
            commands[count++] = WRITE << 11 | CHECK_ACK | 1;
        }
        in_bytes -= part;
        uint32_t acknowledged = in_bytes ? part : part - 1; /* the last byte of all is not */
        if (acknowledged)
            commands[count++] = (uint16_t)(READ << 11 | acknowledged);
        if (!in_bytes)
            commands[count++] = READ << 11 | NACK_AFTER | 1;
        commands[count++] = in_bytes ? END << 11 : STOP << 11;
        if (!run(port, commands, count))
            return 0;
        while (part--)
            *to++ = (uint8_t)I2C_DATA(port);
    }
    return 1;
}

void i2c_target(uint32_t port, uint32_t address, uint32_t sda, uint32_t scl) {
    begin(port, I2C_CTR_SLV_TX_AUTO_START_EN, sda, scl);
    I2C_SLAVE_ADDR(port) = address;
    I2C_SDA_HOLD(port) = 10;
    I2C_SDA_SAMPLE(port) = 10;
    I2C_INT_CLR(port) = 0xffffffff;
    take_over(port);
}

uint32_t i2c_target_received(uint32_t port, void *bytes, uint32_t most) {
    uint32_t count = field_get(I2C_SR(port), I2C_SR_RXFIFO_CNT);
    count = count < most ? count : most;
    for (uint32_t n = 0; n < count; n++)
        ((uint8_t *)bytes)[n] = (uint8_t)I2C_DATA(port);
    return count;
}

void i2c_target_answer(uint32_t port, const void *bytes, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        put(port, ((const uint8_t *)bytes)[n]);
}
