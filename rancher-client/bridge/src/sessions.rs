//! The sessions that a client began, and that end with it where it was asked to.

use rancher_client::login::Session;
use rancher_client::wire::TokenName;
use rancher_client::{Client, Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fault::Outcome;

/// How long ending a session may take when a client is closed.
const AT_MOST: Duration = Duration::from_secs(10);

/// The sessions that a client began. A clone shares them; a client that is opened anew in a forked child has none, since
/// they are its parent's to end.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<Vec<Session>>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, Vec<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a session, to end it.
    pub(crate) fn hold(&self, session: Session) {
        self.all().push(session);
    }

    /// The session whose token the client goes by.
    pub(crate) fn of(&self, client: &Client) -> Option<Session> {
        let current = client.connection().credential();
        self.all().iter().find(|session| session.credential().same_as(&current)).cloned()
    }

    /// Forgets one that is over.
    pub(crate) fn release(&self, token: &TokenName) {
        self.all().retain(|session| session.token() != Some(token));
    }

    /// Forgets all but those that end with the client.
    pub(crate) fn keep_to_be_ended(&self) {
        self.all().retain(Session::revoke_on_close);
    }

    /// Forgets all.
    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    /// Whether any of them ends with the client.
    pub(crate) fn to_be_ended(&self) -> bool {
        self.all().iter().any(Session::revoke_on_close)
    }

    /// Ends those that end with the client, and forgets those that are over.
    ///
    /// # Errors
    /// The first that was in the way; the others are ended all the same.
    pub(crate) async fn end(&self) -> Outcome<()> {
        let mut failed = None;
        let sessions = self.all().clone();
        for session in sessions {
            let ended = tokio::time::timeout(AT_MOST, session.close()).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, "the server did not answer in time", ""))
            });
            // no others, and not before: whoever gave up here or failed can close again
            if ended.is_ok() {
                self.all().retain(|held| !held.credential().same_as(session.credential()));
            }
            if let Err(error) = ended {
                let name = session.token().map(ToString::to_string).unwrap_or_default();
                let what =
                    format!("the client is closed, and its session {name} may go on: {}", error.summary());
                let advice = "close again to try again, or wait until its time is over";
                let told = Error::new(error.kind(), what, advice).with_operation("logout").with_source(error);
                failed.get_or_insert(told);
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
