#include "fx_registry.h"

#include "fx.h"

/* Ids are what remote controls know: they stay. */
const fx_effect_t fx_registry[] = {
    {1, "WARM", 64, fx_warm},
    {2, "BREATH", 512, fx_breath},
    {3, "RAINBOW", 768, fx_rainbow},
    {4, "PLASMA", 512, fx_plasma},
    {5, "AURORA", 384, fx_aurora},
    {6, "WAVES", 640, fx_waves},
    {7, "FIRE", 1024, fx_fire},
    {8, "RAIN", 256, fx_rain},
    {9, "STARS", 256, fx_stars},
    {10, "CONFETTI", 256, fx_confetti},
    {11, "COMETS", 256, fx_comets},
    {100, "DOA DEBUG", 256, fx_doa_debug},
};
const uint32_t fx_registry_count = sizeof fx_registry / sizeof *fx_registry;

const fx_effect_t *fx_registry_find(uint16_t id) {
    for (uint32_t n = 0; n < fx_registry_count; n++)
        if (fx_registry[n].id == id)
            return &fx_registry[n];
    return 0;
}

const fx_effect_t *fx_registry_after(uint16_t id) {
    for (uint32_t n = 0; n < fx_registry_count; n++)
        if (fx_registry[n].id == id)
            return &fx_registry[(n + 1) % fx_registry_count];
    return &fx_registry[0];
}

uint32_t fx_hash(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t x = a * 0x9e3779b1u ^ (b + 0x7f4a7c15u) * 0x85ebca77u ^ (c + 0x165667b1u) * 0xc2b2ae3du;
    x ^= x >> 15;
    x *= 0x2c1b3c6du;
    x ^= x >> 12;
    x *= 0x297a2d39u;
    return x ^ x >> 15;
}
