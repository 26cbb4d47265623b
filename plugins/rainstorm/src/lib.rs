//! Storms, 2D surface flow, drainage, impact
