//! The recorded server: the same users, ids, rights and labels as `tests/truth/README.md` describes.

use super::state::{Agent, BindingKind, DAY, SECOND, TokenKind};
use super::tokens::Mint;
use super::{Account, World};
use serde_json::json;

const ADMIN: &str = "user-mh6n5";

// Label, id, username, display name, global role.
const USERS: &[(&str, &str, &str, &str, &str)] = &[
    ("admin", ADMIN, "admin", "Default Admin", "admin"),
    ("standard", "u-8nh4v", "u-standard", "Standard", "user"),
    ("base", "u-6zqv9", "u-base", "Base", "user-base"),
    ("member", "u-d7h7v", "u-member", "Member", "user"),
    ("pmember", "u-pt64h", "u-pmember", "Pmember", "user"),
    ("ro", "u-2p996", "u-ro", "Ro", "user"),
    ("disabled", "u-n6tp4", "u-disabled", "Disabled", "user"),
];

// Label, id, agent, description, Default project, System project.
const CLUSTERS: &[(&str, &str, Agent, &str, [&str; 2])] = &[
    ("local", "local", Agent::Connected, "", ["p-sm6pp", "p-798sd"]),
    ("prod", "c-prod1", Agent::Connected, "imported for the record", ["p-45m4b", "p-6782z"]),
    ("stage", "c-stag1", Agent::Never, "imported for the record", ["p-r265s", "p-shxkp"]),
    ("edge", "c-edge1", Agent::Never, "imported for the record", ["p-2lmwc", "p-bplf8"]),
];

const LOCAL_SHOP: &str = "local:p-gcx5s";
const PROD_SHOP: &str = "c-prod1:p-qwwv5";

// The projects of `local` that the record names, beside shop and the two stock ones.
const LOCAL_PROJECTS: &[(&str, &str)] = &[
    ("p-jvg9s", "p00"),
    ("p-2p4x8", "p02"),
    ("p-s4zmn", "p03"),
    ("p-cpl5q", "p04"),
    ("p-f6rcl", "p05"),
    ("p-k7sl8", "p06"),
    ("p-rswf5", "p07"),
    ("p-2gtp7", "p11"),
    ("p-knphn", "p12"),
    ("p-qdwhg", "p13"),
    ("p-t6dlg", "p14"),
    ("p-khn6f", "p19"),
    ("p-b7x88", "p20"),
    ("p-92nsz", "p21"),
    ("p-vgcz9", "p23"),
    ("p-4d5gb", "p24"),
    ("p-s89q4", "5"),
    ("p-2r9rl", "csrf"),
];

const LOCAL_NAMESPACES: &[&str] = &[
    "c-edge1",
    "c-prod1",
    "c-stag1",
    "cattle-global-data",
    "cattle-local-user-passwords",
    "cattle-tokens",
    "cattle-ui-plugin-system",
    "fleet-default",
    "fleet-local",
    "local",
];

impl World {
    /// The recorded server. Ids are those of the record; secrets, token names and passwords follow from the seed.
    pub fn record(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.state.now -= DAY;
        world.people();
        world.places();
        world.members();
        world.state.now += DAY;
        world.credentials();
        world
    }

    fn people(&mut self) {
        for (label, id, username, name, role) in USERS {
            let password = self.state.random.name(20);
            let creator = (*id != ADMIN).then_some(ADMIN);
            self.insert_user(id, username, name, &password, creator);
            self.insert_binding(BindingKind::Global, "", role, Some(id), None);
            let account = Account { id: (*id).to_owned(), username: (*username).to_owned(), password };
            self.labels.users.insert((*label).to_owned(), account);
        }
        for user in self.state.users.values_mut() {
            user.enabled = user.id != "u-n6tp4";
            user.last_login = user.enabled.then_some(user.created);
        }
    }

    fn places(&mut self) {
        for (label, id, agent, description, stock) in CLUSTERS {
            let creator = (*id != "local").then_some(ADMIN);
            self.insert_cluster_with(id, label, description, *agent, creator, *stock);
            self.labels.clusters.insert((*label).to_owned(), (*id).to_owned());
        }
        for (id, cluster) in [(LOCAL_SHOP, "local"), (PROD_SHOP, "c-prod1")] {
            let name = id.rsplit(':').next().unwrap_or(id);
            self.insert_project_with(cluster, name, "shop", Some(ADMIN));
            self.quota();
            self.insert_namespace(cluster, "shop-web", Some(id), Some(ADMIN));
            self.insert_namespace(cluster, "plain", None, Some(ADMIN));
        }
        self.labels.projects.insert("local-shop".to_owned(), LOCAL_SHOP.to_owned());
        self.labels.projects.insert("prod-shop".to_owned(), PROD_SHOP.to_owned());
        for (name, display) in LOCAL_PROJECTS {
            self.insert_project_with("local", name, display, Some(ADMIN));
        }
        for name in LOCAL_NAMESPACES {
            self.insert_namespace("local", name, None, None);
        }
        for name in ["acme-one", "scoped-made"] {
            self.insert_namespace("local", name, Some(LOCAL_SHOP), Some(ADMIN));
        }
    }

