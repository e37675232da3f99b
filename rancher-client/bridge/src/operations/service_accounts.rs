//! Tokens of a cluster's service accounts, and whether the proxy takes them.

use rancher_client::proxy::{ClusterProxyConfig, ServiceAccountTokenOptions};
use serde_json::json;

use super::cluster::cluster;
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;

fn token_options(input: &mut Input) -> Outcome<ServiceAccountTokenOptions> {
    Ok(ServiceAccountTokenOptions {
        expiration: input.span("expiration")?,
        audiences: input.texts("audiences")?.unwrap_or_default(),
    })
}

pub(super) async fn token(mut input: Input) -> Outcome<Answer> {
    let cluster = cluster(&mut input)?;
    let (namespace, name) = (input.text("namespace")?, input.text("name")?);
    let options = token_options(&mut input)?;
    input.done()?;
    Ok(Answer::object(&cluster.service_account_token(&namespace, &name, &options).await?.object))
}

fn told(config: &ClusterProxyConfig) -> Answer {
    Answer::value(json!({"enabled": config.enabled, "names": config.names}))
}

pub(super) async fn proxy_config(mut input: Input) -> Outcome<Answer> {
    let cluster = cluster(&mut input)?;
    input.done()?;
    Ok(told(&cluster.proxy_config().await?))
}

pub(super) async fn set_proxy_config(mut input: Input) -> Outcome<Answer> {
    let (cluster, enabled) = (cluster(&mut input)?, input.flag("enabled")?.unwrap_or_default());
    input.done()?;
    Ok(told(&cluster.set_proxy_config(enabled).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use std::time::Duration;

    #[test]
    fn every_option_of_a_token_comes_to_its_place() {
        let given = json!({
            "target": {"cluster": "c-prod1"}, "namespace": "shop-web", "name": "ci", "expiration": 1800.5,
            "audiences": ["vault"],
        });
        let expected = ServiceAccountTokenOptions {
            expiration: Some(Duration::from_millis(1_800_500)),
            audiences: vec!["vault".into()],
        };
        let read = token_options(&mut agreement::input("cluster.service_account_token", &given)).unwrap();
        assert_eq!(read, expected);
    }
}
