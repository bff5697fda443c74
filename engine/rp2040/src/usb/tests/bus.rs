//! From the pull-up to the configuration, frames, suspend and cable.

use super::*;

/// USB 2.0, 7.1.7.3 (100 ms of debouncing), 7.1.7.5 (10 ms of reset), and 4.1.2.6.1 for what the device sees.
#[test]
fn a_pull_up_leads_to_a_bus_reset() {
    let mut bench = Bench::new(cdc());
    bench.put(INTE, 0);
    bench.plug_in();
    bench.put(INTE, 0);
    bench.run(99 * MS);
    assert_eq!(bench.get(SIE_STATUS) & STATUS_BUS_RESET, 0);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b01, "J: idle at full speed");
    bench.run(101 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_BUS_RESET, 0);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b00, "SE0: reset");
    assert_eq!(bench.get(INTR) & INT_BUS_RESET, INT_BUS_RESET);
    bench.put(SIE_STATUS, STATUS_BUS_RESET);
    bench.run(111 * MS);
    assert_eq!(bench.get(SIE_STATUS) & (STATUS_CONNECTED | STATUS_BUS_RESET), STATUS_CONNECTED);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b01);
}

/// The order of requests and their fields: USB 2.0, 9.4; CDC PSTN 1.2, 6.3; SET_ADDRESS needs 2 ms (9.2.6.3).
#[test]
fn a_device_is_enumerated() {
    let mut bench = Bench::configured(cdc());
    let requests: Vec<[u8; 8]> = bench.setups.iter().map(|setup| setup.1).collect();
    assert_eq!(
        requests[..6],
        [
            [0x80, 6, 0, 1, 0, 0, 8, 0],
            [0x00, 5, 1, 0, 0, 0, 0, 0],
            [0x80, 6, 0, 1, 0, 0, 18, 0],
            [0x80, 6, 0, 2, 0, 0, 9, 0],
            [0x80, 6, 0, 2, 0, 0, 75, 0],
            [0x80, 6, 0, 3, 0, 0, 255, 0],
        ]
    );
    assert_eq!(requests[6][..6], [0x80, 6, 1, 3, 9, 4]);
    assert_eq!(
        requests[9..],
        [[0x00, 9, 1, 0, 0, 0, 0, 0], [0x21, 0x20, 0, 0, 0, 0, 7, 0], [0x21, 0x22, 3, 0, 0, 0, 0, 0],]
    );
    assert!(bench.setups[2].0 - bench.setups[1].0 >= 2 * MS);
    assert_eq!(bench.bytes(0x100, 7), [0x00, 0xC2, 0x01, 0x00, 0, 0, 8], "115200 8N1");
    let host = bench.usb.host();
    assert_eq!((host.vendor_id(), host.product_id()), (Some(0x2E8A), Some(0x000A)));
    assert_eq!((host.manufacturer(), host.product(), host.serial()), (Some("Maker"), Some("Thing"), Some("E661A4D1")));
    assert_eq!(host.device_descriptor(), DEVICE);
    assert_eq!(host.configuration_descriptor(), cdc());
    assert_eq!(host.endpoints().iter().map(|end| end.address).collect::<Vec<_>>(), [0x81, 0x02, 0x82]);
}

/// 4.1.2.6.1: STALL on endpoint 0 counts only while its bit in EP_STALL_ARM is set, and the next SETUP clears that bit.
#[test]
fn a_stalled_string_is_done_without() {
    let mut bench = Bench::new(cdc());
    bench.stalls = true;
    bench.plug_in();
    bench.run(200 * MS);
    assert!(bench.usb.host().is_configured());
    assert_eq!(bench.usb.host().serial(), None);
    assert_eq!(bench.get(EP_STALL_ARM), 0);
}

/// A configured device with nothing to say costs nothing; SOF_RD still tells the frame (4.1.4).
#[test]
fn an_idle_device_costs_no_events() {
    let mut bench = Bench::configured(cdc());
    bench.events = 0;
    let before = bench.get(SOF_RD);
    bench.run_for(1000 * MS);
    assert_eq!(bench.events, 0);
    assert_eq!(bench.fabric.events.next(), Ps::MAX);
    assert_eq!(bench.get(SOF_RD), (before + 1000) & 0x7FF);
}

