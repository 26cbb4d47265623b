//! Connectors against live counterparts: small servers in the test, and real programs where they are installed.

mod broker;
mod files;
mod mosquitto;
mod positions;
mod support;
mod web;
