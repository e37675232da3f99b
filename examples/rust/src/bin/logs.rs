//! Prints the log of a pod, and goes on with it if asked to.
#![expect(clippy::print_stdout, reason = "it is a program")]

use futures_util::TryStreamExt as _;
use rancher_client::proxy::LogOptions;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([cluster, namespace, pod], rest) =
        rancher_examples::arguments("CLUSTER-ID NAMESPACE POD [CONTAINER] [--follow]")?;
    let rancher = rancher_examples::connect()?;
    let options = LogOptions {
        container: rest.iter().find(|word| !word.starts_with("--")).cloned().unwrap_or_default(),
        follow: rest.contains(&"--follow".to_owned()),
        tail: Some(1000),
        ..Default::default()
    };
    let mut lines = rancher.cluster(&cluster)?.namespace(&namespace)?.logs(&pod, options);
    while let Some(line) = lines.try_next().await? {
        println!("{}", line.text());
    }
    Ok(())
}
