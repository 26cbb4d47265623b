//! Nudging: the model moved towards gauges.
