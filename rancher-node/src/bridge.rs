//! A client.

use napi::bindgen_prelude::{Env, PromiseRaw, Result};
use napi_derive::napi;

use crate::answer::Answer;
use crate::stream::Stream;
use crate::{CancelHandle, crossing, until};

/// A client behind the border.
#[napi]
pub struct Bridge(rancher_bridge::Bridge);

#[napi]
impl Bridge {
    /// Opens a client with options as JSON. Nothing is sent.
    #[napi(constructor)]
    pub fn new(options: String) -> Result<Self> {
        rancher_bridge::Bridge::open(options.as_bytes()).map(Self).map_err(|fault| crossing(&fault))
    }

    /// Calls an operation. `original` and `at` name the object of an answer that it changes.
    #[napi(ts_return_type = "Promise<Answer>")]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        operation: String,
        input: String,
        original: Option<&Answer>,
        at: Option<u32>,
        cancel: Option<&CancelHandle>,
    ) -> Result<PromiseRaw<'env, Answer>> {
        let bridge = self.0.clone();
        let original = original.map(|answer| answer.object(at.unwrap_or(0))).transpose()?;
        let call = async move { bridge.call(&operation, input.as_bytes(), original).await };
        env.spawn_future_with_callback(until(cancel, call), |env, answer| Answer::new(answer).told(env))
    }

    /// Begins an operation that returns one answer after another.
    #[napi]
    pub fn begin(
        &self,
        operation: String,
        input: String,
        original: Option<&Answer>,
        at: Option<u32>,
    ) -> Result<Stream> {
        let original = original.map(|answer| answer.object(at.unwrap_or(0))).transpose()?;
        let stream = self.0.begin(&operation, input.as_bytes(), original);
        stream.map(Stream::new).map_err(|fault| crossing(&fault))
    }

    /// Stops every call that is under way, and refuses those to come.
    #[napi]
    pub fn close(&self) {
        self.0.close();
    }

    /// The same; what is left to be done is a promise: ending the sessions that end with the client.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn finish<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, ()>> {
        let rest = self.0.finish();
        let rest = async move {
            match rest {
                Some(rest) => rest.await,
                None => Ok(()),
            }
        };
        env.spawn_future_with_callback(until(None, rest), |_, done| Ok(done))
    }

    /// The server, the credential's name and kind, the cluster that is meant, as JSON.
    #[napi]
    pub fn describe(&self) -> String {
        self.0.describe()
    }
}
