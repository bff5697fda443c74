/* I2S0 with the GDMA: a ring of blocks each way, for ever. An interrupt at each block's end counts it. */
#include "audio_i2s.h"

#include "drivers/drivers.h"
#include "reg/gdma.h"
#include "settings.h"

#define BLOCK 256u /* samples per channel: 16 ms; its bytes fit one descriptor */
#define BLOCK_BYTES (BLOCK * 2 * sizeof(int32_t))
#define BLOCKS_IN 8u
#define BLOCKS_OUT 13u /* 208 ms, silent at first */
#define AHEAD 2u       /* the block that plays and the one that the DMA has fetched already are left alone */
#define FULL_VOLUME 100u
#define SOURCE_DMA_IN (66u + DMA_AUDIO)
#define SOURCE_DMA_OUT (71u + DMA_AUDIO)
#define OWNER_DMA BIT(31)

volatile audio_i2s_stats_t audio_i2s_stats;

static const struct i2s i2s = {.port = I2S_VOICE, .hz = AUDIO_HZ, .bck = PIN_I2S_BCLK, .ws = PIN_I2S_WS,
                               .out = PIN_I2S_OUT, .in = PIN_I2S_IN, .dma_channel = DMA_AUDIO, .slot_bits = 32};

static int32_t in[BLOCKS_IN][2 * BLOCK], out[BLOCKS_OUT][2 * BLOCK];
static struct dma_descriptor in_ring[BLOCKS_IN], out_ring[BLOCKS_OUT];
static SemaphoreHandle_t came, played, player;

/* Numbers of blocks since the start. */
static volatile uint32_t blocks_in, blocks_out;
static uint32_t read_block, read_at; /* what is read next: block and sample in it */
static uint32_t write_block, write_at;
static bool dirty[BLOCKS_OUT]; /* holds what was to be played */
static volatile uint32_t volume = FULL_VOLUME;

static void on_dma(void *argument) {
    (void)argument;
    if (GDMA_IN_INT_ST_CH(DMA_AUDIO) & GDMA_IN_INT_CH_IN_SUC_EOF) {
        GDMA_IN_INT_CLR_CH(DMA_AUDIO) = GDMA_IN_INT_CH_IN_SUC_EOF;
        for (struct dma_descriptor *d; !((d = &in_ring[blocks_in % BLOCKS_IN])->control & OWNER_DMA); blocks_in++) {
            d->control = OWNER_DMA | BLOCK_BYTES;
            audio_i2s_stats.blocks_in++;
        }
        xSemaphoreGiveFromISR(came, 0);
    }
    if (GDMA_OUT_INT_ST_CH(DMA_AUDIO) & GDMA_OUT_INT_CH_OUT_EOF) {
        GDMA_OUT_INT_CLR_CH(DMA_AUDIO) = GDMA_OUT_INT_CH_OUT_EOF;
        const struct dma_descriptor *end = (const struct dma_descriptor *)GDMA_OUT_EOF_DES_ADDR_CH(DMA_AUDIO);
        for (uint32_t slot, last = (uint32_t)(end - out_ring), over = 0; !over;) {
            slot = blocks_out++ % BLOCKS_OUT;
            audio_i2s_stats.blocks_out++;
            if (dirty[slot])
                memset(out[slot], 0, BLOCK_BYTES);
            dirty[slot] = false;
            over = slot == last % BLOCKS_OUT;
        }
        xSemaphoreGiveFromISR(played, 0);
    }
}

static void ring(struct dma_descriptor *descriptors, int32_t (*blocks)[2 * BLOCK], uint32_t count, uint32_t to_fill) {
    for (uint32_t n = 0; n < count; n++) {
        dma_describe(&descriptors[n], 1, blocks[n], BLOCK_BYTES, to_fill);
        descriptors[n].next = &descriptors[(n + 1) % count];
    }
}

