//! The operator's desk: lists, details, charts, time bar, dispatch
