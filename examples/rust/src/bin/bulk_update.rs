//! Sets a label on every project that has one of these names, in all clusters; an empty value takes it away.
#![expect(clippy::print_stdout, reason = "it is a program")]

use futures_util::TryStreamExt;
use rancher_client::types::management::project;
use rancher_client::v3::Query;

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([label, first], mut names) = rancher_examples::arguments("KEY=VALUE NAME [NAME…]")?;
    let label = label.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = label.ok_or("the label is not KEY=VALUE".to_owned())?;
    names.push(first);
    let rancher = rancher_examples::connect()?;
    let projects = rancher.projects();
    let mut found = projects.list(Query::all().with(project::NAME.one_of(names)));
    let mut count = 0;
    while let Some(project) = found.try_next().await? {
        // reads it anew, sends only the label, and begins again if somebody else was faster
        let change = projects.update_with(project.id.as_deref().unwrap_or_default(), |project| {
            let labels = project.labels.get_or_insert_default();
            labels.remove(key);
            labels.extend((!value.is_empty()).then(|| (key.to_owned(), value.to_owned())));
        });
        println!("{} updated", change.await?.id.as_deref().unwrap_or("-"));
        count += 1;
    }
    if count == 0 { Err("no project has such a name".to_owned().into()) } else { Ok(()) }
}
