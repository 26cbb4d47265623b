//! Connectors in: MQTT, SensorThings, OwnTracks; the demo's device simulator
