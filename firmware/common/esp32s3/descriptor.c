/* The application descriptor: the first 256 bytes of an application's constants (ESP-IDF esp_app_desc.h). */
#include <stdint.h>

__attribute__((section(".app_descriptor"), used)) static const struct {
    uint32_t magic, secure_version, reserved[2];
    char version[32], project[32], time[16], date[16], idf_version[32];
    uint8_t elf_sha256[32];
    uint32_t rest[20];
} descriptor = {.magic = 0xabcd5432, .version = "1", .project = "boardtwins firmware"};
