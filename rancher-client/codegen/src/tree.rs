//! The generated files on disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{Failure, Files};

/// The paths of files that differ, are missing, or should not be there, sorted.
///
/// # Errors
///
/// The folder cannot be read.
pub fn differences(folder: &Path, files: &Files) -> Result<Vec<String>, Failure> {
    let mut found = BTreeSet::new();
    if folder.exists() {
        list(folder, "", &mut found)?;
    }
    let all: BTreeSet<&String> = found.iter().chain(files.keys()).collect();
    let differs = |path: &&String| match files.get(*path) {
        Some(text) => fs::read(folder.join(path)).ok().as_deref() != Some(text.as_bytes()),
        None => true,
    };
    Ok(all.into_iter().filter(differs).cloned().collect())
}

/// Writes what differs, and removes what is not generated any more.
///
/// # Errors
///
/// A file cannot be written or removed.
pub fn write(folder: &Path, files: &Files, differing: &[String]) -> Result<(), Failure> {
    for path in differing {
        let place = folder.join(path);
        let done = match files.get(path) {
            Some(text) => {
                place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&place, text))
            }
            None => fs::remove_file(&place),
        };
        done.map_err(|error| Failure::new(format!("cannot write {}: {error}", place.display())))?;
    }
    Ok(())
}

fn list(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(format!("cannot read {}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "__pycache__" {
            // Python's own, of whoever imported the files
            continue;
        }
        if path.is_dir() {
            list(&path, &format!("{prefix}{name}/"), found)?;
        } else {
            found.insert(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_is_idempotent_and_removes_what_is_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let files: Files =
            [("mod.rs", "one"), ("deep/mod.rs", "two")].map(|(a, b)| (a.into(), b.into())).into();
        let changes = differences(folder.path(), &files).unwrap();
        assert_eq!(changes, ["deep/mod.rs", "mod.rs"]);
        write(folder.path(), &files, &changes).unwrap();
        assert!(differences(folder.path(), &files).unwrap().is_empty());
        fs::write(folder.path().join("deep/old.rs"), "old").unwrap();
        fs::write(folder.path().join("mod.rs"), "edited").unwrap();
        let changes = differences(folder.path(), &files).unwrap();
        assert_eq!(changes, ["deep/old.rs", "mod.rs"]);
        write(folder.path(), &files, &changes).unwrap();
        assert!(!folder.path().join("deep/old.rs").exists());
        assert_eq!(fs::read_to_string(folder.path().join("mod.rs")).unwrap(), "one");
    }
}
