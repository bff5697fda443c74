/* The pages of the radio, of which no manual tells, and two blocks that nothing works behind: what is written stays, and
 * the clock of the Bluetooth LE link layer runs. The test looks at what the twin says of it. */
#include "probe.h"
#include "reg/system.h"

#define RECEIVER REG(0x6001c800u)
#define BLUETOOTH REG(0x60011400u)
#define WIFI REG(0x60033400u)
/* What r_rwip_time_get of the mask ROM reads: half slots of 312.5 us; bit 31 samples, and half microseconds that are left. */
#define BLE_SLOTS REG(0x6003101cu)
#define BLE_FINE REG(0x60031020u)
#define SAMPLE BIT(31)
/* ESP-IDF soc/rtc_i2c_reg.h, soc/uhci_reg.h. */
#define RTC_I2C_SCL_HIGH REG(0x60008c14u)
#define RTC_I2C_CMD0 REG(0x60008c38u)
#define UHCI1_CONF0 REG(0x6000c000u)
#define UHCI1_PKT_THRES REG(0x6000c080u)
#define PERIP_UHCI1_BIT 12

static uint32_t kept(volatile uint32_t *word) {
    *word = 0x12345678;
    uint32_t same = *word == 0x12345678;
    *word = 0;
    return same && *word == 0;
}

/* Half microseconds since some moment. */
static uint32_t ble_time(void) {
    BLE_SLOTS = SAMPLE;
    WAIT_UNTIL(!(BLE_SLOTS & SAMPLE), 10);
    return BLE_SLOTS * 625 + 624 - BLE_FINE;
}

static void probes(void) {
    probe(1, kept(&RECEIVER) + kept(&BLUETOOTH) + kept(&WIFI));
    uint32_t then = ble_time();
    delay_us(5000);
    probe(2, ble_time() - then);

    probe(3, RTC_I2C_SCL_HIGH);
    probe(4, RTC_I2C_CMD0);
    RTC_I2C_SCL_HIGH = 0xfffff;
    probe(5, RTC_I2C_SCL_HIGH);
    set_bits(&SYSTEM_PERIP_CLK_EN0, BIT(PERIP_UHCI1_BIT));
    probe(6, UHCI1_CONF0);
    UHCI1_PKT_THRES = 0x1fff;
    probe(7, UHCI1_PKT_THRES);
}
