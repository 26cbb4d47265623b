//! The hours ahead.
