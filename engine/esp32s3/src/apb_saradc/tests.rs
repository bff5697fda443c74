use super::*;
use crate::gdma::Gdma;
use crate::memories::{Memories, Mmu};
use engine_core::time::MICROSECOND;

/// The block with those that it works with. Offsets as in ESP-IDF `soc/apb_saradc_reg.h`.
struct Bench {
    adc: ApbSaradc,
    sens: Sens,
    analog: Regi2c,
    gdma: Gdma,
    mem: Memories,
    mmu: Mmu,
    fabric: Fabric,
}

const CTRL: u32 = 0x00;
const CTRL2: u32 = 0x04;
const TIMER_ON: u32 = 1 << 24 | 1 << 11;
/// SAR_CLK_GATED, patterns of one item.
const CONTROL: u32 = 1 << 6 | 1 << 7;

impl Bench {
    /// A controller at 5 MHz from a crystal's 40 MHz, ADC1 with it.
    fn new() -> Self {
        let mut bench = Self {
            adc: ApbSaradc::new(),
            sens: Sens::new(),
            analog: Regi2c::new(),
            gdma: Gdma::new(),
            mem: Memories::new(0x10000, 0),
            mmu: Mmu::new(),
            fabric: Fabric::new(),
        };
        bench.sens.write(0x10, Write::word(1 << 31), &mut bench.fabric);
        bench.write(0x70, 2 << 21 | 7);
        bench.write(CTRL, CONTROL);
        for pin in 1..=20 {
            bench.fabric.microvolts[pin] = 40_000 * pin as u32;
        }
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.adc.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.adc.read(offset, &mut self.fabric)
    }

    fn run_for(&mut self, microseconds: u64) {
        let end = self.fabric.now() + microseconds * MICROSECOND;
        loop {
            let due = self.fabric.events.due(Slot::AdcDigital as usize);
            if due > end {
                break;
            }
            self.fabric.cycle = self.fabric.clock.first_cycle_from(due);
            let Self { adc, sens, analog, gdma, mem, mmu, fabric } = self;
            adc.due(analog, sens, &mut Port { gdma, mem, mmu }, fabric);
        }
        self.fabric.cycle = self.fabric.clock.first_cycle_from(end);
    }

    fn word(&self, addr: u32) -> u32 {
        self.mem.load::<4>(self.mem.place(&self.mmu, addr).expect("SRAM"))
    }

    /// A link of GDMA channel 0 for the converters (peripheral 8, TRM table 3-1) that takes up to this many bytes.
    fn start_link(&mut self, size: u32) {
        const LIST: u32 = 0x3FC9_0000;
        for (n, word) in [1 << 31 | size, LIST + 16, 0].into_iter().enumerate() {
            let place = self.mem.place(&self.mmu, LIST + 4 * n as u32).expect("SRAM");
            self.mem.store::<4>(place, word);
        }
        self.gdma.write(0x48, Write::word(8), &mut self.fabric);
        self.gdma.write(0x20, Write::word((LIST & 0xF_FFFF) | 1 << 22), &mut self.fabric);
        self.gdma.event(&mut self.mem, &self.mmu, &mut self.fabric);
    }
}

/// ESP-IDF `hal/adc_ll.h`: the sampling rate is that of the controller's clock over 2 * interval: 5 MHz / 2 / 250 is 10 kHz.
#[test]
fn the_timer_sets_the_sampling_rate() {
    let mut bench = Bench::new();
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(99);
    assert_eq!(bench.read(0x60), 0);
    bench.run_for(2);
    assert_eq!(bench.read(0x60), 1 << 31, "APB_SARADC1_DONE");
    bench.write(0x68, 1 << 31);
    bench.run_for(98);
    assert_eq!(bench.read(0x60), 0);
    bench.run_for(2);
    assert_eq!(bench.read(0x60), 1 << 31);
}

/// ESP-IDF adc_ll_digi_set_pattern_table: attenuation and channel in six bits, the first item at the top of each register;
/// `hal/adc_types.h` type2: data 11:0, channel 16:13.
#[test]
fn the_pattern_is_walked_through() {
    let mut bench = Bench::new();
    bench.write(CTRL, 1 << 6 | 1 << 7 | 4 << 15);
    // Channels 0, 3, 7, 9, then 5 in the second register.
    bench.write(0x18, (3 << 2) << 12 | (7 << 2) << 6 | 9 << 2);
    bench.write(0x1C, (5 << 2) << 18);
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    let mut channels = Vec::new();
    let mut data = Vec::new();
    for _ in 0..6 {
        bench.run_for(100);
        channels.push(bench.read(0x40) >> 13);
        data.push(bench.read(0x40) & 0xFFF);
    }
    assert_eq!(channels, [0, 3, 7, 9, 5, 0]);
    assert!(data[0] < data[1] && data[1] < data[2] && data[2] < data[3] && data[4] < data[2] && data[5] == data[0]);
    bench.write(CTRL, 1 << 6 | 1 << 7 | 4 << 15 | 1 << 23);
    bench.write(CTRL, 1 << 6 | 1 << 7 | 4 << 15);
    bench.run_for(100);
    assert_eq!(bench.read(0x40) >> 13, 0, "SAR1_PATT_P_CLEAR");
}

