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

#[cfg(test)]
mod measure {
    use super::*;
    use crate::{Request, Respond};
    use std::time::Instant;

    #[test]
    fn pages_of_a_large_world() {
        let start = Instant::now();
        let mut world = World::fleet(FleetOptions { clusters: 3, projects: 12_345, pods: 0 }, 1);
        println!("fleet of 12345 projects: {:?}", start.elapsed());
        let token = world.labels().tokens["admin-unscoped"].clone();
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        for target in [
            "/v3/projects?limit=1",
            "/v3/projects?limit=100",
            "/v3/projects?limit=1000",
            "/v3/projects?limit=100&sort=name",
            "/v3/projects?limit=100&name=p00001",
            "/v3/settings?limit=1",
        ] {
            let request = Request {
                method: http::Method::GET,
                target: target.into(),
                headers: headers.clone(),
                body: bytes::Bytes::new(),
            };
            for _ in 0..2 {
                let start = Instant::now();
                let answer = world.respond(&request, jiff::Timestamp::now());
                println!("{target}: {:?} {}", start.elapsed(), answer.body.len());
            }
        }
    }
}
