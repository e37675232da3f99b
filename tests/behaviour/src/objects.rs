//! The recorded objects, as `tests/truth/objects.py` collects them.

use serde::Deserialize;

/// An object that the recorded server answered.
#[derive(Debug, Clone)]
pub struct RecordedObject {
    /// `v3`, `steve` or `kubernetes`.
    pub api: String,
    /// Its type or kind; empty where the answer did not say.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// As it was recorded.
    pub text: String,
}

#[derive(Deserialize)]
struct File {
    members: Vec<String>,
    objects: Vec<(String, String, String, Vec<usize>)>,
}

/// Every object that any recording of the server holds, once.
///
/// # Panics
/// When the fixture in the tree is damaged.
// A damaged fixture is a broken tree, which nothing can go on with.
#[allow(clippy::panic)]
pub fn objects() -> Vec<RecordedObject> {
    let file: File = match serde_json::from_str(include_str!("../../truth/objects.json")) {
        Ok(file) => file,
        Err(error) => panic!("tests/truth/objects.json: {error}; make it again with tests/truth/objects.py"),
    };
    let text = |id: &str, members: &[usize]| -> Option<String> {
        // ids are written into JSON as they are: none holds what JSON escapes
        let members: Option<Vec<String>> =
            members.iter().map(|at| Some(file.members.get(*at)?.replace('\u{1}', id))).collect();
        Some(format!("{{{}}}", members?.join(",")))
    };
    let read = |(api, kind, id, members): &(String, String, String, Vec<usize>)| {
        let text = text(id, members)?;
        Some(RecordedObject { api: api.clone(), kind: kind.clone(), id: id.clone(), text })
    };
    match file.objects.iter().map(read).collect() {
        Some(objects) => objects,
        None => panic!("tests/truth/objects.json: an object points outside its table"),
    }
}
