//! The own project: its quota, its members, its namespaces.

use rancher_client::error::ErrorKind;
use rancher_client::types::management::{
    ProjectRoleTemplateBinding, project_role_template_binding as binding_of,
};
use rancher_client::v3::Query;
use rancher_client::wait::WaitOptions;
use rancher_client::wire::ProjectId;
use serde_json::json;
use std::time::Duration;

use crate::ground::{PODS, namespace, note, patient};
use crate::journal::Entry;
use crate::mark::LABEL;
use crate::outcome::{Outcome, Stop, check, refused};
use crate::site::Site;

/// A change of one field leaves the others as they were.
pub(super) async fn project(site: &Site) -> Outcome {
    let id = site.project().await?;
    let projects = site.client.v3().collection("projects")?;
    let before = projects.get(id).await?;
    check(before.text("name") == Some(&site.run.name()), "the project has another name")?;
    let after = projects.update_with(id, |project| project.set("description", "changed")).await?;
    check(after.text("description") == Some("changed"), "the description did not change")?;
    for field in ["name", "clusterId", "resourceQuota", "labels"] {
        let now = projects.get(id).await?;
        let [was, is] = [&before, &now].map(|project| project.get(field).cloned());
        let kept = match (field, was, is) {
            // Rancher adds its own
            ("labels", _, is) => is.is_some_and(|labels| labels.get(LABEL).is_some()),
            (_, was, is) => was == is,
        };
        check(kept, format!("{field} changed as well"))?;
    }
    let found = projects.find(&site.run.name()).await?;
    check(found.id() == Some(id), "its name finds another project")?;
    Ok(id.to_owned())
}

/// Quotas that do not fit are refused with the field, and change nothing.
pub(super) async fn quota(site: &Site) -> Outcome {
    let id = site.project().await?;
    let projects = site.client.v3().collection("projects")?;
    let below = projects.update_with(id, |project| {
        project.set("resourceQuota", json!({"limit": {"pods": "1"}}));
    });
    let error = refused(below.await, "a project's quota below what each of its namespaces gets")?;
    check(error.kind() == ErrorKind::Invalid && error.status() == Some(422), &error)?;
    let mut field = error.field().unwrap_or_default().to_owned();
    let now = projects.get(id).await?;
    let (all, _) = PODS;
    check(
        now.pointer("/resourceQuota/limit/pods") == Some(&json!(all.to_string())),
        "it changed all the same",
    )?;

    // should it be made after all, it can be deleted
    if site.ground().await.is_err() {
        return Ok(field);
    }
    let spaces = site.client.v3().in_cluster(site.cluster()?.id()).collection("namespaces")?;
    let name = site.run.named("beyond");
    note(site, &Entry::Namespace { cluster: site.cluster()?.id().to_string(), name: name.clone() })
        .map_err(Stop::Failed)?;
    let beyond = crate::ground::object(json!({
        "type": "namespace", "name": name, "projectId": id, "labels": {LABEL: site.run.to_string()},
        "resourceQuota": {"limit": {"pods": (all + 1).to_string()}},
    }))?;
    let error = refused(spaces.create(&beyond).await, "a namespace beyond the project's quota")?;
    check(error.kind() == ErrorKind::Invalid && error.status() == Some(422), &error)?;
    field.push_str(&format!(", {}", error.code().unwrap_or_default()));
    Ok(field)
}

/// A binding is made once, refuses to be changed in silence, and goes.
pub(super) async fn binding(site: &Site) -> Outcome {
    let id = site.project().await?;
    let bindings = site.client.project_role_template_bindings();
    let wanted = ProjectRoleTemplateBinding {
        project_id: Some(id.into()),
        role_template_id: Some("read-only".into()),
        user_id: Some(site.user_id().await?),
        ..Default::default()
    };
    let by = [binding_of::PROJECT_ID, binding_of::ROLE_TEMPLATE_ID, binding_of::USER_ID];
    let made = bindings.ensure(&wanted, &by).await?;
    check(made.created(), "the binding was there before")?;
    let again = bindings.ensure(&wanted, &by).await?;
    check(!again.created() && again.object().id == made.object().id, "the same binding was made twice")?;
    let mut changed = made.object().clone();
    changed.role_template_id = Some("project-member".into());
    // the server answers 200 and changes nothing
    let ignored = refused(bindings.update(&changed).await, "a change of a binding")?;
    check(matches!(ignored.kind(), ErrorKind::Unsupported | ErrorKind::Invalid), &ignored)?;
    let own = made.object().id.clone().unwrap_or_default();
    bindings.delete(&own).await?;
    match bindings.wait_gone(&own, WaitOptions { rights_lag: Duration::ZERO, ..patient() }).await {
        // whoever is no administrator is refused what is not there; the list below tells
        Err(error) if error.kind() == ErrorKind::Forbidden => {}
        gone => drop(gone?),
    }
    let project = id.parse::<ProjectId>()?;
    let left = bindings.list(Query::in_project(&project)).collect().await?;
    check(
        left.iter().all(|binding| binding.id.as_deref() != Some(own.as_str())),
        "the binding is still listed",
    )?;
    Ok(format!("{own}; a change of it: {}", ignored.kind()))
}

/// A second namespace, seen by all three APIs, and deleted.
pub(super) async fn namespace_seen(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let name = site.run.named("two");
    let space =
        namespace(site, &ground.cluster, ground.project.as_deref(), &name).await.map_err(Stop::Failed)?;
    let by_proxy = space.get().await?;
    let by_v3 = site.client.v3().in_cluster(ground.cluster.id()).collection("namespaces")?.get(&name).await?;
    let uid = by_proxy.pointer("/metadata/uid").and_then(|uid| uid.as_str());
    check(uid.is_some() && by_v3.text("uuid") == uid, "v3 and Kubernetes speak of different namespaces")?;
    check(by_v3.text("projectId") == ground.project.as_deref(), "v3 says that it is in another project")?;
    let steve = ground.cluster.steve().resource("namespaces")?;
    let by_steve = steve.get(&name).await?;
    check(
        by_steve.pointer("/metadata/uid").and_then(|uid| uid.as_str()) == uid,
        "Steve speaks of another namespace",
    )?;
    let namespaces = rancher_client::proxy::Resource::core("namespaces");
    let project = ground.project.as_deref().unwrap_or("no project");
    ground.cluster.delete(namespaces, &name).await?;
    Ok(format!("{name} is in {project}"))
}
