use super::*;
use crate::crypto_bench::Bench;
use engine_core::time::MICROSECOND;

/// ESP-IDF `esp_eth/src/openeth/esp_openeth.h` and `openeth.h`.
const BASE: u32 = 0x600C_D000;
const SOURCE: u128 = 1 << Source::WIFI_MAC as u128;
const TX_COUNT: u32 = 2;
const RX_COUNT: u32 = 3;
const BUFFERS: u32 = 0x3FC9_0000;
const BUFFER: u32 = 1600;
const RXB: u32 = 1 << 2;
const TXB: u32 = 1 << 0;
const BUSY: u32 = 1 << 4;
const OWN: [u8; 6] = [0x7C, 0xDF, 0xA1, 0, 0, 3];

fn tx_buffer(n: u32) -> u32 {
    BUFFERS + BUFFER * n
}

fn rx_buffer(n: u32) -> u32 {
    BUFFERS + BUFFER * (TX_COUNT + n)
}

fn tx_descriptor(n: u32) -> u32 {
    BASE + 0x400 + 8 * n
}

fn rx_descriptor(n: u32) -> u32 {
    tx_descriptor(TX_COUNT + n)
}

fn set_bits(bench: &mut Bench, offset: u32, bits: u32) {
    let value = bench.get(BASE + offset);
    bench.set(BASE + offset, value | bits);
}

/// As ESP-IDF's esp_eth_mac_new_openeth, emac_opencores_init and emac_opencores_start.
fn started() -> Bench {
    let mut bench = Bench::new();
    bench.0.dev.fabric.ethernet.connected = true;
    for n in 0..RX_COUNT {
        let wrap = if n + 1 == RX_COUNT { 1 << 13 } else { 0 };
        bench.set(rx_descriptor(n), 1 << 15 | 1 << 14 | wrap);
        bench.set(rx_descriptor(n) + 4, rx_buffer(n));
    }
    for n in 0..TX_COUNT {
        bench.set(tx_descriptor(n), 0);
        bench.set(tx_descriptor(n) + 4, tx_buffer(n));
    }
    assert_eq!(bench.get(BASE), 0xA000);
    set_bits(&mut bench, 0, 1 << 11);
    bench.set(BASE, 0xA000);
    bench.set(BASE + 0x20, TX_COUNT);
    bench.set(BASE + 0x40, u32::from_be_bytes([OWN[2], OWN[3], OWN[4], OWN[5]]));
    bench.set(BASE + 0x44, u32::from(OWN[0]) << 8 | u32::from(OWN[1]));
    set_bits(&mut bench, 0, 1 << 5 | 3);
    set_bits(&mut bench, 8, RXB);
    bench
}

fn frame(to: [u8; 6], length: usize) -> Vec<u8> {
    to.into_iter().chain([2, 0, 0, 0, 0, 1, 0x08, 0x00]).chain((0..=255).cycle()).take(length).collect()
}

/// As ESP-IDF's emac_opencores_transmit, with descriptor `n`.
fn transmit(bench: &mut Bench, n: u32, data: &[u8], flags: u32) {
    bench.put(tx_buffer(n), data);
    let wrap = if n + 1 == TX_COUNT { 1 << 13 } else { 0 };
    bench.set(tx_descriptor(n), (data.len() as u32) << 16 | 1 << 15 | wrap | flags);
    bench.set(tx_descriptor(n) + 4, tx_buffer(n));
    bench.run_for(0);
}

fn receive(bench: &mut Bench, data: &[u8]) {
    bench.0.dev.fabric.receive_ethernet(data);
}

#[test]
fn frames_are_sent_in_the_order_of_their_descriptors() {
    let mut bench = started();
    let (long, short) = (frame([0xFF; 6], 200), frame([2, 0, 0, 0, 0, 9], 42));
    transmit(&mut bench, 0, &long, 0);
    assert_eq!(bench.get(BASE + 4) & TXB, 0);
    transmit(&mut bench, 1, &short, 1 << 14);
    assert_eq!(bench.get(BASE + 4) & TXB, TXB);
    transmit(&mut bench, 0, &long[..100], 0);
    let sent: Vec<Vec<u8>> = bench.0.dev.fabric.ethernet.take_sent().into_iter().map(|frame| frame.data).collect();
    // IEEE 802.3: at least 60 bytes beside the checksum.
    let padded = [short, vec![0; 18]].concat();
    assert_eq!(sent, [long.clone(), padded, long[..100].to_vec()]);
    // The descriptor is the processor's again.
    assert_eq!(bench.get(tx_descriptor(0)) & 1 << 15, 0);
    assert_eq!(bench.gaps(), [""; 0]);
}

