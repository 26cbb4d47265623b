//! One timeline of the city: composition, clocks, fork, replay, commands in, picture out
