//! Lists of Kubernetes, which page by continue tokens.

use serde::Deserialize;
use std::borrow::Cow;

use super::Resource;
use crate::error::{Error, Result};
use crate::paging::{Course, Refused, Step};
use crate::scope::Route;
use crate::wire::{ClusterId, Page};

/// As many objects as kubectl reads at a time.
const AT_A_TIME: u32 = 500;

/// More than this at a time makes answers of hundreds of megabytes.
const MOST_AT_A_TIME: u32 = 10_000;

/// Selectors that are longer do not fit into a request line.
const LONGEST_SELECTOR: usize = 8 * 1024;

/// A walk that begins anew more often than this takes longer than the cluster remembers its past.
const MOST_BEGINNINGS: u32 = 8;

/// What of a list is wanted, and how it is read.
///
/// ```
/// use rancher_client::proxy::{ListOptions, OnExpired};
///
/// let options = ListOptions {
///     label_selector: "app=web".into(),
///     expired: OnExpired::Fail,
///     ..Default::default()
/// };
/// # assert_eq!(options.limit, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// How many objects come at a time, 1 to 10,000; 500 if not given, as kubectl does it. This is not how many come
    /// in all: for fewer, take fewer from the stream.
    pub limit: Option<u32>,
    /// Which labels the objects have: `app=web,tier in (front)`. Empty for any.
    pub label_selector: String,
    /// Which values some fields have: `status.phase=Running`. Kubernetes knows a few fields of each kind. Empty for
    /// any.
    pub field_selector: String,
    /// What happens if the cluster has forgotten the state that the first page was of.
    pub expired: OnExpired,
}

/// What a list does if the cluster has forgotten the state that the first page was of: it answers 410, `Expired`, some
/// five minutes after it (Kubernetes compacts its past every five minutes).
///
/// Without a 410, all pages are of one and the same state, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnExpired {
    /// The list begins anew, and what was seen already is left out. Every object that lived from the first request to
    /// the last comes exactly once. Objects that were deleted meanwhile may be among them, and those that are new are.
    /// After eight beginnings the list is a `conflict`.
    #[default]
    Anew,
    /// The list ends with the error, a `conflict` with the status 410. What comes is of one state or not at all.
    Fail,
    /// The list goes on behind the last object, in the state as it is now. Every object that lived from the first
    /// request to the last comes exactly once. Objects that are new are among them only if their names come later.
    /// Nothing is read twice, so that this ends where `Anew` may not. A cluster that does not say where to go on makes
    /// this `Anew`.
    Inconsistent,
}

/// What is listed of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All of them.
    Objects,
    /// Their metadata alone (recorded: kubernetes, `metadata only`).
    Metadata,
    /// What the server would show of them.
    Table,
}

/// The walk through a collection of Kubernetes.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    /// What was wrong with the resource is told when the walk begins, so that a list can be made without `?`.
    place: std::result::Result<Route, Refused>,
    options: ListOptions,
    first: Option<Route>,
    beginnings: u32,
    form: Form,
}

impl Tokens {
    pub(super) fn new(cluster: &ClusterId, resource: Resource<'_>, options: ListOptions) -> Self {
        let place = resource.segments(None).and_then(|segments| {
            let root = ["k8s", "clusters", cluster.as_str()];
            Ok(Route::from_segments(root.into_iter().chain(segments))?)
        });
        let place = place.map_err(Refused::from);
        Self { place, options, first: None, beginnings: 0, form: Form::Objects }
    }

    pub(super) fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    fn anew(&mut self, error: Error) -> Result<Step> {
        self.beginnings += 1;
        match self.first.clone() {
            Some(first) if self.beginnings < MOST_BEGINNINGS => Ok(Step::Anew(first)),
            _ => Err(error
                .with_because([format!(
                    "the list began {MOST_BEGINNINGS} times, and the cluster forgot each of them"
                )])
                .with_retry(true, None)),
        }
    }
}

