//! What the APIs share: ids, pages, the address of a server, instants, and what must never be shown.

mod agent;
mod clock;
mod id;
mod page;
mod redact;
mod server_url;
pub(crate) mod yaml;

pub use agent::AgentState;
pub use clock::{Clock, Moment, SystemClock};
pub(crate) use id::is_dns_label;
pub use id::{ClusterId, InvalidId, PrincipalId, PrincipalKind, ProjectId, TokenName, UserId};
pub use page::{InvalidJson, Page};
pub use redact::redact;
pub use server_url::{InvalidServerUrl, ServerUrl};
