//! What `rancher-sim` simulates.

use crate::args::{WorldArgs, WorldKind};
use rancher_simulator::{FleetOptions, World};
use std::time::Duration;

/// Makes the world that was asked for.
pub(crate) fn world(args: &WorldArgs) -> Result<World, String> {
    args.check()?;
    Ok(match args.world {
        WorldKind::Record => {
            let mut world = World::record(args.seed);
            if let Some(millis) = args.nodes {
                world.run_nodes("c-prod1", Duration::from_millis(millis));
                world.add_pod("c-prod1", "plain", "hello", &["web", "side"]);
            }
            world
        }
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
