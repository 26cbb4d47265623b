//! How the system's allocator deals with large blocks.

/// Gives large blocks back to the system as soon as they are free.
///
/// glibc raises the size from which a block is mapped on its own each time such a block is freed; after the first
/// textures and meshes of many megabytes everything below 32 MB then lands in heaps that never shrink. A window of the
/// demo city on the software adapter kept 260 MB that way.
pub fn keep_small() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` only sets a number of the allocator; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024);
    }
}