fn check_selector(what: &str, selector: &str) -> Result<()> {
    if selector.chars().any(char::is_control) {
        return Err(Error::invalid(format!("the {what} holds control characters"), ""));
    }
    if selector.len() > LONGEST_SELECTOR {
        return Err(Error::invalid(format!("the {what} is longer than {LONGEST_SELECTOR} bytes"), ""));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    metadata: Option<Identity<'a>>,
}

/// A row of a table.
#[derive(Deserialize)]
struct RowOf<'a> {
    #[serde(borrow, default)]
    object: Option<Item<'a>>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow, default)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

fn continue_of(page: &Page) -> Option<&str> {
    page.envelope().get("metadata")?.get("continue")?.as_str().filter(|token| !token.is_empty())
}

impl Course for Tokens {
    fn operation(&self) -> &'static str {
        "cluster.list"
    }

    fn items(&self) -> &'static str {
        if self.form == Form::Table { "rows" } else { "items" }
    }

    fn accept(&self) -> Option<&'static str> {
        // a server that does not know the form answers in the usual one
        match self.form {
            Form::Objects => None,
            Form::Metadata => {
                Some("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json")
            }
            Form::Table => Some("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        }
    }

    fn first(&mut self, limit: Option<u32>) -> Result<Route> {
        let mut route = match &self.place {
            Ok(route) => route.clone(),
            Err(refused) => return Err(refused.into()),
        };
        let limit = limit.or(self.options.limit).unwrap_or(AT_A_TIME);
        if !(1..=MOST_AT_A_TIME).contains(&limit) {
            return Err(Error::invalid(
                format!("a limit of {limit} makes no page: 1 to {MOST_AT_A_TIME} objects come at a time"),
                "this is how many objects come at a time; a list reads all pages by itself",
            ));
        }
        check_selector("label selector", &self.options.label_selector)?;
        check_selector("field selector", &self.options.field_selector)?;
        route = route.with_query("limit", &limit.to_string());
        if !self.options.label_selector.is_empty() {
            route = route.with_query("labelSelector", &self.options.label_selector);
        }
        if !self.options.field_selector.is_empty() {
            route = route.with_query("fieldSelector", &self.options.field_selector);
        }
        Ok(route)
    }

    fn identity(&self, item: &[u8]) -> Option<String> {
        let item: Item<'_> = match self.form {
            Form::Table => serde_json::from_slice::<RowOf<'_>>(item).ok()?.object?,
            _ => serde_json::from_slice(item).ok()?,
        };
        let identity = item.metadata?;
        match (identity.uid, identity.name) {
            (Some(uid), _) if !uid.is_empty() => Some(uid.into_owned()),
            // what an aggregated API makes up on the way may have none
            (_, Some(name)) if !name.is_empty() => {
                Some(format!("{}/{name}", identity.namespace.unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn next(&mut self, route: &Route, page: &Page) -> Result<Step> {
        let first = self.first.get_or_insert_with(|| route.without_query("continue"));
        // a token that comes again makes a request that was sent already, which the walk notices
        Ok(continue_of(page)
            .map_or(Step::Done, |token| Step::Next(first.clone().with_query("continue", token))))
    }

    fn after(&mut self, error: Error) -> Result<Step> {
        let (Some(first), true) = (self.first.clone(), error.is_expired()) else { return Err(error) };
        match (self.options.expired, error.resume()) {
            (OnExpired::Fail, _) => Err(error),
            (OnExpired::Inconsistent, Some(token)) => Ok(Step::Next(first.with_query("continue", token))),
            _ => self.anew(error),
        }
    }

    fn total(&self, page: &Page) -> Option<u64> {
        let here = page.len() as u64;
        if continue_of(page).is_none() {
            return Some(here);
        }
        // with a selector the server does not know
        let rest = page.envelope().get("metadata")?.get("remainingItemCount")?.as_u64()?;
        Some(here.saturating_add(rest))
    }

    fn again(&self) -> Box<dyn Course> {
        Box::new(Self { first: None, beginnings: 0, ..self.clone() })
    }
}
