//! Finds an object by its name or its id. More than one of that name is an error that names their ids.
#![expect(clippy::print_stdout, reason = "it is a program")]

#[tokio::main]
async fn main() -> rancher_examples::Outcome {
    let ([collection, name], _) = rancher_examples::arguments("COLLECTION NAME")?;
    let rancher = rancher_examples::connect()?;
    let found = rancher.v3().collection(&collection)?.find(&name).await?;
    println!("{}", found.id().unwrap_or("-"));
    for field in ["name", "state", "value", "description"] {
        if let Some(text) = found.get(field).and_then(|value| value.as_str()) {
            println!("  {field}: {text}");
        }
    }
    Ok(())
}