/// INTR.DEV_SOF is set by each SOF, and cleared by reading SOF_RD.
#[test]
fn start_of_frame_interrupts_each_millisecond() {
    let mut bench = Bench::configured(cdc());
    bench.get(SOF_RD);
    bench.put(INTE, INT_DEV_SOF | INT_BUFF_STATUS | INT_SETUP_REQ);
    bench.events = 0;
    bench.run_for(20 * MS);
    assert_eq!(bench.events, 20);
    bench.put(INTE, INT_BUFF_STATUS);
    bench.run_for(20 * MS);
    assert_eq!(bench.events, 20);
    assert_eq!(bench.get(INTR) & INT_DEV_SOF, INT_DEV_SOF);
    bench.get(SOF_RD);
    assert_eq!(bench.get(INTR) & INT_DEV_SOF, 0);
}

/// 4.1.2.6.4 and USB 2.0, 7.1.7.6: no SOF for 3 ms is suspend, also before the host's first SOF.
#[test]
fn a_silent_bus_is_suspended_and_resumed() {
    let mut bench = Bench::new(vendor());
    bench.plug_in();
    bench.run(2 * MS);
    assert_eq!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);
    bench.run(4 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);

    let mut bench = Bench::configured(vendor());
    bench.put(SIE_STATUS, STATUS_SUSPENDED);
    assert_eq!(bench.get(INTR) >> 14 & 1, 0, "DEV_SUSPEND is cleared by writing to SUSPENDED");
    bench.usb.suspend(&mut bench.fabric);
    bench.run_for(4 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);
    assert_eq!(bench.get(INTR) >> 14 & 1, 1);
    bench.usb.wake_up(&mut bench.fabric);
    assert_eq!(bench.get(SIE_STATUS) & (STATUS_SUSPENDED | STATUS_RESUME), STATUS_RESUME);
    bench.run_for(30 * MS);
    bench.send(0x82, b"awake", false);
    bench.run_for(MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 1);

    bench.usb.suspend(&mut bench.fabric);
    bench.run_for(10 * MS);
    bench.put(SIE_CTRL, EP0_INT_1BUF | PULLUP_EN | RESUME);
    bench.run_for(30 * MS);
    assert!(!bench.usb.host().is_suspended());
}

#[test]
fn an_unplugged_cable_ends_it_and_a_new_one_starts_again() {
    let mut bench = Bench::configured(vendor());
    bench.usb.set_vbus(false, &mut bench.fabric);
    bench.run_for(MS);
    assert!(!bench.usb.host().is_attached() && !bench.usb.host().is_configured());
    assert_eq!(bench.get(SIE_STATUS) & STATUS_CONNECTED, 0);
    bench.usb.set_vbus(true, &mut bench.fabric);
    bench.run_for(200 * MS);
    assert!(bench.usb.host().is_configured());
    bench.usb.reset(&mut bench.fabric);
    bench.run_for(MS);
    assert!(!bench.usb.host().is_attached());
}

/// USB 2.0, 9.2.6.4: 500 ms for each packet; then the host resets the port and tries again, as Linux does four times in all.
#[test]
fn a_device_that_does_not_answer_is_reset_and_then_left_alone() {
    let mut bench = Bench::new(vendor());
    bench.plug_in();
    bench.put(INTE, 0);
    let mut resets = vec![];
    while bench.fabric.now() < 4000 * MS {
        bench.run_for(MS);
        if bench.get(SIE_STATUS) & STATUS_BUS_RESET != 0 {
            bench.put(SIE_STATUS, STATUS_BUS_RESET);
            resets.push(bench.fabric.now() / MS);
        }
    }
    let apart: Vec<u64> = resets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 10 ms of reset, 10 ms of recovery, 500 ms of patience, looked at each millisecond.
    assert!(apart.len() == 3 && apart.iter().all(|&gap| gap == 520 || gap == 521), "{apart:?}");
    assert!(bench.usb.host().problem().unwrap().contains("the first 8 bytes of the device descriptor"));
}

/// 4.1.1: clk_usb must be 48 MHz.
#[test]
fn without_its_clock_the_controller_is_silent_and_says_so() {
    let mut bench = Bench::new(vendor());
    bench.fabric.rates.usb = Hertz::new(12_000_000);
    bench.plug_in();
    bench.run(1000 * MS);
    assert!(!bench.usb.host().is_configured());
    assert!(bench.usb.host().problem().unwrap().contains("8 bytes of the device descriptor"));
    assert!(bench.fabric.gaps.all().contains_key("USB at another clk_usb"));
}

#[test]
fn the_same_inputs_give_the_same_trace() {
    let hash = || {
        let mut bench = Bench::configured(cdc());
        bench.send(0x82, b"abc", false);
        bench.run_for(MS);
        bench.fabric.pins.trace.sha256()
    };
    assert_eq!(hash(), hash());
}
