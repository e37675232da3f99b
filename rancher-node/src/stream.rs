//! One answer after another.

use bytes::Bytes;
use napi::bindgen_prelude::{Env, PromiseRaw, Result};
use napi_derive::napi;
use std::sync::Arc;

use crate::answer::Answer;
use crate::{CancelHandle, until};

/// The pages of a list, what happens while waiting, an object to be changed.
#[napi]
pub struct Stream(Arc<rancher_bridge::Stream>);

impl Stream {
    pub(crate) fn new(stream: rancher_bridge::Stream) -> Self {
        Self(Arc::new(stream))
    }
}

#[napi]
impl Stream {
    /// The next answer; null after the last. `reply` is what the caller says to the one before.
    #[napi(ts_return_type = "Promise<Answer | null>")]
    pub fn next<'env>(
        &self,
        env: &'env Env,
        reply: Option<String>,
        cancel: Option<&CancelHandle>,
    ) -> Result<PromiseRaw<'env, Option<Answer>>> {
        let stream = Arc::clone(&self.0);
        let call = async move { stream.next(reply.map(Bytes::from)).await };
        env.spawn_future_with_callback(until(cancel, call), |env, answer| {
            answer.map(|answer| Answer::new(answer).told(env)).transpose()
        })
    }

    /// What was counted so far, as JSON; `null` of a stream that counts nothing.
    #[napi]
    pub fn counts_json(&self) -> String {
        self.0.counts_json()
    }

    /// Stops it: what is under way is dropped, and nothing comes any more.
    #[napi]
    pub fn stop(&self) {
        self.0.stop();
    }
}
