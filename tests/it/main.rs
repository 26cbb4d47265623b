//! The product from outside: the command line, the API, real protocols, faults, the house rules.

mod cli;
mod crash;
mod doors;
mod import;
mod layering;
mod mqtt;
mod mqtt5;
mod past;
mod proof;
mod sensorthings;
mod simulate;
mod soak;
mod sources;
mod spine;
mod support;
