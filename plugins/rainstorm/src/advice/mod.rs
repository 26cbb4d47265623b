//! Pump advice (排水联动).
