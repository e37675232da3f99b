//! The recorded objects, as bytes.

use bytes::Bytes;
use rancher_tests::objects::RecordedObject;

/// An object that the recorded server answered.
pub(super) struct Recorded {
    /// `v3`, `steve` or `kubernetes`.
    pub(super) api: String,
    /// Its type or kind; empty where the answer did not say.
    pub(super) kind: String,
    pub(super) id: String,
    /// As it was recorded.
    pub(super) text: Bytes,
}

pub(super) fn objects() -> Vec<Recorded> {
    let objects = rancher_tests::objects::objects().into_iter();
    objects
        .map(|RecordedObject { api, kind, id, text }| Recorded { api, kind, id, text: text.into() })
        .collect()
}
