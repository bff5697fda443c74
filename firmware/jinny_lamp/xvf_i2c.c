/* XMOS XVF3800 user guide, "Control interface"; status bytes: host_xvf_control, control_ret_str_map.h. */
#include "xvf_i2c.h"

#include "drivers/drivers.h"

#define ADDRESS 0x2cu
#define PAYLOAD_MOST 52u
#define READ BIT(7)

#define SUCCESS 0u
#define RETRY 64u
#define TRIES 10u
#define RETRY_TICKS pdMS_TO_TICKS(2)

/* I2C-bus specification UM10204, 3.1.16: nine clocks at no more than 100 kHz make any target let go of SDA. */
#define RECOVERY_CLOCKS 9u
#define HALF_CLOCK_US 5u

#define APPLICATION 48u
#define VERSION 0u
#define LINEOUT_LEVEL 12u
#define GPO 20u
#define GPO_READ_VALUES 0u
#define GPO_WRITE_VALUE 1u
#define AEC 33u
#define AEC_AZIMUTH_VALUES 75u
#define AEC_SPENERGY_VALUES 80u

volatile xvf_stats_t xvf_stats;

#define SOURCE_I2C (42u + I2C_XVF)

static SemaphoreHandle_t bus, over;

static void on_transfer(void *argument) {
    (void)argument;
    i2c_interrupted(I2C_XVF);
    xSemaphoreGiveFromISR(over, 0);
}

static void wait_for_transfer(uint32_t us) { xSemaphoreTake(over, pdMS_TO_TICKS(us / 1000u) + 1u); }

static bool is_free(void) { return gpio_get(PIN_I2C_SDA) && gpio_get(PIN_I2C_SCL); }

/* A target that was left in the middle of a byte waits for clocks with SDA low. */
static bool recover(void) {
    xvf_stats.bus_recoveries++;
    gpio_open_drain(PIN_I2C_SCL, 1, PULL_UP);
    gpio_open_drain(PIN_I2C_SDA, 1, PULL_UP);
    delay_us(HALF_CLOCK_US);
    for (uint32_t n = 0; n < RECOVERY_CLOCKS; n++) {
        gpio_put(PIN_I2C_SCL, 0);
        delay_us(HALF_CLOCK_US);
        gpio_put(PIN_I2C_SCL, 1);
        delay_us(HALF_CLOCK_US);
    }
    gpio_put(PIN_I2C_SCL, 0);
    delay_us(HALF_CLOCK_US);
    gpio_put(PIN_I2C_SDA, 0);
    delay_us(HALF_CLOCK_US);
    gpio_put(PIN_I2C_SCL, 1);
    delay_us(HALF_CLOCK_US);
    gpio_put(PIN_I2C_SDA, 1);
    delay_us(HALF_CLOCK_US);
    bool free = is_free();
    i2c_init(I2C_XVF, I2C_XVF_HZ, PIN_I2C_SDA, PIN_I2C_SCL);
    if (!free)
        xvf_stats.bus_stuck++;
    return free;
}

/* One transfer, up to its STOP. A held SDA looks like an acknowledge, and then like zeros: so the lines are looked at
 * before and after. */
static esp_err_t transfer(const void *out, uint32_t out_bytes, void *in, uint32_t in_bytes) {
    if (!is_free() && !recover())
        return ESP_ERR_INVALID_STATE;
    uint32_t done = i2c_transfer(I2C_XVF, ADDRESS, out, out_bytes, in, in_bytes);
    if (!done && i2c_failure(I2C_XVF) == I2C_NOT_ACKNOWLEDGED) {
        xvf_stats.nacks++;
        return ESP_FAIL;
    }
    delay_us(HALF_CLOCK_US); /* the bus is free some time after the STOP */
    if (done && is_free())
        return ESP_OK;
    xvf_stats.line_errors++;
    recover();
    return ESP_ERR_INVALID_STATE;
}

esp_err_t xvf_i2c_init(void) {
    if (!bus) {
        bus = xSemaphoreCreateMutex();
        over = xSemaphoreCreateBinary();
    }
    if (!bus || !over)
        return ESP_ERR_NO_MEM;
    interrupt_handler(LINE_I2C, on_transfer, 0);
    interrupt_route((uint32_t)xPortGetCoreID(), SOURCE_I2C, LINE_I2C);
    interrupt_enable(LINE_I2C);
    i2c_waits(I2C_XVF, wait_for_transfer);
    i2c_init(I2C_XVF, I2C_XVF_HZ, PIN_I2C_SDA, PIN_I2C_SCL);
    return ESP_OK;
}

/* A read is two transfers. As long as the answer is RETRY, both are made again; others may have the bus meanwhile. */
esp_err_t xvf_read(uint8_t resource, uint8_t command, void *payload, uint32_t bytes) {
    uint8_t question[3] = {resource, (uint8_t)(command | READ), (uint8_t)(bytes + 1)}, answer[1 + PAYLOAD_MOST];
    if (bytes > PAYLOAD_MOST)
        return ESP_ERR_INVALID_SIZE;
    xvf_stats.commands++;
    for (uint32_t n = 0; n < TRIES; n++) {
        if (n)
            vTaskDelay(RETRY_TICKS);
        xSemaphoreTake(bus, portMAX_DELAY);
        esp_err_t result = transfer(question, sizeof question, 0, 0);
        if (result == ESP_OK)
            result = transfer(0, 0, answer, bytes + 1);
        xSemaphoreGive(bus);
        if (result != ESP_OK)
            return result;
        if (answer[0] == SUCCESS) {
            memcpy(payload, answer + 1, bytes);
            return ESP_OK;
        }
        if (answer[0] != RETRY) {
            xvf_stats.refused++;
            return ESP_ERR_INVALID_RESPONSE;
        }
        xvf_stats.retries++;
    }
    xvf_stats.starved++;
    return ESP_ERR_TIMEOUT;
}

esp_err_t xvf_write(uint8_t resource, uint8_t command, const void *payload, uint32_t bytes) {
    uint8_t packet[3 + PAYLOAD_MOST] = {resource, command, (uint8_t)bytes};
    if (bytes > PAYLOAD_MOST)
        return ESP_ERR_INVALID_SIZE;
    memcpy(packet + 3, payload, bytes);
    xvf_stats.commands++;
    xSemaphoreTake(bus, portMAX_DELAY);
    esp_err_t result = transfer(packet, 3 + bytes, 0, 0);
    xSemaphoreGive(bus);
    return result;
}

esp_err_t xvf_version_read(uint8_t version[3]) { return xvf_read(APPLICATION, VERSION, version, 3); }

esp_err_t xvf_gpo_write(uint8_t pin, bool level) {
    uint8_t payload[2] = {pin, level};
    return xvf_write(GPO, GPO_WRITE_VALUE, payload, sizeof payload);
}

esp_err_t xvf_gpo_read(uint8_t levels[5]) { return xvf_read(GPO, GPO_READ_VALUES, levels, 5); }

esp_err_t xvf_azimuths_read(float radians[4]) { return xvf_read(AEC, AEC_AZIMUTH_VALUES, radians, 4 * sizeof *radians); }

esp_err_t xvf_energies_read(float energies[4]) {
    return xvf_read(AEC, AEC_SPENERGY_VALUES, energies, 4 * sizeof *energies);
}

esp_err_t xvf_lineout_write(uint8_t level) { return xvf_write(APPLICATION, LINEOUT_LEVEL, &level, 1); }
