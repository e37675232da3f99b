//! Input that is wrong on either side: what a caller gives by mistake, and what a server or something before it
//! answers. Each is an error that says what to do, or is survived; and nothing is sent that need not be.

mod bodies;
mod ids;
mod lists;
mod queries;
mod scripted;

use rancher_client::wire::Object;
use rancher_client::{Error, ErrorKind};
use serde_json::Value;

use crate::lab::{Lab, shown};

fn object(value: Value) -> Object {
    Object::try_from(value).unwrap()
}

/// The error has this kind, says these words, and says what to do or what is wrong in one line.
#[track_caller]
fn check(what: &str, error: &Error, kind: ErrorKind, words: &str) {
    assert_eq!(error.kind(), kind, "{what}: {error}");
    assert!(error.to_string().contains(words), "{what}: {words:?} is not in: {error}");
    let line = error.to_string();
    assert!(!line.contains(char::is_control) && line.len() < 900, "{what}: {line:?}");
}

/// As [`check`], and nothing was sent.
#[track_caller]
fn check_unsent(lab: &Lab, what: &str, error: &Error, kind: ErrorKind, words: &str) {
    check(what, error, kind, words);
    assert_eq!(lab.requests(), Vec::<String>::new(), "{what}: something was sent");
}

/// The secret is in nothing that can be seen of the error, and in nothing that was sent.
#[track_caller]
fn check_hidden(lab: &Lab, what: &str, error: &Error, secret: &str) {
    assert!(!shown(error).contains(secret), "{what}: the error shows the secret");
    assert_eq!(lab.requests(), Vec::<String>::new(), "{what}: something was sent");
}
