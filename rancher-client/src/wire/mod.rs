//! What the APIs share: ids, the address of a server, instants, what must never be shown, and objects that lose nothing.

mod agent;
mod clock;
mod document;
mod edit;
mod id;
mod kept;
mod redact;
mod server_url;
pub(crate) mod yaml;

pub use agent::AgentState;
pub use clock::{Clock, Moment, SystemClock};
pub use document::{Document, InvalidDocument, Object};
pub use edit::Edit;
pub(crate) use id::is_dns_label;
pub use id::{ClusterId, InvalidId, PrincipalId, PrincipalKind, ProjectId, TokenName, UserId};
pub use kept::Kept;
pub use redact::redact;
pub use server_url::{InvalidServerUrl, ServerUrl};
