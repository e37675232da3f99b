//! The native half of the Node package: the border of the core, and nothing else.
//!
//! Text crosses as JSON in one string, objects as the bytes that the server wrote, errors as the JSON of a fault in the
//! message of the rejection. Nothing here keeps a value of JavaScript: what a call needs is cloned before it begins.

mod answer;
mod bridge;
mod stream;

use napi::bindgen_prelude::{Env, Error, Object, Result};
use napi_derive::napi;
use rancher_bridge::{Cancel, Fault, Outcome};
use std::future::Future;

thread_local! {
    /// Stops every call of this thread when its environment ends: a worker that is terminated has nobody left to answer.
    static ENDED: Cancel = Cancel::default();
}

#[napi(module_exports)]
// under `cfg(test)` the macro registers nothing
#[cfg_attr(test, allow(dead_code))]
fn init(_exports: Object<'_>, env: Env) -> Result<()> {
    env.add_env_cleanup_hook((), |()| ENDED.with(Cancel::cancel))?;
    Ok(())
}

/// A quantity of Kubernetes, read by the core.
#[napi]
pub fn quantity(text: String) -> Result<String> {
    rancher_bridge::quantity(&text).map_err(|fault| crossing(&fault))
}

/// The version of the package.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Stops calls from outside.
#[napi]
pub struct CancelHandle(Cancel);

#[napi]
impl CancelHandle {
    /// A handle that was not used yet.
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Cancel::default())
    }

    /// Stops the calls that were given this handle, and closes their connections.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// A fault crosses as its JSON. The facade makes the error of it.
fn crossing(fault: &Fault) -> Error {
    Error::from_reason(fault.to_json())
}

/// The outcome of a call that ends with its environment, and when its handle says so.
fn until<T: Send, F: Future<Output = Outcome<T>> + Send>(
    cancel: Option<&CancelHandle>,
    call: F,
) -> impl Future<Output = Result<T>> + Send + use<T, F> {
    let ended = ENDED.with(Cancel::clone);
    let cancel = cancel.map(|handle| handle.0.clone());
    async move {
        let call = async move {
            match cancel {
                Some(cancel) => cancel.run("the call was cancelled", call).await,
                None => call.await,
            }
        };
        ended.run("the thread that called has ended", call).await.map_err(|fault| crossing(&fault))
    }
}
