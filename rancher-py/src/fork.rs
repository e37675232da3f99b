//! What must not outlive a fork.

use std::ops::Deref;
use std::sync::Arc;

/// Something that belongs to the process that made it, because its threads and sockets do.
///
/// In a forked child it is never dropped: dropping it there would say goodbye on the parent's connections, and could
/// wait for a lock that a thread of the parent held.
pub(crate) struct Own<T> {
    process: u32,
    value: Arc<T>,
}

impl<T> Own<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: std::process::id(), value: Arc::new(value) }
    }

    /// Whether this process made it.
    pub(crate) fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    /// It, for a task of this process.
    pub(crate) fn share(&self) -> Arc<T> {
        Arc::clone(&self.value)
    }
}

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if !self.is_ours() {
            // a count that never comes down keeps it for ever
            std::mem::forget(Arc::clone(&self.value));
        }
    }
}
