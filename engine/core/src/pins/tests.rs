use super::*;

#[test]
fn chip_beats_part_beats_pull() {
    let mut pins = Pins::default();
    pins.pull(0b10, 0b01, 0);
    assert_eq!(pins.level(), 0b10);
    pins.drive_from_outside(Drive { pin: 1, level: Some(false) }, 1);
    assert_eq!(pins.level(), 0);
    pins.drive(0b10, 0b10, 2);
    assert_eq!(pins.level(), 0b10);
    assert_eq!(pins.contention(), 0b10);
    pins.drive_from_outside(Drive { pin: 1, level: None }, 3);
    pins.drive(0, 0, 4);
    assert_eq!(pins.level(), 0b10);
}

#[test]
fn on_a_wire_between_pins_low_wins_and_a_pull_up_holds_it_high() {
    let mut pins = Pins::default();
    pins.pull(0b001, 0b110, 0);
    pins.join(0, 1, 0);
    pins.join(1, 2, 0);
    assert_eq!(pins.level(), 0b111);
    pins.drive(0, 0b100, 1);
    assert_eq!(pins.level(), 0);
    pins.drive(0, 0, 2);
    assert_eq!(pins.level(), 0b111);
    assert_eq!(pins.contention(), 0);
    pins.drive(0b010, 0b011, 3);
    assert_eq!((pins.level(), pins.contention()), (0, 0b011));
    assert!(pins.is_looked_at(0b100) && !pins.is_looked_at(0b1000));
}

#[test]
fn a_wire_told_as_bytes_stays_out_of_the_trace() {
    let hash = |look: bool| {
        let mut pins = Pins::default();
        pins.tell_as_bytes(1);
        pins.drive(0b10, 0b11, 5);
        if look {
            pins.drive(0b11, 0b11, 6);
        }
        pins.drive(0b01 & u64::from(look), 0b11, 7);
        pins.trace.sha256()
    };
    assert_eq!(hash(false), hash(true));
}

#[test]
fn stimuli_come_in_order_of_time_then_of_asking() {
    let mut pins = Pins::default();
    pins.keep_log(true);
    pins.drive_later(Drive { pin: 0, level: Some(false) }, 20);
    pins.drive_later(Drive { pin: 0, level: Some(true) }, 10);
    pins.drive_later(Drive { pin: 0, level: Some(true) }, 20);
    assert_eq!(pins.next_stimulus(), 10);
    pins.apply_stimuli(20);
    assert_eq!(pins.take_log(), [(10, 1), (20, 1)]);
}
