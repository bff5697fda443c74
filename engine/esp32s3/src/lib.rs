//! Espressif ESP32-S3.

pub mod rom;
