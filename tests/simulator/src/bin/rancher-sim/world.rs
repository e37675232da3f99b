//! What `rancher-sim` simulates.

use crate::args::{WorldArgs, WorldKind};
use rancher_simulator::{FleetOptions, World};

/// Makes the world that was asked for.
pub(crate) fn world(args: &WorldArgs) -> Result<World, String> {
    args.check()?;
    Ok(match args.world {
        WorldKind::Record => World::record(args.seed),
        WorldKind::Fleet => {
            let usual = FleetOptions::default();
            let size = |given: Option<u32>, usual: usize| given.map_or(usual, |size| size as usize);
            let options = FleetOptions {
                clusters: size(args.clusters, usual.clusters),
                projects: size(args.projects, usual.projects),
                pods: size(args.pods, usual.pods),
            };
            World::fleet(options, args.seed)
        }
    })
}
