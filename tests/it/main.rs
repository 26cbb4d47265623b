//! The product from outside: the command line, the API, real protocols, faults, the house rules.

mod layering;