/// As ESP-IDF's interrupt handler and emac_opencores_receive.
#[test]
fn frames_are_received_into_memory() {
    let mut bench = started();
    let (first, second) = (frame(OWN, 60), frame([0xFF; 6], 1514));
    receive(&mut bench, &first);
    receive(&mut bench, &second);
    bench.run_for(6 * MICROSECOND);
    assert_eq!(bench.sources() & SOURCE, 0);
    bench.run_for(MICROSECOND);
    assert_ne!(bench.sources() & SOURCE, 0);
    let status = bench.get(BASE + 4);
    assert_eq!(status, RXB);
    bench.set(BASE + 4, status);
    assert_eq!(bench.sources() & SOURCE, 0);
    // The length counts the checksum; 1 << 14 and the flags of software stay.
    assert_eq!(bench.get(rx_descriptor(0)), 64 << 16 | 1 << 14);
    assert_eq!(bench.bytes(rx_buffer(0), 60), first);
    bench.run_for(130 * MICROSECOND);
    assert_eq!(bench.get(rx_descriptor(1)), 1518 << 16 | 1 << 14);
    assert_eq!(bench.bytes(rx_buffer(1), 1514), second);
    receive(&mut bench, &first);
    bench.run_for(10 * MICROSECOND);
    // Of four frames one finds no empty descriptor.
    receive(&mut bench, &first);
    bench.run_for(10 * MICROSECOND);
    assert_eq!(bench.get(BASE + 4), RXB | BUSY);
    bench.set(rx_descriptor(0), 1 << 15 | 1 << 14);
    receive(&mut bench, &second[..80]);
    bench.run_for(10 * MICROSECOND);
    assert_eq!(bench.bytes(rx_buffer(0), 80), second[..80]);
}

/// Specification, register TX_BD_NUM: 0 leaves no descriptor to send, 0x80 none to receive.
#[test]
fn descriptors_are_shared_out() {
    let mut bench = started();
    bench.set(BASE + 0x20, 0);
    transmit(&mut bench, 0, &frame(OWN, 60), 0);
    assert!(bench.0.dev.fabric.ethernet.take_sent().is_empty());
    bench.set(BASE + 0x20, 0x80);
    bench.run_for(0);
    transmit(&mut bench, 0, &frame(OWN, 60), 0);
    receive(&mut bench, &frame(OWN, 60));
    bench.run_for(10 * MICROSECOND);
    assert_eq!(bench.0.dev.fabric.ethernet.take_sent().len(), 1);
    assert_eq!(bench.get(BASE + 4), 0);
}

/// Two frames go around, by MODER.LOOPBCK.
#[test]
fn loopback() {
    let mut bench = started();
    set_bits(&mut bench, 0, 1 << 7);
    let (first, second) = (frame(OWN, 100), frame([0xFF; 6], 64));
    transmit(&mut bench, 0, &first, 0);
    transmit(&mut bench, 1, &second, 0);
    assert_eq!(bench.bytes(rx_buffer(0), 100), first);
    assert_eq!(bench.bytes(rx_buffer(1), 64), second);
    assert_eq!(bench.get(rx_descriptor(1)) >> 16, 68);
    assert!(bench.0.dev.fabric.ethernet.take_sent().is_empty());
}

/// The checksum: over a frame and its checksum the remainder is 0xC704DD7B (IEEE 802.3), whose bits the register here has in
/// the other order.
#[test]
fn received_frames_have_their_checksum() {
    let mut bench = started();
    receive(&mut bench, &frame(OWN, 60));
    bench.run_for(10 * MICROSECOND);
    let data = bench.bytes(rx_buffer(0), 64);
    assert_eq!(crc(&data).reverse_bits(), 0xC704_DD7B);
}

/// Specification, address recognition: own address, broadcast, the hash table, and all frames.
#[test]
fn addresses_are_recognized() {
    let mut bench = started();
    bench.set(BASE, 0xA003);
    let mac = |bench: &mut Bench, to: [u8; 6]| bench.0.dev.ethernet.recognizes(&frame(to, 60));
    let all_hosts = [1, 0, 0x5E, 0, 0, 1];
    assert_eq!(mac(&mut bench, OWN), Some(false));
    assert_eq!(mac(&mut bench, [0xFF; 6]), Some(false));
    assert_eq!(mac(&mut bench, [2, 0, 0, 0, 0, 9]), None);
    assert_eq!(mac(&mut bench, all_hosts), None);
    // The upper six bits of the checksum, worked out with Python's zlib.crc32: 31.
    bench.set(BASE + 0x48, 1 << 31);
    assert_eq!(mac(&mut bench, all_hosts), Some(false));
    bench.set(BASE, 0xA00B);
    assert_eq!(mac(&mut bench, [0xFF; 6]), None);
    bench.set(BASE, 0xA023);
    assert_eq!(mac(&mut bench, [2, 0, 0, 0, 0, 9]), Some(true));
}

/// As ESP-IDF's emac_opencores_read_phy_reg and write_phy_reg.
fn read_phy(bench: &mut Bench, phy: u32, register: u32) -> u32 {
    bench.set(BASE + 0x30, register << 8 | phy);
    set_bits(bench, 0x2C, 2);
    bench.get(BASE + 0x38)
}

fn write_phy(bench: &mut Bench, register: u32, value: u32) {
    bench.set(BASE + 0x30, register << 8 | 1);
    bench.set(BASE + 0x34, value);
    set_bits(bench, 0x2C, 4);
}

