//! Creates a project, waits until it can be used, and deletes it again unless it shall stay.
#![expect(clippy::print_stdout, reason = "it is a program")]

use rancher_client::types::management::Project;
use rancher_client::wait::{Until, WaitOptions};

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([cluster, name], rest) = rancher_examples::arguments("CLUSTER NAME [--keep]")?;
    let rancher = rancher_examples::connect()?;
    let cluster_id = rancher.clusters().find(&cluster).await?.id.clone();
    let projects = rancher.projects();
    let project = Project { name: Some(name), cluster_id, ..Default::default() };
    let project = projects.create(&project).await?;
    let id = project.id.as_deref().unwrap_or_default();
    println!("{id} created");
    let ready = projects.wait(id, Until::condition("InitialRolesPopulated"), WaitOptions::default()).await;
    if !rest.contains(&"--keep".to_owned()) {
        projects.delete(id).await?;
        println!("{id} deleted");
    }
    println!("{id} was {}", ready?.state.as_deref().unwrap_or("ready"));
    Ok(())
}
