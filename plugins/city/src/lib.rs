//! The static twin: terrain, buildings, roads, water, drainage, components; importers; pack; the demo city
