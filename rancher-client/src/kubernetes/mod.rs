//! What objects of Kubernetes have in common, whether they come through Steve or the cluster proxy: what a name may
//! be, and how an object is written so that nobody else's change is lost.

mod identity;
mod name;
mod patch;
mod write;

pub(crate) use identity::identity;
pub(crate) use name::{check_group, check_label, check_name, check_plural};
pub use patch::{Patch, PatchStep};
pub(crate) use write::{accepted, created, deleted, own_attempt, resent_into_conflict, update_of};
