//! Marked secrets through what the cluster proxy writes, lists and reads of logs.

use futures_util::TryStreamExt as _;
use rancher_client::proxy::{
    ApplyOptions, ClusterProxy, DeleteOptions, ListOptions, LogOptions, Patch, PatchStep, Resource,
    WriteOptions,
};
use rancher_client::wire::Object;
use serde_json::json;

use crate::canary::{BODY, QUERY, Stage};

/// There is a secret `marked` in `shop-web`; nothing else is asked of it afterwards.
pub(crate) async fn every_write(stage: &Stage, what: &str, cluster: &ClusterProxy) {
    let secrets = Resource::core("secrets").within("shop-web");
    let shop = cluster.namespace("shop-web").unwrap();
    let marked = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "marked"}, "stringData": {"p": BODY}});
    let secret = Object::try_from(marked).unwrap();
    for patch in [
        Patch::Merge(json!({"stringData": {"p": BODY}})),
        Patch::Merge(json!(BODY)),
        Patch::Strategic(json!({"data": BODY})),
        Patch::Json(vec![PatchStep::test("/data/p", BODY), PatchStep::add("/stringData", BODY)]),
        Patch::JsonText(json!([{"op": BODY}])),
    ] {
        stage.sink.debug(what, &patch);
        stage.note(what, &cluster.patch(secrets, "marked", &patch).await);
        stage.note(what, &cluster.patch_status(secrets, "marked", &patch).await);
    }
    for manager in ["one", "two"] {
        stage.note(what, &shop.apply(&secret, manager).await);
        let other = Object::try_from(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "marked"}, "data": {"p": manager},
        }));
        stage.note(what, &shop.apply_with(&other.unwrap(), &ApplyOptions::by("three")).await);
    }
    let by = WriteOptions { dry_run: true, ..Default::default() };
    stage.note(
        what,
        &cluster.writing(by).namespace("shop-web").unwrap().create_secret("x", [("p", BODY)]).await,
    );
    stage.note(what, &shop.create_secret("Not A Name", [("p", BODY)]).await);
    let token = format!("token-zzzzz:{QUERY}");
    let conditions = DeleteOptions { uid: token.clone(), ..Default::default() };
    stage.note(what, &cluster.delete_with(secrets, "marked", &conditions).await);
    stage.note(what, &cluster.evict("shop-web", &token, &conditions).await);
    stage.note(what, &cluster.resolve(&token).await);
    stage.note(what, &shop.rollout(&token).status().await);
    stage.note(what, &shop.rollout(&format!("{token}/web")).status().await);
    stage.note(what, &cluster.set_scale(secrets, &token, 1).await);
    let selected = ListOptions { label_selector: format!("password={QUERY}"), ..Default::default() };
    stage.note(what, &cluster.table(secrets, selected.clone()).await);
    stage.note(what, &cluster.list_metadata(secrets, selected).collect().await);
    let options = LogOptions { container: token.clone(), ..Default::default() };
    stage.note(what, &shop.logs("web-1", options).try_next().await);
    stage.note(what, &shop.logs(&token, LogOptions::default()).try_next().await);
}
