//! What the APIs share: ids, pages, objects that lose nothing, the address of a server, instants, and what must
//! never be shown.

mod agent;
mod clock;
mod document;
mod edit;
mod id;
mod kept;
mod page;
mod quantity;
mod redact;
mod server_url;
pub(crate) mod taken;
pub(crate) mod yaml;

pub use agent::AgentState;
pub use clock::{Clock, Moment, SystemClock};
pub(crate) use document::check_levels;
pub use document::{Document, InvalidDocument, Object};
pub use edit::Edit;
pub(crate) use id::is_dns_label;
pub use id::{ClusterId, InvalidId, PrincipalId, PrincipalKind, ProjectId, TokenName, UserId};
pub use kept::Kept;
pub use page::Page;
pub use quantity::{InvalidQuantity, Quantity};
pub(crate) use redact::is_credential;
pub use redact::redact;
pub use server_url::{InvalidServerUrl, ServerUrl};
