//! The recorded objects, as `tests/truth/objects.py` collects them.

use bytes::Bytes;
use serde::Deserialize;

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

#[derive(Deserialize)]
struct File {
    members: Vec<String>,
    objects: Vec<(String, String, String, Vec<usize>)>,
}

pub(super) fn objects() -> Vec<Recorded> {
    let file: File = serde_json::from_str(include_str!("../../../truth/objects.json")).unwrap();
    file.objects
        .into_iter()
        .map(|(api, kind, id, members)| {
            // ids are written into JSON as they are: none holds what JSON escapes
            let members: Vec<String> =
                members.iter().map(|at| file.members[*at].replace('\u{1}', &id)).collect();
            Recorded { api, kind, id, text: Bytes::from(format!("{{{}}}", members.join(","))) }
        })
        .collect()
}
