//! Writes into the own namespace, and what is refused of them.

use http::Method;
use rancher_client::Error;
use rancher_client::error::ErrorKind;
use rancher_client::proxy::{ApplyOptions, Patch, PatchStep, WriteOptions};
use rancher_client::scope::Route;
use rancher_client::transport::Request;
use rancher_client::wire::Object;
use serde_json::{Value, json};

use crate::ground::{config_map, object};
use crate::outcome::{Outcome, check, refused};
use crate::site::Site;

fn data<'a>(map: &'a Object, key: &str) -> Option<&'a str> {
    map.get("data")?.get(key)?.as_str()
}

/// A secret is made once, comes back as it was, shows its value nowhere, and goes.
pub(super) async fn secrets(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    for verb in ["create", "get", "delete"] {
        ground.may(verb, "", "secrets").await?;
    }
    let value = "not-a-real-secret-0451";
    let made = ground.space.create_secret("db", [("password", value)]).await?;
    check(!format!("{made:?}").contains(value), "a secret's value is shown")?;
    let again =
        refused(ground.space.create_secret("db", [("password", "x")]).await, "the same secret again")?;
    check(again.kind() == ErrorKind::AlreadyExists, &again)?;
    let read = ground.cluster.get(ground.core("secrets"), "db").await?;
    // base64 of the value above
    check(
        data(&read, "password") == Some("bm90LWEtcmVhbC1zZWNyZXQtMDQ1MQ=="),
        "the secret came back otherwise",
    )?;
    ground.cluster.delete(ground.core("secrets"), "db").await?;
    let gone = refused(ground.cluster.get(ground.core("secrets"), "db").await, "a secret that was deleted")?;
    check(gone.kind() == ErrorKind::NotFound, &gone)?;
    Ok("made, read, deleted".to_owned())
}

/// An object is changed as it was read, and loses nothing.
pub(super) async fn config_maps(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let maps = ground.core("configmaps");
    let odd = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "odd", "annotations": {"example.com/umlauts": "äöü \u{1F600}", "example.com/empty": ""}},
        "data": {"a": "1", "lines": "one\ntwo\n", "empty": "", "number": "1e3"}, "binaryData": {"b": "AAEC/w=="},
    });
    let made = ground.cluster.create(maps, &object(odd.clone())?).await?;
    check(made.altered().is_empty(), format!("the server took it otherwise: {:?}", made.altered()))?;
    let mut read = ground.cluster.get(maps, "odd").await?;
    if let Some(a) = read.pointer_mut("/data/a") {
        *a = json!("2");
    }
    let written = ground.cluster.update(maps, &read).await?;
    check(data(&written, "a") == Some("2"), "the change is not there")?;
    for (path, was) in [
        ("/data/lines", odd.pointer("/data/lines")),
        ("/data/empty", odd.pointer("/data/empty")),
        ("/data/number", odd.pointer("/data/number")),
        ("/binaryData", odd.pointer("/binaryData")),
        (
            "/metadata/annotations/example.com~1umlauts",
            odd.pointer("/metadata/annotations/example.com~1umlauts"),
        ),
    ] {
        check(written.pointer(path) == was, format!("{path} changed as well"))?;
    }
    ground.cluster.delete(maps, "odd").await?;
    Ok("nothing lost".to_owned())
}

/// Who writes what somebody else changed since is told so, and by `update_with` gets through.
pub(super) async fn conflicts(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let maps = ground.core("configmaps");
    ground.cluster.create(maps, &config_map("shared", "0")?).await?;
    let mut stale = ground.cluster.get(maps, "shared").await?;
    ground.cluster.patch(maps, "shared", &Patch::Merge(json!({"data": {"other": "1"}}))).await?;
    stale.set("data", json!({"n": "1"}));
    let conflict = refused(ground.cluster.update(maps, &stale).await, "a stale write")?;
    check(conflict.kind() == ErrorKind::Conflict && conflict.status() == Some(409), &conflict)?;
    let change = |by: &'static str| {
        ground.cluster.update_with(maps, "shared", move |map| {
            if let Some(Value::Object(data)) = map.pointer_mut("/data") {
                data.insert(by.to_owned(), json!("1"));
            }
        })
    };
    for written in futures_util::future::join_all([change("a"), change("b"), change("c")]).await {
        written?;
    }
    let now = ground.cluster.get(maps, "shared").await?;
    for key in ["other", "a", "b", "c"] {
        check(data(&now, key) == Some("1"), format!("the change {key} is lost"))?;
    }
    ground.cluster.delete(maps, "shared").await?;
    Ok("a stale write refused, three at once got through".to_owned())
}

