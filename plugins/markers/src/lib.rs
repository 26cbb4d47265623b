//! Live layers on the GPU: sensors, cases, units, trails