/// ESP-IDF adc_ll_digi_set_convert_mode and `hal/adc_types.h` type2: 32-bit words with the converter in bit 17; DMA_CONF: a packet
/// ends after APB_ADC_EOF_NUM samples.
#[test]
fn samples_go_to_memory_in_packets() {
    let mut bench = Bench::new();
    bench.start_link(64);
    bench.write(0x18, (2 << 2) << 18);
    bench.write(0x28, (6 << 2) << 18);
    bench.write(CTRL, CONTROL | 2 << 3);
    bench.write(0x6C, 1 << 31 | 4);
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(450);
    let words: Vec<u32> = (0..4).map(|n| bench.word(0x3FC9_0010 + 4 * n)).collect();
    assert_eq!(
        words.iter().map(|word| (word >> 17, word >> 13 & 0xF)).collect::<Vec<_>>(),
        [(0, 2), (1, 6), (0, 2), (1, 6)]
    );
    assert!(words[0] & 0xFFF < words[1] & 0xFFF, "GPIO3 is lower than GPIO17");
    // IN_SUC_EOF is bit 1 of IN_INT_RAW; the descriptor tells 16 bytes in bits 23:12, and the owner is software again.
    assert_eq!(bench.gdma.read(0x08, &mut bench.fabric) & 2, 2);
    assert_eq!(bench.word(0x3FC9_0000) >> 12 & 0xFFF, 16);
    assert_eq!(bench.word(0x3FC9_0000) >> 30, 1, "suc_eof");
}

/// ESP-IDF `hal/adc_types.h`: a channel beyond the last marks invalid data; ADC2 is the RTC's with SAR2_RTC_FORCE.
#[test]
fn data_that_the_arbiter_did_not_grant_is_marked() {
    let mut bench = Bench::new();
    bench.write(CTRL, CONTROL | 1 << 5);
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(100);
    assert_eq!(bench.read(0x78) >> 13, 0);
    bench.write(0x38, 1 << 5 | 1 << 3);
    bench.run_for(100);
    assert!(bench.read(0x78) >> 13 > 9);
    assert_eq!(bench.adc.grant(), Grant::Granted);
    bench.write(0x38, 1 << 5 | 1 << 2);
    bench.run_for(100);
    assert_eq!((bench.read(0x78) >> 13, bench.adc.grant()), (0, Grant::Unselected));
}

/// ESP-IDF adc_ll_digi_monitor_set_thres: channel in bits 4:0 (converter in bit 4), high in 17:5, low in 30:18.
#[test]
fn a_monitor_watches_its_channel() {
    let mut bench = Bench::new();
    bench.write(0x44, 1000 << 18 | 2000 << 5);
    bench.write(0x58, 1 << 31);
    bench.write(0x5C, 1 << 29);
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(100);
    assert_eq!(bench.read(0x60) & 0x3C00_0000, 1 << 27, "40 mV is below");
    assert_eq!(bench.fabric.sources() >> Source::APB_ADC as u32 & 1, 0);
    bench.write(0x68, 0xFC00_0000);
    bench.fabric.microvolts[1] = 350_000;
    bench.run_for(100);
    assert_eq!(bench.read(0x60) & 0x3C00_0000, 0, "between the thresholds");
    bench.fabric.microvolts[1] = 800_000;
    bench.run_for(100);
    assert_eq!(bench.read(0x64), 1 << 29);
    assert_eq!(bench.fabric.sources() >> Source::APB_ADC as u32 & 1, 1);
}

/// ESP-IDF `soc/apb_saradc_reg.h`: THRES_ALL_EN (bit 27) lets the first monitor watch all channels.
#[test]
fn the_first_monitor_watches_all_channels() {
    let mut bench = Bench::new();
    bench.write(0x44, 1000 << 18 | 0x1FFF << 5 | 9);
    bench.write(0x58, 1 << 31);
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(100);
    assert_eq!(bench.read(0x60) & 0x3C00_0000, 0, "another channel");
    bench.write(0x58, 1 << 31 | 1 << 27);
    bench.run_for(100);
    assert_eq!(bench.read(0x60) & 0x3C00_0000, 1 << 27);
}

/// ESP-IDF adc_ll_digi_filter_set_factor: factor 2 is a coefficient of 4; the channel is (unit + 1) * 8 + channel.
#[test]
fn a_filter_takes_a_part_of_each_sample() {
    let mut bench = Bench::new();
    bench.write(0x3C, 8 << 19 | 0xF << 14);
    bench.write(0x08, 2 << 29);
    bench.fabric.microvolts[1] = 0;
    bench.write(CTRL2, TIMER_ON | 250 << 12);
    bench.run_for(100);
    assert_eq!(bench.read(0x40) & 0xFFF, 0);
    bench.fabric.microvolts[1] = 3_000_000;
    bench.run_for(100);
    assert_eq!(bench.read(0x40) & 0xFFF, 4095 / 4);
    bench.run_for(100);
    assert_eq!(bench.read(0x40) & 0xFFF, 4095 * 7 / 16);
}

/// TRM chapter 39: MEAS_NUM_LIMIT with MAX_MEAS_NUM ends after so many; START_FORCE with START converts once without the timer.
#[test]
fn conversions_can_be_limited_or_started_by_software() {
    let mut bench = Bench::new();
    bench.write(CTRL2, TIMER_ON | 250 << 12 | 2 << 1 | 1);
    let mut done = 0;
    for _ in 0..5 {
        bench.run_for(100);
        done += bench.read(0x60) >> 31;
        bench.write(0x68, 1 << 31);
    }
    assert_eq!(done, 2);
    bench.write(CTRL2, 0);
    bench.write(CTRL, CONTROL | 1);
    bench.write(CTRL, CONTROL | 1 | 1 << 1);
    bench.run_for(20);
    assert_eq!(bench.read(0x60) >> 31, 1);
}
