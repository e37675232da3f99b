//! Every generated struct.

use rancher_types::info::{Api, TypeInfo};
use rancher_types::{Record, TypeVisitor, each_type};

use super::{Through, through};

/// A generated struct.
pub(super) struct Typed {
    pub(super) info: &'static TypeInfo,
    pub(super) through: Through,
}

struct Collect(Vec<Typed>);

impl TypeVisitor for Collect {
    fn visit<T: Record>(&mut self) {
        // those that APIs share come once
        if !self.0.iter().any(|known| std::ptr::eq(known.info, T::INFO)) {
            self.0.push(Typed { info: T::INFO, through: through::<T> });
        }
    }
}

/// All of them, those that APIs share once.
pub(super) fn all() -> Vec<Typed> {
    let mut all = Collect(Vec::new());
    for api in [Api::Management, Api::Cluster, Api::Project] {
        each_type(api, &mut all);
    }
    all.0
}
