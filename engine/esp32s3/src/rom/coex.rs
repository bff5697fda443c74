//! Coexistence of Wi-Fi and Bluetooth: what start-up code calls before a radio is used. The state is
//! the coexistence library's, behind pointers that it sets (esp32s3.rom.ld, "Group rom_coexist").

use super::guest::{Call, Done};
use super::stubs::{Frame, Step, StepFn};
use super::Function;

/// Functions that run in one go.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("esp_coex_rom_version_get", version),
    ("coex_core_status_get", |c| {
        let status = environment(c, 4)?;
        c.ret(status);
        Ok(())
    }),
    ("coex_core_pti_get", priority),
    ("coex_core_ble_conn_dyn_prio_get", dynamic_priorities),
];

/// Functions that call back.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("coex_schm_lock", |f| semaphore(f, 0x18, &[0xff])),
    ("coex_schm_unlock", |f| semaphore(f, 0x1c, &[])),
    ("coex_core_release", release),
];

/// `ESP_ERR_INVALID_ARG`.
const INVALID_ARGUMENT: u32 = 0x102;
/// `ESP_ERR_INVALID_STATE`.
const INVALID_STATE: u32 = 0x103;

/// A text; logs show it as "coexist rom version e7ae62f".
fn version(call: &mut Call<'_>) -> Done {
    call.ret(super::vars::COEX_VERSION);
    Ok(())
}

fn environment(call: &mut Call<'_>, offset: u32) -> Done<u32> {
    let environment = call.load(super::required("coex_env_ptr"))?;
    call.load(environment.wrapping_add(offset))
}

/// Event, and where its priority goes.
fn priority(call: &mut Call<'_>) -> Done {
    let (event, to) = (call.arg(0)?, call.arg(1)?);
    if to == 0 {
        call.ret(INVALID_ARGUMENT);
        return Ok(());
    }
    let table = call.load(super::required("coex_pti_tab_ptr"))?;
    let value = call.guest.load8(table.wrapping_add(event))?;
    call.guest.store8(to, value)?;
    call.ret(0);
    Ok(())
}

fn dynamic_priorities(call: &mut Call<'_>) -> Done {
    let (low, high) = (call.arg(0)?, call.arg(1)?);
    if low == 0 || high == 0 {
        call.ret(INVALID_ARGUMENT);
        return Ok(());
    }
    let pair = environment(call, 8)?;
    call.guest.store8(low, pair as u8)?;
    call.guest.store8(high, (pair >> 8) as u8)?;
    call.ret(0);
    Ok(())
}

/// Takes or gives the scheme's semaphore by the adapter's function at `offset` of `g_coa_funcs_p`.
fn semaphore(frame: &mut Frame<'_>, offset: u32, more: &[u32]) -> Done<Step> {
    if frame.local(0)? != 0 {
        let done = frame.result() == 1;
        frame.call.ret(if done { 0 } else { u32::MAX });
        return Ok(Step::Return);
    }
    let scheme = frame.call.load(super::required("coex_schm_env_ptr"))?;
    let semaphore = frame.call.load(scheme.wrapping_add(0x10))?;
    if semaphore == 0 {
        frame.call.ret(INVALID_STATE);
        return Ok(Step::Return);
    }
    let adapter = frame.call.load(super::required("g_coa_funcs_p"))?;
    let function = frame.call.load(adapter.wrapping_add(offset))?;
    frame.set_local(0, 1)?;
    let args: Vec<u32> = std::iter::once(semaphore).chain(more.iter().copied()).collect();
    Ok(Step::call(function, &args))
}

/// Client and event: the event's slot is looked up and freed by the library's own functions.
fn release(frame: &mut Frame<'_>) -> Done<Step> {
    const NONE: u32 = 0xff;
    let functions = frame.call.load(super::required("coexist_funcs"))?;
    let state = frame.local(0)?;
    frame.set_local(0, state + 1)?;
    match state {
        0 => {
            let (function, event) = (frame.call.load(functions.wrapping_add(4))?, frame.call.arg(1)?);
            Ok(Step::call(function, &[event]))
        }
        1 => match frame.result() {
            NONE => {
                frame.call.ret(INVALID_ARGUMENT);
                Ok(Step::Return)
            }
            slot => {
                let function = frame.call.load(functions.wrapping_add(0x24))?;
                Ok(Step::call(function, &[slot]))
            }
        },
        _ => {
            frame.call.ret(0);
            Ok(Step::Return)
        }
    }
}