/// What ESP-IDF's dp83848_init and dp83848_update_link_duplex_speed look at: OUI 0x80017, model 9, and bits of BMSR and PHYSTS.
#[test]
fn the_phy_is_a_dp83848_with_a_link() {
    let mut bench = started();
    let (first, second) = (read_phy(&mut bench, 1, 2), read_phy(&mut bench, 1, 3));
    assert_eq!((first << 6 | second >> 10, second >> 4 & 0x3F), (0x8_0017, 9));
    assert_eq!(read_phy(&mut bench, 2, 2), 0xFFFF);
    write_phy(&mut bench, 0, 1 << 15);
    assert_eq!(read_phy(&mut bench, 1, 0), 0x3100);
    write_phy(&mut bench, 0, 0x3300);
    assert_eq!(read_phy(&mut bench, 1, 0) & 1 << 9, 0, "the negotiation is over");
    assert_eq!(read_phy(&mut bench, 1, 1) & 0x24, 0x24);
    assert_eq!(read_phy(&mut bench, 1, 0x10) & 7, 5, "100 Mbit/s, full duplex");
    assert_eq!(bench.get(BASE + 0x3C), 0);
    bench.0.dev.fabric.ethernet.connected = false;
    assert_eq!(read_phy(&mut bench, 1, 1) & 0x24, 0);
    assert_eq!(bench.get(BASE + 0x3C), 1);
    assert_eq!(bench.gaps(), [""; 0]);
}

/// IEEE 802.3 annex 31B: a PAUSE of 2 quanta of 512 bit times.
fn pause(quanta: u8) -> Vec<u8> {
    let head = [0x01, 0x80, 0xC2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0x08, 0, 1, 0, quanta];
    head.into_iter().chain([0; 42]).collect()
}

/// Specification, CTRLMODER: RXFLOW (bit 1) obeys PAUSE and raises RXC (bit 6); PASSALL (bit 0) hands the frame to software.
#[test]
fn a_pause_holds_the_transmitter_back() {
    let mut bench = started();
    receive(&mut bench, &pause(2));
    bench.run_for(7 * MICROSECOND);
    assert_eq!(bench.get(BASE + 4), 0, "neither obeyed nor handed over");
    bench.set(BASE + 0x24, 2);
    receive(&mut bench, &pause(2));
    bench.run_for(7 * MICROSECOND);
    assert_eq!(bench.get(BASE + 4), 1 << 6, "RXC");
    transmit(&mut bench, 0, &frame([0xFF; 6], 60), 0);
    bench.run_for(9 * MICROSECOND);
    assert!(bench.0.dev.fabric.ethernet.take_sent().is_empty());
    bench.run_for(2 * MICROSECOND);
    assert_eq!(bench.0.dev.fabric.ethernet.take_sent().len(), 1, "10.24 us are over");
    bench.set(BASE + 0x24, 1);
    receive(&mut bench, &pause(2));
    bench.run_for(7 * MICROSECOND);
    assert_eq!(bench.get(BASE + 4), 1 << 6 | RXB);
    assert_eq!(bench.get(rx_descriptor(0)), 64 << 16 | 1 << 14 | 1 << 8, "CF");
    assert_eq!(bench.gaps(), [""; 0]);
}

/// Specification, TXCTRL: TXPAUSERQ (bit 16) sends a PAUSE with TXPAUSETV where TXFLOW (bit 2) is set, and raises TXC (bit 5).
#[test]
fn software_asks_the_other_end_to_pause() {
    let mut bench = started();
    bench.set(BASE + 0x50, 1 << 16 | 7);
    assert!(bench.0.dev.fabric.ethernet.take_sent().is_empty());
    bench.set(BASE + 0x24, 4);
    bench.set(BASE + 0x50, 1 << 16 | 7);
    let sent = bench.0.dev.fabric.ethernet.take_sent();
    let wanted = [&pause(7)[..6], &OWN, &pause(7)[12..]].concat();
    assert_eq!((sent.len(), &sent[0].data, bench.get(BASE + 4)), (1, &wanted, 1 << 5));
    assert_eq!(bench.get(BASE + 0x50), 7);
}

/// Specification, MODER.DLYCRCEN (bit 12): the checksum begins four bytes later; what comes with the usual one has CRC (bit 1) set.
#[test]
fn a_delayed_checksum() {
    let mut bench = started();
    set_bits(&mut bench, 0, 1 << 12);
    receive(&mut bench, &frame(OWN, 60));
    bench.run_for(10 * MICROSECOND);
    assert_eq!(bench.get(rx_descriptor(0)), 64 << 16 | 1 << 14 | 1 << 1);
    set_bits(&mut bench, 0, 1 << 7);
    transmit(&mut bench, 0, &frame(OWN, 60), 0);
    assert_eq!(bench.get(rx_descriptor(1)), 64 << 16 | 1 << 14);
    assert_eq!(crc(&bench.bytes(rx_buffer(1) + 4, 60)).reverse_bits(), 0xC704_DD7B);
}
