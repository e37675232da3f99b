//! Actions and links of objects.

use http::Method;
use rancher_types::{Action, Answer};
use serde::Serialize;
use serde_json::Value;

use super::course::Markers;
use super::query::Query;
use super::{Resource, V3Object, check};
use crate::error::{Error, ErrorKind, Result};
use crate::paging::List;
use crate::scope::Route;
use crate::transport::Request;
use crate::wire::{Kept, Object, ServerUrl, check_levels};

impl<T: V3Object> Resource<T> {
    /// Starts an action of an object: `clusters.action(&cluster, cluster::GENERATE_KUBECONFIG, &Empty::default())`.
    ///
    /// Whether it is available now, the object says: an action that is not among its `actions` is not sent. It is sent
    /// once, never twice.
    ///
    /// # Errors
    /// `unsupported` if the object does not offer it; `invalid` with the field, if what it takes is wrong.
    ///
    /// # Scope
    /// As [`Resource::get`]. `generateKubeconfig` of a cluster takes the key scoped to it, and makes a token without a
    /// scope (recorded: workflows).
    pub async fn action<In: Serialize, Out: Answer>(
        &self,
        object: &T,
        action: Action<In, Out>,
        input: &In,
    ) -> Result<Out> {
        self.plain_action(object, action.name(), input).await
    }

    /// Starts an action by its name, with and for plain JSON. See [`Resource::action`].
    ///
    /// # Errors
    /// As [`Resource::action`].
    ///
    /// # Scope
    /// As [`Resource::action`].
    pub async fn action_named(&self, object: &T, name: &str, input: &Object) -> Result<Object> {
        self.plain_action(object, name, input).await
    }

    async fn plain_action<In: Serialize, Out: Answer>(
        &self,
        object: &T,
        name: &str,
        input: &In,
    ) -> Result<Out> {
        let Some(link) = object.action_at(name) else {
            let known = self.info.is_some_and(|info| info.action(name).is_some());
            let offered = object.available_actions();
            let offered = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
            return Err(Error::new(
                if known { ErrorKind::Unsupported } else { ErrorKind::Invalid },
                format!("nothing was sent: the object does not offer the action {name:?} now"),
                format!(
                    "it offers {offered}; read it again if it may have changed, or check the user's rights"
                ),
            )
            .with_operation("v3.action"));
        };
        let taken = self.checks().and_then(|info| info.action(name)).and_then(|action| action.input);
        let link = follow(&self.connection.config().server, "the link", link)?;
        // the link may lead under another host name's path; what it starts is in its query
        let route = link.without_query("action").with_query("action", name);
        self.start(route, taken, input).await
    }

    /// Starts an action of the collection: `users.collection_action(user::CHANGEPASSWORD, &input)`.
    ///
    /// # Errors
    /// As [`Resource::action`]; whether the collection offers it, only the server knows.
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn collection_action<In: Serialize, Out: Answer>(
        &self,
        action: Action<In, Out>,
        input: &In,
    ) -> Result<Out> {
        self.plain_collection_action(action.name(), input).await
    }

    /// Starts an action of the collection by its name, with and for plain JSON. See [`Resource::collection_action`].
    ///
    /// # Errors
    /// As [`Resource::collection_action`].
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn collection_action_named(&self, name: &str, input: &Object) -> Result<Object> {
        self.plain_collection_action(name, input).await
    }

    async fn plain_collection_action<In: Serialize, Out: Answer>(
        &self,
        name: &str,
        input: &In,
    ) -> Result<Out> {
        let stated = self.checks().map(|info| info.collection_action(name));
        if let Some(None) = stated {
            return Err(Error::invalid(
                format!("nothing was sent: {} have no action {name:?}", self.collection),
                "",
            ));
        }
        let taken = stated.flatten().and_then(|action| action.input);
        self.start(self.route(None)?.with_query("action", name), taken, input).await
    }

    async fn start<In: Serialize, Out: Answer>(
        &self,
        route: Route,
        taken: Option<&'static rancher_types::info::TypeInfo>,
        input: &In,
    ) -> Result<Out> {
        check_levels(input)?;
        let input = serde_json::to_value(input)
            .map_err(|_| Error::invalid("what the action takes cannot be written as JSON", ""))?;
        let Value::Object(fields) = input else {
            return Err(Error::invalid("what an action takes is an object", ""));
        };
        if let Some(taken) = taken {
            check::input(taken, &fields)?;
        }
        // handlers that read a body refuse an empty one: there is always an object
        let request = Request::new("v3.action", Method::POST, route).with_json(&Value::Object(fields))?;
        let route = request.route.clone();
        let body = self.connection.bytes_by_road(request).await?;
        Out::from_body(&body).map_err(|error| {
            Error::new(
                ErrorKind::Decode,
                format!("the answer of the action cannot be read: {error}"),
                "the action may have been done; ask before it is started again",
            )
            .with_operation("v3.action")
            .with_request(&Method::POST, &route)
        })
    }

    /// The object behind a link of this one.
    ///
    /// # Errors
    /// `invalid` if it has no such link; `not_rancher` if the link leads to another server, where nothing is sent.
    ///
    /// # Scope
    /// That of where the link leads. A key scoped to a cluster takes the road that means the same, where there is one.
    pub async fn link<U: V3Object>(&self, object: &T, name: &str) -> Result<Kept<U>> {
        let route = self.linked(object, name)?;
        self.connection.object(Request::new("v3.link", Method::GET, route)).await
    }

    /// The objects behind a link of this one: the `projects` of a cluster.
    ///
    /// # Errors
    /// As [`Resource::link`] and [`Resource::list`].
    ///
    /// # Scope
    /// As [`Resource::link`].
    pub fn link_list<U: V3Object>(&self, object: &T, name: &str) -> List<Kept<U>> {
        let place = self.linked(object, name).map(|route| (route, Vec::new()));
        let server = self.connection.config().server.clone();
        List::new(self.connection.clone(), Markers::new("v3.link", server, None, Query::all(), place))
    }

    fn linked(&self, object: &T, name: &str) -> Result<Route> {
        let link = object.link_to(name).ok_or_else(|| {
            Error::invalid(format!("the object has no link {name:?}"), "").with_operation("v3.link")
        })?;
        follow(&self.connection.config().server, "the link", link)
    }
}

/// The route of a link, on this server. `what` names it in the error.
pub(super) fn follow(server: &ServerUrl, what: &str, link: &str) -> Result<Route> {
    Route::from_link(server, link).map_err(|error| {
        Error::new(
            ErrorKind::NotRancher,
            format!("{what} does not lead to {server}; nothing was sent there"),
            "give the URL under which Rancher knows itself, or let the proxy before it send X-Forwarded-Host and \
             X-Forwarded-Proto",
        )
        .with_source(error)
    })
}
