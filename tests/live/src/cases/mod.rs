//! What is tried, in this order.

mod apps;
mod kubernetes;
mod lists;
mod projects;
mod reading;
mod refusals;
mod registration;
mod sessions;
mod smoke;
mod tokens;
mod watches;
mod workloads;
mod writes;

use futures_util::future::BoxFuture;
use std::sync::Arc;

use crate::outcome::Outcome;
use crate::site::Site;

/// One thing that is tried.
pub(crate) struct Case {
    /// Its name, by which it is chosen and skipped.
    pub(crate) name: &'static str,
    pub(crate) run: fn(Arc<Site>) -> BoxFuture<'static, Outcome>,
}

macro_rules! cases {
    ($($place:ident::$name:ident),+ $(,)?) => {
        /// All of them.
        pub(crate) const ALL: &[Case] = &[$(
            Case {
                name: stringify!($name),
                run: |site| Box::pin(async move { $place::$name(&site).await }),
            }
        ),+];
    };
}

cases! {
    reading::version,
    reading::doctor,
    reading::whoami,
    refusals::wrong_key,
    refusals::no_key,
    refusals::unknown_ids,
    refusals::bad_input,
    lists::v3_pages,
    lists::v3_filters,
    lists::v3_find,
    lists::steve_pages,
    lists::kubernetes_pages,
    projects::project,
    projects::quota,
    projects::binding,
    projects::namespace_seen,
    writes::secrets,
    writes::config_maps,
    writes::conflicts,
    writes::refusals,
    writes::apply,
    writes::patches,
    writes::dry_run,
    kubernetes::own_pages,
    kubernetes::forms,
    kubernetes::steve_writes,
    watches::watch_kubernetes,
    watches::watch_steve,
    watches::watch_v3,
    workloads::deployment_of_none,
    workloads::pod_quota,
    workloads::rollout,
    workloads::logs,
    apps::apps,
    tokens::scoped_key,
    tokens::unscoped_key,
    tokens::ext_token,
    sessions::login,
    registration::import,
    smoke::python,
    smoke::node,
}
