//! Every generated struct.

use rancher_types::Record;
use rancher_types::info::{Api, TypeInfo};

use super::{Through, through};

/// A generated struct.
pub(super) struct Typed {
    pub(super) info: &'static TypeInfo,
    pub(super) through: Through,
}

fn typed<T: Record>() -> Typed {
    Typed { info: T::INFO, through: through::<T> }
}

/// All of them, those that APIs share once.
pub(super) fn all() -> Vec<Typed> {
    let mut all = Vec::new();
    for (api, types) in
        [(Api::Management, management()), (Api::Cluster, cluster()), (Api::Project, project())]
    {
        assert_eq!(types.len(), rancher_types::types(api).len(), "{api}");
        let new = |ty: &Typed| !all.iter().any(|known: &Typed| std::ptr::eq(known.info, ty.info));
        let types: Vec<Typed> = types.into_iter().filter(new).collect();
        all.extend(types);
    }
    all
}

fn management() -> Vec<Typed> {
    macro_rules! table {
        ($($name:ident,)*) => { vec![$(typed::<rancher_types::management::$name>()),*] };
    }
    rancher_types::management_types!(table)
}

fn cluster() -> Vec<Typed> {
    macro_rules! table {
        ($($name:ident,)*) => { vec![$(typed::<rancher_types::cluster::$name>()),*] };
    }
    rancher_types::cluster_types!(table)
}

fn project() -> Vec<Typed> {
    macro_rules! table {
        ($($name:ident,)*) => { vec![$(typed::<rancher_types::project::$name>()),*] };
    }
    rancher_types::project_types!(table)
}
