//! Scripts, injects, simulated responders, scoring
