//! A large server: many clusters, projects and pods, for lists that take more than one page.

use super::state::{Agent, BindingKind, TokenKind};
use super::tokens::Mint;
use super::{Account, World};
use serde_json::json;

/// How large. The totals are spread evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetOptions {
    /// Imported clusters beside `local`, all connected.
    pub clusters: usize,
    /// Projects over all those clusters, each with one namespace.
    pub projects: usize,
    /// Pods over all those namespaces.
    pub pods: usize,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { clusters: 20, projects: 200, pods: 2_000 }
    }
}

impl World {
    /// A server with one administrator (labels `admin`, `admin-unscoped`, `admin-session`) and a fleet.
    ///
    /// Clusters are labelled `c001`…, projects `c001-p00001`…; pods sit in the namespace of their project.
    pub fn fleet(options: FleetOptions, seed: u64) -> Self {
        let mut world = Self::empty(seed);
        let admin = "user-fleet";
        let password = world.state.random.name(20);
        world.insert_user(admin, "admin", "Default Admin", &password, None);
        world.insert_binding(BindingKind::Global, "", "admin", Some(admin), None);
        let account = Account { id: admin.to_owned(), username: "admin".to_owned(), password };
        world.labels.users.insert("admin".to_owned(), account);
        for (label, kind) in [("admin-unscoped", TokenKind::Key), ("admin-session", TokenKind::Session)] {
            let token = world.mint(Mint::new(kind, admin));
            world.labels.tokens.insert(label.to_owned(), token.bearer());
        }
        world.insert_cluster("local", "local", "", Agent::Connected, None);
        world.labels.clusters.insert("local".to_owned(), "local".to_owned());
        let mut clusters = Vec::new();
        for number in 1..=options.clusters {
            let label = format!("c{number:03}");
            let id = format!("c-{}", world.state.random.name(5));
            world.insert_cluster(&id, &label, "", Agent::Connected, Some(admin));
            world.labels.clusters.insert(label.clone(), id.clone());
            clusters.push((label, id));
        }
        let mut homes = Vec::new();
        for (number, (label, cluster)) in (1..=options.projects).zip(clusters.iter().cycle()) {
            let name = format!("p{number:05}");
            let project = world.insert_project(cluster, &name, Some(admin));
            let namespace = format!("ns-{name}");
            world.insert_namespace(cluster, &namespace, Some(&project), Some(admin));
            world.labels.projects.insert(format!("{label}-{name}"), project);
            homes.push((cluster.clone(), namespace));
        }
        for (number, (cluster, namespace)) in (1..=options.pods).zip(homes.iter().cycle()) {
            world.insert_object(cluster, "/pods", namespace, &format!("web-{number:06}"), pod(number));
        }
        world
    }
}

fn pod(number: usize) -> serde_json::Value {
    json!({
        "metadata": {"labels": {"app": format!("web-{}", number % 10)}},
        "spec": {"containers": [{
            "name": "web", "image": "nginx",
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}},
        }]},
        "status": {"phase": "Pending"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Request, Respond};
    use std::time::Instant;

    // The times are generous: a test machine may be busy. Measured alone they are a tenth.
    #[test]
    fn a_large_world_is_made_and_paged_quickly() {
        let start = Instant::now();
        let mut world = World::fleet(FleetOptions { clusters: 1, projects: 0, pods: 0 }, 1);
        let cluster = world.labels().clusters["c001"].clone();
        world.add_projects(&cluster, "p", 12_345).unwrap();
        let made = start.elapsed();
        let mut headers = http::HeaderMap::new();
        let token = &world.labels().tokens["admin-unscoped"];
        headers.insert(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let mut times = vec![("12345 projects", made)];
        let mut ask = |target: &'static str| {
            let request = Request {
                method: http::Method::GET,
                target: target.to_owned(),
                headers: headers.clone(),
                body: bytes::Bytes::new(),
            };
            let start = Instant::now();
            let answer = world.respond(&request, jiff::Timestamp::now());
            times.push((target, start.elapsed()));
            serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()
        };
        ask("/v3/settings?limit=1");
        for (target, total) in [
            ("/v3/projects?limit=1", 12_349),
            ("/v3/projects?limit=1&order=desc", 12_349),
            ("/v3/projects?limit=1&sort=name", 12_349),
            ("/v3/projects?limit=1&name_ne=p00001", 12_348),
            ("/v3/projects?limit=100", 12_349),
            ("/v3/projects?limit=1000", 12_349),
        ] {
            assert_eq!(ask(target)["pagination"]["total"], total, "{target}");
        }
        for (what, time) in times {
            println!("large world: {what}: {time:?}");
            assert!(time.as_secs() < 20, "{what}: {time:?}");
        }
    }

    #[test]
    fn totals_are_spread_evenly() {
        let world = World::fleet(FleetOptions { clusters: 3, projects: 7, pods: 20 }, 1);
        assert_eq!(world.state.clusters.len(), 4);
        assert_eq!(world.state.projects.len(), 7 + 2 * 4, "each cluster has two stock projects");
        let pods = |id: &str| world.state.clusters[id].objects.keys().filter(|key| key.0 == "/pods").count();
        let total: usize = world.state.clusters.keys().map(|id| pods(id)).sum();
        assert_eq!(total, 20);
        let none = World::fleet(FleetOptions { clusters: 0, projects: 5, pods: 5 }, 1);
        assert_eq!(none.state.projects.len(), 2, "projects need a cluster");
    }
}
