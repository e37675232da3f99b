//! Every type of Rancher's v3 API.
//!
//! Each of the three APIs has a module (and a Cargo feature of the same name): [`management`], [`cluster`] and
//! [`project`]. There each type is a struct, such as [`management::Project`], whose fields are all optional; what the
//! server sends and the struct does not know stays in its `other` and is written again ([`Record`]). Types with a
//! collection have a module with constants for their filters and actions, such as `management::project::NAME`.
//!
//! What the server states of a type is its [`TypeInfo`](info::TypeInfo): `Project::INFO`, or looked up with [`by_id`]
//! and [`by_collection`].
//!
//! ```
//! # #[cfg(feature = "management")] {
//! use rancher_types::management::{Project, project};
//! use rancher_types::{Record, info::Api};
//!
//! let read = Project::decode(br#"{"id":"c-prod1:p-shop","name":"shop","addedLater":1}"#)?;
//! assert_eq!(read.name.as_deref(), Some("shop"));
//! assert_eq!(read.other["addedLater"], 1);
//! assert!(Project::INFO.field("clusterId").is_some_and(|field| field.required));
//! assert_eq!(project::NAME.one_of(["shop", "web"]).parameter(), "name_in");
//! assert_eq!(rancher_types::by_collection(Api::Management, "projects"), Some(Project::INFO));
//! # }
//! # Ok::<(), rancher_types::DecodeError>(())
//! ```
//!
//! The structs are generated from `rancher-client/schemas` by `cargo run -p rancher-codegen`.

#[cfg_attr(
    not(any(feature = "management", feature = "cluster", feature = "project")),
    allow(dead_code, unused_imports, unused_macros, reason = "nothing uses it where no API is chosen")
)]
mod decode;
pub mod filter;
#[rustfmt::skip]
mod generated;
pub mod info;
#[cfg_attr(
    not(any(feature = "management", feature = "cluster", feature = "project")),
    allow(dead_code, unused_imports, unused_macros, reason = "nothing uses it where no API is chosen")
)]
mod macros;
#[cfg_attr(
    not(any(feature = "management", feature = "cluster", feature = "project")),
    allow(dead_code, unused_imports, unused_macros, reason = "nothing uses it where no API is chosen")
)]
mod record;
mod registry;
mod values;

pub use decode::DecodeError;
pub use filter::{Condition, Field};
#[cfg(feature = "cluster")]
pub use generated::cluster;
pub use generated::enums;
#[cfg(feature = "management")]
pub use generated::management;
#[cfg(feature = "project")]
pub use generated::project;
pub use record::{Action, Answer, Empty, Record, ResourceType};
pub use registry::{TypeVisitor, by_collection, by_id, each_type, types};
pub use values::{IntOrString, Secret};

#[cfg(test)]
#[cfg(all(feature = "management", feature = "project"))]
mod record_tests;
