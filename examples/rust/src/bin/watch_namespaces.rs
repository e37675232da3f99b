//! Tells which namespaces a cluster has, and then every change, through cuts and restarts, until it is stopped.
#![expect(clippy::print_stdout, reason = "it is a program")]

use futures_util::TryStreamExt;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::watch::{Event, WatchOptions};

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([cluster], rest) = rancher_examples::arguments("CLUSTER [--count EVENTS]")?;
    let wanted = rest.contains(&"--count".to_owned()).then(|| rest.first().and_then(|n| n.parse().ok()));
    let wanted = wanted.map(|n| n.ok_or_else(|| "--count needs a number".to_owned())).transpose()?;
    let rancher = rancher_examples::connect()?;
    let cluster = rancher.cluster(cluster)?;
    let namespaces = Resource::core("namespaces");
    let mut watch = cluster.watch(namespaces, ListOptions::default(), WatchOptions::default());
    let mut told = 0_usize;
    while wanted.is_none_or(|wanted| told < wanted) {
        let Some(event) = watch.try_next().await? else { break };
        match &event {
            Event::Deleted(gone) => println!("{:<12} {}", event.word(), gone.id),
            Event::Bookmark { .. } => continue,
            _ => println!("{:<12} {}", event.word(), event.object().and_then(|o| o.name()).unwrap_or("")),
        }
        told += 1;
    }
    Ok(())
}
