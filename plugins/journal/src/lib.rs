//! Records, store, hash chain, snapshots, observation history
