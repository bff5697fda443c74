/* I2C with a serial EEPROM, 24C02, on GPIO8 and GPIO9: acknowledge polling, pages, addresses that go round. */
#include "drivers/drivers.h"
#include "probe.h"

#define SDA 8
#define SCL 9
#define MEMORY 0x50
#define NOBODY 0x51
#define PAGE 8u

static uint32_t write(uint8_t at, const uint8_t *bytes, uint32_t count) {
    uint8_t message[1 + PAGE];
    message[0] = at;
    memcpy(message + 1, bytes, count);
    return i2c_transfer(0, MEMORY, message, 1 + count, 0, 0);
}

static uint32_t read(uint8_t at, uint8_t *bytes, uint32_t count) { return i2c_transfer(0, MEMORY, &at, 1, bytes, count); }

/* It answers again when it has written. */
static uint32_t poll(void) {
    uint64_t since = time_us();
    WAIT_UNTIL(i2c_transfer(0, MEMORY, "", 1, 0, 0), 20000);
    return (uint32_t)(time_us() - since);
}

static void probes(void) {
    static const uint8_t text[PAGE] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t back[16];
    i2c_init(0, 400000, SDA, SCL);
    probe(1, gpio_get(SDA) << 1 | gpio_get(SCL));
    probe(2, i2c_transfer(0, NOBODY, text, 1, 0, 0));
    probe(3, read(0, back, 4));
    probe(4, (uint32_t)back[0] << 8 | back[3]);

    uint64_t then = time_us();
    probe(5, write(0x10, text, 4));
    probe(6, (uint32_t)(time_us() - then));
    probe(7, i2c_transfer(0, MEMORY, text, 1, 0, 0));
    probe(8, poll());
    read(0x10, back, 5);
    probe(9, memcmp(back, text, 4) == 0);
    probe(10, back[4]);

    /* A page is 8 bytes: what goes beyond its end comes to its start. */
    write(0x1c, text, PAGE);
    poll();
    read(0x18, back, PAGE);
    probe(11, (uint32_t)back[0] << 8 | back[4]);
    read(0x20, back, 1);
    probe(12, back[0]);

    /* Reading goes round the whole memory. */
    write(0xf8, text, PAGE);
    poll();
    write(0, text + 4, 2);
    poll();
    read(0xfe, back, 4);
    probe(13, (uint32_t)back[0] << 24 | (uint32_t)back[1] << 16 | (uint32_t)back[2] << 8 | back[3]);
}
