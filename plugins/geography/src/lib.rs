//! Coordinate reference systems, the local metric frame, GCJ-02/BD-09, grid codes, administrative areas
