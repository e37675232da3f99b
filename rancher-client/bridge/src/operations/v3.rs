//! The v3 API.

use bytes::Bytes;
use futures_util::StreamExt as _;
use rancher_client::Client;
use rancher_client::paging::Pages;
use rancher_client::v3::{Query, Resource};
use rancher_client::wire::{ClusterId, Object, ProjectId};
use serde::Deserialize;

use super::{Seconds, read, within};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::stream::{Next, Source, Stream};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    collection: String,
    cluster: Option<String>,
    project: Option<String>,
    #[serde(default)]
    unchecked: bool,
}

impl Target {
    fn resource(&self, client: &Client) -> Outcome<Resource<Object>> {
        let mut v3 = client.v3();
        if let Some(cluster) = &self.cluster {
            v3 = v3.in_cluster(&ClusterId::new(cluster)?);
        }
        if let Some(project) = &self.project {
            v3 = v3.in_project(&project.parse::<ProjectId>()?);
        }
        let resource = v3.collection(&self.collection)?;
        Ok(if self.unchecked { resource.unchecked() } else { resource })
    }
}

pub(super) async fn get(client: &Client, input: &[u8]) -> Outcome<Answer> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        target: Target,
        id: String,
        timeout: Option<Seconds>,
    }
    let input: Input = read("v3.get", input)?;
    let client = within(client, input.timeout)?;
    Ok(Answer::object(&input.target.resource(&client)?.get(&input.id).await?))
}

pub(super) fn list(client: &Client, input: &[u8]) -> Outcome<Stream> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        target: Target,
        timeout: Option<Seconds>,
    }
    let input: Input = read("v3.list", input)?;
    let client = within(client, input.timeout)?;
    Ok(Stream::new(List(input.target.resource(&client)?.list(Query::all()).pages())))
}

struct List(Pages);

impl Source for List {
    fn next(&mut self, _reply: Option<Bytes>) -> Next<'_> {
        Box::pin(async move {
            let page = self.0.next().await.transpose()?;
            Ok(page.map(|page| Answer::page(page.items())))
        })
    }
}
