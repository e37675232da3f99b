//! What can be called, by name: one row for each operation of the table.

mod apps;
mod client;
mod cluster;
mod edits;
mod ext;
mod flows;
mod kubernetes;
mod lists;
mod namespace;
mod registration;
mod service_accounts;
mod session;
mod steve;
mod steve_types;
mod v3;
mod waits;
mod watches;
mod writes;

use bytes::Bytes;
use futures_util::FutureExt as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use crate::answer::Answer;
use crate::fault::{Fault, Outcome};
use crate::input::{Context, Input};
use crate::stream::Stream;
use crate::table::TABLE;

#[cfg(test)]
mod agreement;

type Called = Pin<Box<dyn Future<Output = Outcome<Answer>> + Send>>;

/// How an operation is done.
#[derive(Clone, Copy)]
enum Handler {
    /// One answer.
    Call(fn(Input) -> Called),
    /// One answer after another.
    Begin(fn(Input) -> Outcome<Stream>),
}

macro_rules! handlers {
    ($($name:literal => $how:ident $handler:path),+ $(,)?) => {
        &[$(($name, handlers!(@ $how $handler))),+]
    };
    (@ call $handler:path) => { Handler::Call(|input| Box::pin($handler(input))) };
    (@ begin $handler:path) => { Handler::Begin($handler) };
}

static HANDLERS: &[(&str, Handler)] = handlers! {
    "version" => call client::version,
    "doctor" => call client::doctor,
    "request" => call client::request,

    "auth_providers" => call session::auth_providers,
    "login" => call session::login,
    "logout" => call session::logout,
    "change_password" => call session::change_password,
    "set_password" => call session::set_password,

    "ext.self_user" => call ext::self_user,
    "ext.change_password" => call ext::change_password,
    "ext.refresh_groups" => call ext::refresh_groups,
    "ext.user_activity" => call ext::user_activity,
    "ext.tokens.list" => call ext::tokens_list,
    "ext.tokens.get" => call ext::tokens_get,
    "ext.tokens.create" => call ext::tokens_create,
    "ext.tokens.update" => call ext::tokens_update,
    "ext.tokens.delete" => call ext::tokens_delete,
    "ext.kubeconfigs.list" => call ext::kubeconfigs_list,
    "ext.kubeconfigs.get" => call ext::kubeconfigs_get,
    "ext.kubeconfigs.create" => call ext::kubeconfigs_create,
    "ext.kubeconfigs.delete" => call ext::kubeconfigs_delete,

    "v3.list" => begin v3::list,
    "v3.total" => call v3::total,
    "v3.first" => call v3::first,
    "v3.get" => call v3::get,
    "v3.find" => call v3::find,
    "v3.create" => call v3::create,
    "v3.ensure" => call v3::ensure,
    "v3.update" => call v3::update,
    "v3.update_with" => begin v3::update_with,
    "v3.delete" => call v3::delete,
    "v3.action" => call v3::action,
    "v3.collection_action" => call v3::collection_action,
    "v3.link" => call v3::link,
    "v3.link_list" => begin v3::link_list,
    "v3.wait" => begin v3::wait,
    "v3.wait_gone" => begin v3::wait_gone,
    "v3.watch" => begin watches::v3,

    "steve.list" => begin steve::list,
    "steve.total" => call steve::total,
    "steve.first" => call steve::first,
    "steve.get" => call steve::get,
    "steve.find" => call steve::find,
    "steve.create" => call steve::create,
    "steve.update" => call steve::update,
    "steve.update_with" => begin steve::update_with,
    "steve.delete" => call steve::delete,
    "steve.link" => call steve::link,
    "steve.wait" => begin steve::wait,
    "steve.wait_gone" => begin steve::wait_gone,
    "steve.watch" => begin watches::steve,

    "registration.import_cluster" => call registration::import_cluster,
    "registration.ensure_imported" => call registration::ensure_imported,
    "registration.create" => call registration::create,
    "registration.token" => call registration::token,
    "registration.create_token" => call registration::create_token,
    "registration.command" => call registration::command,
    "registration.manifest" => call registration::manifest,
    "registration.wait_connected" => begin registration::wait_connected,
    "registration.wait_ready" => begin registration::wait_ready,
    "registration.rotate_token" => call registration::rotate_token,
    "registration.removal" => call registration::removal,
    "registration.remove" => call registration::remove,

    "cluster.version" => call cluster::version,
    "cluster.whoami" => call cluster::whoami,
    "cluster.can_i" => call cluster::can_i,
    "cluster.service_account_token" => call service_accounts::token,
    "cluster.proxy_config" => call service_accounts::proxy_config,
    "cluster.set_proxy_config" => call service_accounts::set_proxy_config,
    "cluster.resolve" => call cluster::resolve,
    "cluster.apply" => call writes::apply_to_cluster,

    "kubernetes.list" => begin kubernetes::list,
    "kubernetes.first" => call kubernetes::first,
    "kubernetes.total" => call kubernetes::total,
    "kubernetes.get" => call kubernetes::get,
    "kubernetes.create" => call kubernetes::create,
    "kubernetes.update" => call kubernetes::update,
    "kubernetes.update_with" => begin kubernetes::update_with,
    "kubernetes.delete" => call writes::delete,
    "kubernetes.wait" => begin kubernetes::wait,
    "kubernetes.wait_gone" => begin kubernetes::wait_gone,
    "kubernetes.watch" => begin watches::kubernetes,
    "kubernetes.patch" => call writes::patch,
    "kubernetes.apply" => call writes::apply,
    "kubernetes.scale" => call writes::scale,
    "kubernetes.set_scale" => call writes::set_scale,
    "kubernetes.update_status" => call writes::update_status,
    "kubernetes.patch_status" => call writes::patch_status,
    "kubernetes.table" => call kubernetes::table,
    "kubernetes.list_metadata" => begin kubernetes::list_metadata,
    "kubernetes.get_metadata" => call kubernetes::get_metadata,

    "namespace.get" => call namespace::get,
    "namespace.pods" => begin namespace::pods,
    "namespace.logs" => begin namespace::logs,
    "namespace.create_secret" => call namespace::create_secret,
    "namespace.create_deployment" => call namespace::create_deployment,
    "namespace.deployment" => call namespace::deployment,
    "namespace.apply" => call namespace::apply,
    "namespace.evict" => call namespace::evict,
    "rollout.status" => call namespace::rollout_status,
    "rollout.wait" => begin namespace::rollout_wait,

    "steve.schema" => call steve_types::schema,
    "steve.definition" => call steve_types::definition,
    "steve.action" => call steve_types::action,
    "steve.patch" => call steve_types::patch,

    "apps.list" => begin apps::list,
    "apps.get" => call apps::get,
    "apps.values" => call apps::values,
    "apps.install" => call apps::install,
    "apps.upgrade" => call apps::upgrade,
    "apps.uninstall" => call apps::uninstall,
    "apps.status" => call apps::status,
    "apps.logs" => begin apps::logs,
    "apps.wait" => begin apps::wait,

    "apps.repos.list" => begin apps::repos_list,
    "apps.repos.get" => call apps::repos_get,
    "apps.repos.create" => call apps::repos_create,
    "apps.repos.delete" => call apps::repos_delete,
    "apps.repos.refresh" => call apps::repos_refresh,
    "apps.repos.wait" => begin apps::repos_wait,
    "apps.repos.index" => call apps::repos_index,
    "apps.repos.chart" => call apps::repos_chart,
};

