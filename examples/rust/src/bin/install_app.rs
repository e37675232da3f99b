//! Installs a chart, shows what Helm writes, and waits until what it deploys runs.
#![expect(clippy::print_stdout, reason = "it is a program")]

use futures_util::TryStreamExt as _;
use rancher_client::apps::{InstallOptions, NewRepo};
use rancher_client::wait::WaitOptions;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([cluster, namespace, url, chart], _) =
        rancher_examples::arguments("CLUSTER-ID NAMESPACE REPO-URL CHART")?;
    let rancher = rancher_examples::connect()?;
    let apps = rancher.cluster(&cluster)?.apps();
    let repo = NewRepo { name: "example-charts".into(), url, ..Default::default() };
    apps.repos().create(&repo).await?;
    apps.repos().wait(&repo.name, WaitOptions::default()).await?;
    let options = InstallOptions { repo: repo.name, chart, namespace, ..Default::default() };
    let operation = apps.install(&options).await?;
    let mut lines = operation.logs(None);
    while let Some(line) = lines.try_next().await? {
        println!("{}", line.text());
    }
    operation.wait(WaitOptions::default()).await?;
    println!("{} {} runs", operation.chart(), operation.version());
    Ok(())
}
