//! Lists the clusters that the user may see, by name: all of them, however many pages they are.
#![expect(clippy::print_stdout, reason = "it is a program")]

use futures_util::TryStreamExt;
use rancher_client::types::management::cluster;
use rancher_client::v3::Query;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let rancher = rancher_examples::connect()?;
    let mut clusters = rancher.clusters().list(Query::all().sorted_by(cluster::NAME));
    let mut count = 0;
    while let Some(cluster) = clusters.try_next().await? {
        let [id, state, name] = [cluster.id.as_deref(), cluster.state.as_deref(), cluster.name.as_deref()];
        println!("{:<14} {:<12} {}", id.unwrap_or("-"), state.unwrap_or("-"), name.unwrap_or("-"));
        count += 1;
    }
    println!("{count} clusters");
    Ok(())
}