/// How much longer than its requests a call may take: what is left then hangs in something that is no request.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

fn find(
    context: &Context,
    operation: &str,
    json: &[u8],
    original: Option<Bytes>,
) -> Outcome<(Handler, Input)> {
    let handler = HANDLERS.iter().find(|(name, _)| *name == operation).map(|(_, handler)| *handler);
    let (Some(handler), Some(stated)) = (handler, TABLE.get(operation)) else {
        return Err(Fault::invalid(format!("there is no operation {operation:?}"), ""));
    };
    Ok((handler, Input::read(context, stated, json, original)?))
}

/// Does an operation that returns one answer.
pub(crate) async fn call(
    context: &Context,
    operation: &str,
    json: &[u8],
    original: Option<Bytes>,
) -> Outcome<Answer> {
    let (handler, input) = find(context, operation, json, original)?;
    let Handler::Call(handler) = handler else {
        return Err(Fault::invalid(format!("{operation} returns one answer after another: begin it"), ""));
    };
    let timeout = input.timeout;
    guarded(operation, timeout, async { handler(input).await }).await
}

/// Begins an operation that returns one answer after another.
pub(crate) fn begin(
    context: &Context,
    operation: &str,
    json: &[u8],
    original: Option<Bytes>,
) -> Outcome<Stream> {
    let (handler, input) = find(context, operation, json, original)?;
    let Handler::Begin(handler) = handler else {
        return Err(Fault::invalid(format!("{operation} returns one answer: call it"), ""));
    };
    let (timeout, flows) = (input.timeout, input.is_flow());
    let begun = std::panic::catch_unwind(AssertUnwindSafe(|| handler(input)));
    let stream =
        begun.unwrap_or_else(|_| Err(Fault::defect(operation))).map_err(|fault| fault.of(operation))?;
    let stream = stream.named(operation);
    Ok(if flows { stream.ending_after(timeout) } else { stream.with_timeout(timeout) })
}

/// The outcome of what is done for an operation, within its time. A panic in it is an error: behind the border nobody
/// could catch it.
pub(crate) async fn guarded<T>(
    operation: &str,
    timeout: Option<Duration>,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let caught = AssertUnwindSafe(work).catch_unwind();
    let caught = match timeout.and_then(|span| Some((span, span.checked_add(GRACE)?))) {
        None => caught.await,
        Some((span, all)) => match tokio::time::timeout(all, caught).await {
            Ok(caught) => caught,
            Err(_) => return Err(Fault::timeout(operation, span)),
        },
    };
    caught.unwrap_or_else(|_| Err(Fault::defect(operation))).map_err(|fault| fault.of(operation))
}