static void run(void) {
    blocks_in = blocks_out = 0;
    read_block = read_at = write_block = write_at = 0;
    memset(out, 0, sizeof out);
    memset(dirty, 0, sizeof dirty);
    ring(in_ring, in, BLOCKS_IN, 1);
    ring(out_ring, out, BLOCKS_OUT, 0);
    i2s_init(&i2s);
    i2s_receive(&i2s, in_ring, BLOCK_BYTES);
    i2s_send(&i2s, out_ring);
    GDMA_IN_INT_ENA_CH(DMA_AUDIO) = GDMA_IN_INT_CH_IN_SUC_EOF;
    GDMA_OUT_INT_ENA_CH(DMA_AUDIO) = GDMA_OUT_INT_CH_OUT_EOF;
}

esp_err_t audio_i2s_init(void) {
    settings_t settings;
    settings_get(&settings);
    audio_i2s_volume(settings.volume);
    came = xSemaphoreCreateBinary();
    played = xSemaphoreCreateBinary();
    player = xSemaphoreCreateMutex();
    if (!came || !played || !player)
        return ESP_ERR_NO_MEM;
    interrupt_handler(LINE_I2S, on_dma, 0);
    interrupt_route((uint32_t)xPortGetCoreID(), SOURCE_DMA_IN, LINE_I2S);
    interrupt_route((uint32_t)xPortGetCoreID(), SOURCE_DMA_OUT, LINE_I2S);
    interrupt_enable(LINE_I2S);
    run();
    return ESP_OK;
}

static void halt(void) {
    GDMA_IN_INT_ENA_CH(DMA_AUDIO) = GDMA_OUT_INT_ENA_CH(DMA_AUDIO) = 0;
    i2s_stop(&i2s);
}

void audio_i2s_stop(void) {
    if (player)
        halt();
}

void audio_i2s_restart(void) {
    xSemaphoreTake(player, portMAX_DELAY);
    halt();
    audio_i2s_stats.restarts++;
    run();
    xSemaphoreGive(player);
}

void audio_i2s_volume(uint8_t percent) { volume = percent < FULL_VOLUME ? percent : FULL_VOLUME; }

esp_err_t audio_i2s_read(int32_t *stereo, size_t samples, size_t *read, TickType_t ticks) {
    *read = 0;
    while (*read < samples) {
        uint32_t waiting = blocks_in - read_block;
        if (!waiting) {
            if (!xSemaphoreTake(came, ticks))
                return ESP_ERR_TIMEOUT;
            continue;
        }
        if (waiting > BLOCKS_IN - AHEAD) { /* the DMA is about to write where we read */
            audio_i2s_stats.overruns += waiting - 1;
            read_block = blocks_in - 1;
            read_at = 0;
        }
        uint32_t part = BLOCK - read_at, wanted = samples - *read;
        part = part < wanted ? part : wanted;
        memcpy(stereo + 2 * *read, in[read_block % BLOCKS_IN] + 2 * read_at, part * 2 * sizeof *stereo);
        *read += part;
        read_at += part;
        if (read_at == BLOCK) {
            read_at = 0;
            read_block++;
        }
    }
    return ESP_OK;
}

static void scale(int32_t *to, const int32_t *from, uint32_t count) {
    int32_t by = (int32_t)volume;
    for (uint32_t n = 0; n < count; n++)
        to[n] = from[n] / (int32_t)FULL_VOLUME * by;
}

esp_err_t audio_i2s_write(const int32_t *stereo, size_t samples, TickType_t ticks) {
    esp_err_t result = ESP_OK;
    xSemaphoreTake(player, portMAX_DELAY);
    for (size_t done = 0; done < samples;) {
        if ((int32_t)(write_block - blocks_out - AHEAD) < 0) {
            if (done || write_at)
                audio_i2s_stats.underruns++;
            write_block = blocks_out + AHEAD;
            write_at = 0;
        }
        if (write_block - blocks_out >= BLOCKS_OUT) {
            if (xSemaphoreTake(played, ticks))
                continue;
            result = ESP_ERR_TIMEOUT;
            break;
        }
        uint32_t slot = write_block % BLOCKS_OUT, part = BLOCK - write_at;
        part = part < samples - done ? part : samples - done;
        dirty[slot] = true;
        scale(out[slot] + 2 * write_at, stereo + 2 * done, 2 * part);
        done += part;
        write_at += part;
        if (write_at == BLOCK) {
            write_at = 0;
            write_block++;
        }
    }
    xSemaphoreGive(player);
    return result;
}
