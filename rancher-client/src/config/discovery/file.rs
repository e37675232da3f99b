//! Reads the small files that configuration lies in.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// A file's text, and its permission bits if others than its owner may read it.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) shared: Option<u32>,
}

/// Reads a file of at most `limit` bytes; nothing if there is none. The error is a few words, without the path.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Text>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(words(&error)),
    };
    let shared = shared_mode(&file);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| words(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!("it is larger than {} KiB", limit / 1024));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    // editors on Windows begin files with a byte order mark
    let text = text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text);
    Ok(Some(Text { text, shared }))
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "it cannot be read: permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        kind => format!("it cannot be read: {kind}"),
    }
}

#[cfg(unix)]
fn shared_mode(file: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mode = metadata.mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn shared_mode(_: &File) -> Option<u32> {
    None
}

/// The warning about a file that others may read.
pub(super) fn warning(path: &Path, shared: Option<u32>) -> Option<String> {
    let mode = shared?;
    let path = path.display();
    Some(format!("{path} holds tokens and others may read it (mode {mode:04o}); run chmod 600 {path}"))
}