/// 404, 409 and 422, each by its name.
pub(super) async fn refusals(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let maps = ground.core("configmaps");
    let missing = refused(ground.cluster.get(maps, "nosuch").await, "a config map of an invented name")?;
    check((missing.kind(), missing.status()) == (ErrorKind::NotFound, Some(404)), &missing)?;
    let missing = refused(ground.cluster.delete(maps, "nosuch").await, "the deletion of it")?;
    check(missing.kind() == ErrorKind::NotFound, &missing)?;
    ground.cluster.create(maps, &config_map("once", "1")?).await?;
    let twice = refused(ground.cluster.create(maps, &config_map("once", "2")?).await, "the same name again")?;
    check((twice.kind(), twice.status()) == (ErrorKind::AlreadyExists, Some(409)), &twice)?;
    // past the client, which refuses such a name itself
    let all = [
        "k8s",
        "clusters",
        ground.cluster.id().as_str(),
        "api",
        "v1",
        "namespaces",
        ground.name(),
        "configmaps",
    ];
    let request = Request::new("live", Method::POST, Route::from_segments(all).map_err(Error::from)?);
    let bad = refused(
        site.client.exchange(request.with_json(&config_map("Not_A_Name", "1")?)?).await,
        "a bad name",
    )?;
    check((bad.kind(), bad.status()) == (ErrorKind::Invalid, Some(422)), &bad)?;
    let field = bad.field().unwrap_or_default().to_owned();
    let here =
        refused(ground.cluster.create(maps, &config_map("Not_A_Name", "1")?).await, "a name that is none")?;
    check(here.kind() == ErrorKind::Invalid && here.http().is_none(), &here)?;
    let elsewhere =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}});
    let elsewhere =
        refused(ground.space.create(maps, &object(elsewhere)?).await, "an object of another namespace")?;
    check(elsewhere.kind() == ErrorKind::Invalid && elsewhere.http().is_none(), &elsewhere)?;
    ground.cluster.delete(maps, "once").await?;
    Ok(format!("404, 409, 422 ({field}), and two that were not sent"))
}

/// Two who apply the same field: the second is told who owns it, and can take it over.
pub(super) async fn apply(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("patch", "", "configmaps").await?;
    ground.space.apply(&config_map("applied", "1")?, "one").await?;
    ground.space.apply(&config_map("applied", "1")?, "one").await?;
    let conflict =
        refused(ground.space.apply(&config_map("applied", "2")?, "two").await, "a field of somebody else's")?;
    check((conflict.kind(), conflict.field()) == (ErrorKind::Conflict, Some(".data.n")), &conflict)?;
    check(
        conflict.because().iter().any(|line| line.contains("\"one\"")),
        format!("it does not say whose it is: {:?}", conflict.because()),
    )?;
    let force = ApplyOptions { manager: "two".into(), force: true, dry_run: false };
    let tried = ApplyOptions { dry_run: true, ..force.clone() };
    ground.space.apply_with(&config_map("applied", "2")?, &tried).await?;
    let maps = ground.core("configmaps");
    check(data(&*ground.cluster.get(maps, "applied").await?, "n") == Some("1"), "a dry run changed it")?;
    let taken = ground.space.apply_with(&config_map("applied", "2")?, &force).await?;
    check(data(&taken, "n") == Some("2"), "it was not taken over")?;
    ground.cluster.delete(maps, "applied").await?;
    Ok("conflict with field and owner; forced".to_owned())
}

/// Every kind of patch.
pub(super) async fn patches(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("patch", "", "configmaps").await?;
    let maps = ground.core("configmaps");
    ground.cluster.create(maps, &config_map("patched", "1")?).await?;
    let merge = Patch::Merge(json!({"data": {"n": null, "m": "1"}}));
    let merged = ground.cluster.patch(maps, "patched", &merge).await?;
    check((data(&merged, "n"), data(&merged, "m")) == (None, Some("1")), "a merge patch")?;
    let strategic = Patch::Strategic(json!({"data": {"s": "1"}}));
    let patched = ground.cluster.patch(maps, "patched", &strategic).await?;
    check((data(&patched, "s"), data(&patched, "m")) == (Some("1"), Some("1")), "a strategic patch")?;
    let steps = vec![
        PatchStep::test("/data/s", "1"),
        PatchStep::replace("/data/s", "2"),
        PatchStep::add("/data/t", "1"),
    ];
    let patched = ground.cluster.patch(maps, "patched", &Patch::Json(steps)).await?;
    check((data(&patched, "s"), data(&patched, "t")) == (Some("2"), Some("1")), "a JSON patch")?;
    let wrong = vec![PatchStep::test("/data/s", "1"), PatchStep::remove("/data/t")];
    let error = refused(
        ground.cluster.patch(maps, "patched", &Patch::Json(wrong)).await,
        "a patch whose test fails",
    )?;
    check(error.kind() == ErrorKind::Invalid, &error)?;
    check(
        data(&*ground.cluster.get(maps, "patched").await?, "t") == Some("1"),
        "a part of a refused patch was made",
    )?;
    ground.cluster.delete(maps, "patched").await?;
    Ok("merge, strategic, JSON; one refused whole".to_owned())
}

/// Nothing stays of what is only tried.
pub(super) async fn dry_run(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let maps = ground.core("configmaps");
    let dry = ground.cluster.writing(WriteOptions { dry_run: true, ..Default::default() });
    let answer = dry.create(maps, &config_map("tried", "1")?).await?;
    check(answer.name() == Some("tried"), "the server answers as if it had made it")?;
    let none = refused(ground.cluster.get(maps, "tried").await, "what was only tried")?;
    check(none.kind() == ErrorKind::NotFound, &none)?;
    ground.cluster.create(maps, &config_map("tried", "1")?).await?;
    dry.patch(maps, "tried", &Patch::Merge(json!({"data": {"n": "2"}}))).await?;
    dry.delete(maps, "tried").await?;
    let there = ground.cluster.get(maps, "tried").await?;
    check(data(&there, "n") == Some("1"), "a dry run changed it")?;
    ground.cluster.delete(maps, "tried").await?;
    Ok("create, patch and delete left nothing".to_owned())
}
