//! A chip whose processors another emulator runs: the server of `docs/bridge.md`.
//!
//! [`frame`] is what goes over the socket, [`link`] the socket with one client at its other end, [`waits`] how that one is
//! waited for, [`server`] what is done with requests. Nothing here knows a chip, and no model knows of this: sockets and
//! patience are a matter of the host.

pub mod frame;
pub mod link;
pub mod server;
pub mod waits;
