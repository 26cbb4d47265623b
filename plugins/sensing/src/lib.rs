//! Sensor table in columns, latest values, quality, staleness
