//! What came back.

use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, Env, Error, ObjectFinalize, Result};
use napi_derive::napi;

/// What an operation returned. The objects share the memory of their page, which lives as long as this.
#[napi(custom_finalize)]
pub struct Answer {
    inner: rancher_bridge::Answer,
    /// What V8 was told that this takes beside its own memory.
    told: i64,
}

impl Answer {
    pub(crate) fn new(inner: rancher_bridge::Answer) -> Self {
        Self { inner, told: 0 }
    }

    /// Tells V8, which else sees a small object and is in no hurry to collect it.
    pub(crate) fn told(mut self, env: &Env) -> Result<Self> {
        let size: usize = (0..self.inner.len()).filter_map(|at| self.inner.raw(at)).map(Bytes::len).sum();
        self.told = i64::try_from(size).unwrap_or(i64::MAX);
        env.adjust_external_memory(self.told)?;
        Ok(self)
    }

    pub(crate) fn object(&self, at: u32) -> Result<Bytes> {
        let raw = usize::try_from(at).ok().and_then(|at| self.inner.raw(at));
        raw.cloned().ok_or_else(|| Error::from_reason(format!("the answer has no object {at}")))
    }
}

impl ObjectFinalize for Answer {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-self.told)?;
        Ok(())
    }
}

#[napi]
impl Answer {
    /// What there is beside the objects, as JSON.
    #[napi]
    pub fn value_json(&self) -> String {
        self.inner.value_json()
    }

    /// How many objects there are.
    #[napi(getter)]
    pub fn length(&self) -> u32 {
        u32::try_from(self.inner.len()).unwrap_or(u32::MAX)
    }

    /// All objects as one JSON array.
    #[napi]
    pub fn objects_json(&self) -> Result<String> {
        String::from_utf8(self.inner.objects_json())
            .map_err(|_| Error::from_reason("the server's answer is not UTF-8"))
    }

    /// The bytes of an object, as the server wrote them.
    #[napi]
    pub fn raw<'env>(&self, env: &'env Env, at: u32) -> Result<BufferSlice<'env>> {
        BufferSlice::copy_from(env, self.object(at)?)
    }

    /// What an object is called: id, name, state and kind, each a string or null.
    #[napi]
    pub fn head(&self, at: u32) -> Vec<Option<String>> {
        let head = self.inner.head(usize::try_from(at).unwrap_or(usize::MAX));
        vec![head.id, head.name, head.state, head.kind]
    }
}
