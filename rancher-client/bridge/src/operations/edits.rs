//! Changes that the caller makes between two steps: read, hand out, take back changed, write.

use bytes::Bytes;
use rancher_client::transport::{BoxFuture, Conflicts};
use rancher_client::wire::{Document as _, Kept, Object};
use serde_json::json;

use crate::answer::Answer;
use crate::fault::{Fault, Outcome};
use crate::kept;
use crate::naming::Naming;
use crate::stream::{Next, Source, Stream};

type Read = Box<dyn Fn() -> BoxFuture<'static, rancher_client::Result<Kept<Object>>> + Send>;
type Write = Box<dyn Fn(Kept<Object>) -> BoxFuture<'static, rancher_client::Result<Kept<Object>>> + Send>;

/// One change of one object.
pub(super) struct Edits {
    read: Read,
    write: Write,
    naming: Naming,
    conflicts: Conflicts,
    /// As it was handed out.
    handed_out: Option<Bytes>,
    done: bool,
}

impl Edits {
    pub(super) fn stream(
        naming: Naming,
        read: impl Fn() -> BoxFuture<'static, rancher_client::Result<Kept<Object>>> + Send + 'static,
        write: impl Fn(Kept<Object>) -> BoxFuture<'static, rancher_client::Result<Kept<Object>>> + Send + 'static,
    ) -> Stream {
        Stream::new(Self {
            read: Box::new(read),
            write: Box::new(write),
            naming,
            conflicts: Conflicts::default(),
            handed_out: None,
            done: false,
        })
    }

    async fn step(&mut self, reply: Option<Bytes>) -> Outcome<Option<Answer>> {
        if self.done {
            return Ok(None);
        }
        if let Some(original) = self.handed_out.take() {
            let Some(reply) = reply else {
                return Err(Fault::invalid("nothing was sent: the changed object was not given back", ""));
            };
            let now = Object::decode(&reply).map_err(|error| {
                Fault::invalid(format!("nothing was sent: the changed object cannot be read: {error}"), "")
            })?;
            let object = kept::changed(original, now, self.naming)?;
            match (self.write)(object).await {
                Ok(written) => {
                    self.done = true;
                    let value = json!({"event": "done", "altered": written.altered()});
                    return Ok(Some(Answer::object(&written).with(value)));
                }
                Err(error) => {
                    if !self.conflicts.again(&error).await {
                        return Err(error.into());
                    }
                }
            }
        } else if reply.is_some() {
            return Err(Fault::invalid("nothing was sent: no object was handed out to be changed", ""));
        }
        let object = (self.read)().await?;
        self.handed_out = Some(object.raw().clone());
        Ok(Some(Answer::object(&object).with(json!({"event": "edit"}))))
    }
}

impl Source for Edits {
    fn next(&mut self, reply: Option<Bytes>) -> Next<'_> {
        Box::pin(self.step(reply))
    }
}
