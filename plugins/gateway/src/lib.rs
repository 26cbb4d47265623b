//! HTTP and WebSocket API with OpenAPI, metrics
