//! Masks what looks like a secret in a request line.
//!
//! Secrets do not belong there, yet some are sent so: registration tokens in `/v3/import/{token}_{cluster}.yaml`
//! (assumed), and whatever a faulty client puts into a query.

const MASK: &str = "<redacted>";

/// The shortest run of letters and digits that counts as a secret: Rancher's have 54 (recorded: workflows, POST
/// /v3/tokens), no name in a path comes near.
const SECRET_LENGTH: usize = 40;

/// Parts of the names of parameters that hold secrets.
const SECRET_NAMES: [&str; 7] = ["token", "secret", "password", "key", "code", "verifier", "authorization"];

/// A path or target, masked.
pub(super) fn target(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut masked = match path.split_once("/v3/import/") {
        Some((before, _)) => format!("{before}/v3/import/{MASK}"),
        None => words(path),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(parameter).collect();
        masked.push('?');
        masked.push_str(&pairs.join("&"));
    }
    masked
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) => {
            let lower = name.to_ascii_lowercase();
            if !value.is_empty() && SECRET_NAMES.iter().any(|secret| lower.contains(secret)) {
                format!("{}={MASK}", words(name))
            } else {
                format!("{}={}", words(name), words(value))
            }
        }
        None => words(pair),
    }
}

/// Any text, its long runs of letters and digits masked, and JWTs whole.
pub(super) fn words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    // dots, dashes and underscores stand inside a JWT, but also inside names of resources
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
        let run = word.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
        let jwt = word.starts_with("eyJ") && word.len() >= SECRET_LENGTH;
        if run >= SECRET_LENGTH || jwt {
            masked.push_str(MASK);
            masked.extend(
                word.chars().last().filter(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))),
            );
        } else {
            masked.push_str(word);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "zq7c2v9l4x8m5n6b3k1j0h9g8f7d6s5a4p3o2i1u0y9t8r7e6w5q4z";

    #[test]
    fn ordinary_targets_stay_as_they_are() {
        for text in [
            "/v3/projects?clusterId=c-prod1&limit=-1",
            "/k8s/clusters/c-m-abcd1234/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true",
            "/v1/management.cattle.io.clusterroletemplatebindings/c-prod1",
            "/v3/projects/c-prod1%3Ap-abcde?action=setpodsecuritypolicytemplate",
            "//v3//?",
            "",
        ] {
            assert_eq!(target(text), text);
        }
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        for text in [
            format!("/v3/tokens/token-abcde:{SECRET}"),
            format!("/v3/tokens/token-abcde%3A{SECRET}/x"),
            format!("/v3/clusters?x={SECRET}&y=1"),
            format!("/v3/clusters?{SECRET}"),
            format!("/v3/clusters?{SECRET}=1"),
            format!("/v3/import/{SECRET}_c-prod1.yaml"),
        ] {
            let masked = target(&text);
            assert!(!masked.contains(&SECRET[10..20]) && masked.contains(MASK), "{masked}");
        }
        assert_eq!(target("/v3?Access_Token=short&b=1"), "/v3?Access_Token=<redacted>&b=1");
        assert_eq!(target("/v3/import/short_c-prod1.yaml"), "/v3/import/<redacted>");
        assert_eq!(
            target(&format!("/v3/tokens/token-abcde:{SECRET}/x")),
            "/v3/tokens/token-abcde:<redacted>/x"
        );
    }

    #[test]
    fn a_jwt_is_masked_whole() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-bmF0_dXJl";
        assert_eq!(words(&format!("agent/1.0 {jwt} x")), "agent/1.0 <redacted> x");
    }
}
