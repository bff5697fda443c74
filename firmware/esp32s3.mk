# Images for the ESP32-S3, included by Makefile. Compiler: xtensa-esp32s3-elf-gcc where it is on PATH, otherwise
# Debian's gcc-xtensa-lx106 with the configuration plugin that tools/xtensa_config.sh makes (docs/records/0007).
# The committed images come from the latter.

S3_CROSS ?= $(if $(shell command -v xtensa-esp32s3-elf-gcc),xtensa-esp32s3-elf-,xtensa-lx106-elf-)
XTENSA_CONFIG ?= ../build/xtensa/config.so
export XTENSA_GNU_CONFIG := $(abspath $(XTENSA_CONFIG))

S3_CONFIG := $(if $(findstring lx106,$(S3_CROSS)),$(XTENSA_CONFIG))

S3 := common/esp32s3
S3_CFLAGS := -mabi=windowed -mlongcalls -mtext-section-literals -std=c11 -ffreestanding -fno-tree-loop-distribute-patterns \
             -ffunction-sections -fdata-sections -g0 -Wall -Wextra -Werror -I$(S3) -I$(S3)/radio
S3_LDFLAGS := -mabi=windowed -nostdlib -Wl,--gc-sections,--build-id=none,-n,-z,max-page-size=4 \
              -Wl,--fatal-warnings,--no-warn-rwx-segments -L$(S3)