    // The quota of c-prod1's shop, which its namespaces inherit.
    fn quota(&mut self) {
        if let Some(shop) = self.state.projects.get_mut(PROD_SHOP) {
            let quota =
                |cpu: &str, memory: &str| json!({"limit": {"limitsCpu": cpu, "limitsMemory": memory}});
            shop.fields.insert("description".to_owned(), json!("Shop"));
            shop.fields.insert("resourceQuota".to_owned(), quota("4000m", "8192Mi"));
            shop.fields.insert("namespaceDefaultResourceQuota".to_owned(), quota("500m", "512Mi"));
        }
    }

    fn members(&mut self) {
        for cluster in ["local", "c-prod1"] {
            self.insert_binding(BindingKind::Cluster, cluster, "cluster-member", Some("u-d7h7v"), None);
        }
        for project in [LOCAL_SHOP, PROD_SHOP] {
            self.insert_binding(BindingKind::Project, project, "project-member", Some("u-pt64h"), None);
            self.insert_binding(BindingKind::Project, project, "read-only", Some("u-2p996"), None);
        }
        let group = Some("keycloakoidc_group://project_0a1b_member");
        self.insert_binding(BindingKind::Project, LOCAL_SHOP, "project-member", None, group);
    }

    fn credentials(&mut self) {
        for (user, id, ..) in USERS {
            for (suffix, cluster) in [
                ("unscoped", None),
                ("local", Some("local")),
                ("prod", Some("c-prod1")),
                ("stage", Some("c-stag1")),
            ] {
                let mint = Mint { cluster: cluster.map(str::to_owned), ..Mint::new(TokenKind::Key, id) };
                self.credential(&format!("{user}-{suffix}"), mint);
            }
            self.credential(&format!("{user}-session"), Mint::new(TokenKind::Session, id));
        }
        self.credential("ext-unscoped", Mint::new(TokenKind::Ext, ADMIN));
        let named = Mint { cluster: Some("c-prod1".to_owned()), ..Mint::new(TokenKind::Ext, ADMIN) };
        self.credential("ext-prod", named);
        for (label, cluster) in [("expired", None), ("expired-prod", Some("c-prod1".to_owned()))] {
            let mint = Mint { cluster, ttl: Some(60 * SECOND), ..Mint::new(TokenKind::Key, ADMIN) };
            let name = self.credential(label, mint);
            if let Some(token) = self.state.tokens.get_mut(&name) {
                token.created -= 3_600 * SECOND;
            }
        }
        let name = self.credential("off", Mint::new(TokenKind::Key, ADMIN));
        if let Some(token) = self.state.tokens.get_mut(&name) {
            token.enabled = false;
        }
        let name = self.credential("deleted", Mint::new(TokenKind::Key, ADMIN));
        self.state.tokens.remove(&name);
        let name = self.labels.tokens.get("admin-unscoped").and_then(|token| token.split_once(':'));
        let name = name.map_or("", |(name, _)| name).to_owned();
        let wrong = format!("{name}:{}", self.state.random.secret());
        let unknown = format!("token-{}:{}", self.state.random.name(5), self.state.random.secret());
        let garbage = self.state.random.name(12);
        for (label, token) in [("wrong-secret", wrong), ("unknown-name", unknown), ("garbage", garbage)] {
            self.labels.tokens.insert(label.to_owned(), token);
        }
    }

    /// Mints it, labels it, and returns the key it is kept under.
    fn credential(&mut self, label: &str, mint: Mint) -> String {
        let token = self.mint(mint);
        self.labels.tokens.insert(label.to_owned(), token.bearer());
        token.key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_the_record_is_there() {
        let world = World::record(1);
        let labels = world.labels();
        for label in [
            "garbage",
            "unknown-name",
            "wrong-secret",
            "deleted",
            "off",
            "expired",
            "expired-prod",
            "disabled-unscoped",
            "admin-unscoped",
            "admin-session",
            "admin-local",
            "admin-prod",
            "admin-stage",
            "standard-unscoped",
            "standard-prod",
            "member-unscoped",
            "member-prod",
            "pmember-unscoped",
            "ro-prod",
            "ext-unscoped",
            "ext-prod",
            "base-unscoped",
            "pmember-prod",
        ] {
            assert!(labels.tokens.contains_key(label), "{label}");
        }
        assert_eq!(labels.users["standard"].id, "u-8nh4v");
        assert_eq!(labels.clusters["prod"], "c-prod1");
        assert!(labels.tokens["ext-prod"].starts_with("ext/token-"));
    }

    #[test]
    fn the_seed_decides_the_secrets_and_debug_keeps_them() {
        let (one, same, other) = (World::record(1), World::record(1), World::record(2));
        assert_eq!(one.labels().tokens, same.labels().tokens);
        assert_ne!(one.labels().tokens["admin-prod"], other.labels().tokens["admin-prod"]);
        let debug = format!("{one:?} {:?}", one.labels());
        let (_, secret) = one.labels().tokens["admin-prod"].split_once(':').unwrap();
        assert!(!debug.contains(secret), "{debug}");
        assert!(!debug.contains(&one.labels().users["admin"].password), "{debug}");
    }
}
