//! Registers a cluster: its manifest goes to standard output, for `kubectl apply -f -` in the cluster. It is a secret.
#![expect(clippy::print_stdout, reason = "it is a program")]

use rancher_client::wait::WaitOptions;
use rancher_client::workflow::registration::ImportOptions;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([name], rest) = rancher_examples::arguments("NAME [--wait]")?;
    let client = rancher_examples::connect()?;
    let registration = client.registration();
    let cluster = registration.ensure_imported(&name, &ImportOptions::default()).await?;
    println!("# {} {}", cluster.id, if cluster.created { "created" } else { "was there" });
    println!("{}", registration.manifest(&cluster.id, WaitOptions::default()).await?.expose());
    if rest.contains(&"--wait".to_owned()) {
        registration.wait_ready(&cluster.id, WaitOptions::default())?.await?;
    }
    Ok(())
}