S3_RUNTIME := $(wildcard $(S3)/*.c $(S3)/*.S $(S3)/drivers/*.c)
S3_KERNEL := $(wildcard $(S3)/kernel/*.c $(S3)/kernel/*.S)
S3_RADIO := $(wildcard $(S3)/radio/*.c)
S3_FILES := $(wildcard $(S3)/*.c $(S3)/*.S $(S3)/*.h $(S3)/*.ld $(S3)/reg/*.h $(S3)/kernel/* $(S3)/drivers/* \
                      $(S3)/radio/* $(S3)/stage2/*)
S3_SHARED := Makefile esp32s3.mk $(S3_FILES) tools/elf.py tools/s3image.py
S3_BENCH := $(patsubst bench/esp32s3/%.c,s3_%,$(wildcard bench/esp32s3/*.c))
S3_PROBES := $(patsubst probes/esp32s3/%.c,s3_probe_%,$(wildcard probes/esp32s3/*.c))

# name: source, linker script (ram.ld where nothing is said)
S3_IMAGES := $(S3_BENCH) $(S3_PROBES) s3_hello s3_functions s3_rom_calls s3_usb_console s3_espnow_echo s3_devkit_panel \
             jinny_lamp
SRC_s3_hello := hello/main.c
SRC_s3_functions := functions/main.c
SRC_s3_rom_calls := $(wildcard rom_calls/*.c)
SRC_s3_usb_console := usb_console/main.c
$(foreach b,$(S3_BENCH),$(eval SRC_$(b) := bench/esp32s3/$(b:s3_%=%).c))
$(foreach p,$(S3_PROBES),$(eval SRC_$(p) := probes/esp32s3/$(p:s3_probe_%=%).c))
SRC_s3_espnow_echo := espnow_echo/main.c
SRC_s3_devkit_panel := devkit_panel/main.c
SRC_jinny_lamp := $(wildcard jinny_lamp/*.c)

# The kernel and the radio's stubs come with an image whose sources say so.
s3_files = $(SRC_$(1)) $(wildcard $(addsuffix *.h,$(sort $(dir $(SRC_$(1))))))
s3_sources = $(SRC_$(1)) $(S3_RUNTIME) $(if $(shell grep -l '"kernel/kernel.h"' $(call s3_files,$(1))),$(S3_KERNEL)) \
             $(if $(shell grep -l '"esp_\(now\|wifi\).h"' $(call s3_files,$(1))),$(S3_RADIO))

# The second stage comes before an application that stays in flash.
STAGE2 := $(BUILD)/stage2.elf
STAGE2_OBJ := $(patsubst %,$(BUILD)/s3.o/%.o,$(basename $(wildcard $(S3)/*.c $(S3)/*.S $(S3)/stage2/*.c $(S3)/drivers/flash.c)))
$(STAGE2): $(STAGE2_OBJ) $(S3_SHARED)
	$(S3_CROSS)gcc $(S3_LDFLAGS) -T stage2.ld $(filter %.o,$^) -o $@
	$(S3_CROSS)strip --strip-debug -R .comment -R .xtensa.info $@

# Each of them says so here, and where its partitions are not those of tools/s3image.py, which they are.
LD_s3_probe_flash := flash.ld
LD_s3_probe_flash_auto := flash.ld
LD_s3_hello := flash.ld
LD_jinny_lamp := flash.ld
TABLE_jinny_lamp := jinny_lamp/partitions.csv

# Functions of the mask ROM, for where there is no real one: `images` copies the file to engine/esp32s3/src/rom/functions.bin.
ROM_C := $(wildcard rom/*.c rom/*.S)
ROM_SHARED := Makefile esp32s3.mk $(wildcard rom/*.h rom/*.ld) tools/elf.py
ROM_CFLAGS := $(filter-out -I%,$(S3_CFLAGS)) -Os -fno-jump-tables
$(BUILD)/s3_rom.elf: $(ROM_C) $(ROM_SHARED) | $(S3_CONFIG)
	@mkdir -p $(@D)
	$(S3_CROSS)gcc $(ROM_CFLAGS) -mabi=windowed -nostdlib -Wl,--build-id=none,-n,--fatal-warnings,--no-warn-rwx-segments,-e,0 -T rom/rom.ld $(ROM_C) -o $@
	$(S3_CROSS)strip --strip-debug -R .comment -R .xtensa.info $@
$(BUILD)/s3_rom.bin: $(BUILD)/s3_rom.elf
	$(S3_CROSS)objcopy -O binary $< $@
	@printf '%s\n' $(sort $(ROM_C) $(ROM_SHARED)) > $(BUILD)/s3_rom.sources

define s3_image
HDR_$(1) := $$(wildcard $$(addsuffix *.h,$$(sort $$(dir $$(SRC_$(1))))))
$$(patsubst %.c,$$(BUILD)/s3.o/%.o,$$(SRC_$(1))): $$(HDR_$(1))
OBJ_$(1) := $$(patsubst %.S,$$(BUILD)/s3.o/%.o,$$(patsubst %.c,$$(BUILD)/s3.o/%.o,$$(call s3_sources,$(1))))
$$(BUILD)/$(1).elf: $$(OBJ_$(1)) $$(S3_SHARED)
	$$(S3_CROSS)gcc $$(S3_LDFLAGS) -T $$(or $$(LD_$(1)),ram.ld) $$(filter %.o,$$^) -o $$@
	$$(S3_CROSS)strip --strip-debug -R .comment -R .xtensa.info $$@
$$(BUILD)/$(1).bin: $$(BUILD)/$(1).elf $$(if $$(LD_$(1)),$$(STAGE2)) $$(TABLE_$(1))
	$$(PYTHON) tools/s3image.py $$< $$@ $$(if $$(LD_$(1)),--stage2 $$(STAGE2)) $$(if $$(TABLE_$(1)),--table $$(TABLE_$(1)))
	@printf '%s\n' $$(sort $$(SRC_$(1)) $$(HDR_$(1)) $$(TABLE_$(1)) $$(S3_SHARED)) > $$(BUILD)/$(1).sources
endef

$(XTENSA_CONFIG):
	bash tools/xtensa_config.sh $@

$(BUILD)/s3.o/%.o: %.c $(S3_SHARED) | $(S3_CONFIG)
	@mkdir -p $(@D)
	$(S3_CROSS)gcc $(S3_CFLAGS) -O2 -c $< -o $@
$(BUILD)/s3.o/%.o: %.S $(S3_SHARED) | $(S3_CONFIG)
	@mkdir -p $(@D)
	$(S3_CROSS)gcc $(S3_CFLAGS) -c $< -o $@

$(foreach i,$(S3_IMAGES),$(eval $(call s3_image,$(i))))

esp32s3: $(foreach i,$(S3_IMAGES),$(BUILD)/$(i).bin) $(BUILD)/s3_rom.bin
.PHONY: esp32s3
