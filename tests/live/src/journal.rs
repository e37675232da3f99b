//! What a run made, written down before it is made: a run that is killed can be cleaned up by it.
//!
//! Each line is one JSON object. No secret is in it. The file is the owner's alone, and goes when everything is gone.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::mark::Run;

/// One thing that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "what")]
pub(crate) enum Entry {
    /// What the run is of.
    Run {
        /// Which server.
        server: String,
        /// With which key.
        user: String,
        /// As whom, by the user's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// A project.
    Project {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
    /// A namespace.
    Namespace {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
    /// An API key.
    Key {
        /// How its description begins.
        name: String,
    },
    /// An imported cluster.
    Cluster {
        /// Its name.
        name: String,
    },
    /// A repository of charts.
    Repo {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
    /// A user.
    User {
        /// Its name to log in with.
        name: String,
    },
}

/// The journal of a run.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Journal {
    /// Where the journal of a run is.
    pub(crate) fn path_of(run: &Run) -> PathBuf {
        std::env::temp_dir().join(format!("rancher-live-{run}.jsonl"))
    }

    /// The journal of a new run. The file is there once something was written.
    pub(crate) fn of(run: &Run) -> Self {
        Self { path: Self::path_of(run), file: Mutex::new(None) }
    }

    /// Writes it down, before it is made.
    pub(crate) fn note(&self, entry: &Entry) -> io::Result<()> {
        let mut kept = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *kept {
            Some(file) => file,
            none => none.insert(create(&self.path)?),
        };
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()
    }

    /// Where it is, if anything was written.
    pub(crate) fn path(&self) -> Option<&Path> {
        let kept = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_some().then_some(self.path.as_path())
    }

    /// What a journal holds. A last line that was not written whole is left out; no journal is an empty one.
    pub(crate) fn read(run: &Run) -> io::Result<Vec<Entry>> {
        match std::fs::read_to_string(Self::path_of(run)) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Takes the journal of a run away: everything in it is gone.
    pub(crate) fn remove(run: &Run) {
        // without a journal there is nothing to remove
        let _ = std::fs::remove_file(Self::path_of(run));
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // a file or link that somebody else put there is not followed
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_and_nobody_else_may_read_it() {
        let run = Run::random();
        assert_eq!(Journal::read(&run).unwrap(), []);
        let journal = Journal::of(&run);
        assert!(journal.path().is_none());
        let noted = [
            Entry::Run {
                server: "https://rancher.example.com".into(),
                user: "token-abcde:***".into(),
                id: None,
            },
            Entry::Namespace { cluster: "c-prod1".into(), name: run.name() },
        ];
        for entry in &noted {
            journal.note(entry).unwrap();
        }
        let path = journal.path().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // as a run leaves it that was killed while it wrote
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"what\":\"names").unwrap();
        assert_eq!(Journal::read(&run).unwrap(), noted);
        assert!(Journal::of(&run).note(&noted[0]).is_err(), "the file of another run is not taken over");
        Journal::remove(&run);
        assert!(!path.exists());
    }
}
