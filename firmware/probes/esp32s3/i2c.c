/* I2C0 as controller on GPIO8 (SDA) and GPIO9 (SCL), I2C1 as target on GPIO6 and GPIO7, which the test wires to them. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/i2c.h"

#define SDA 8
#define SCL 9
#define TARGET_SDA 6
#define TARGET_SCL 7
#define ADDRESS 0x42

static void probes(void) {
    uint8_t out[40], in[40];
    for (uint32_t n = 0; n < sizeof out; n++)
        out[n] = (uint8_t)(n * 29 + 1);
    i2c_init(0, 400000, SDA, SCL);
    i2c_target(1, ADDRESS, TARGET_SDA, TARGET_SCL);

    probe(1, i2c_transfer(0, 0x17, out, 1, 0, 0)); /* nobody there */
    probe(2, I2C_SR(0) & I2C_SR_BUS_BUSY);

    uint64_t then = time_us();
    probe(3, i2c_transfer(0, ADDRESS, out, 20, 0, 0));
    probe(4, (uint32_t)(time_us() - then));
    probe(5, i2c_target_received(1, in, sizeof in));
    probe(6, (uint32_t)memcmp(in, out, 20));
    probe(7, I2C_INT_RAW(1) & I2C_INT_TRANS_COMPLETE);

    /* What the target has ready is read; the last byte is not acknowledged. */
    i2c_target_answer(1, "answer", 6);
    memset(in, 0, sizeof in);
    probe(8, i2c_transfer(0, ADDRESS, 0, 0, in, 6));
    probe(9, (uint32_t)memcmp(in, "answer", 6));

    /* Written and read in one go, with a repeated start. */
    i2c_target_answer(1, "xyz", 3);
    memset(in, 0, sizeof in);
    probe(10, i2c_transfer(0, ADDRESS, out, 2, in, 3));
    probe(11, (uint32_t)memcmp(in, "xyz", 3));
    probe(12, i2c_target_received(1, in, sizeof in));

    /* At 100 kHz: 9 bits a byte. */
    i2c_init(0, 100000, SDA, SCL);
    then = time_us();
    i2c_transfer(0, ADDRESS, out, 9, 0, 0);
    probe(13, (uint32_t)(time_us() - then));
    probe(14, i2c_target_received(1, in, sizeof in));
}
