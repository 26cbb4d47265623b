//! Foreign encodings as plain functions: bytes in, values out. No IO, no clock.

pub mod cap;
pub mod cot;
pub mod gpx;
pub mod jt808;
pub mod nmea;
pub mod open311;
pub mod parquet;
pub mod traccar;
pub mod xml;
