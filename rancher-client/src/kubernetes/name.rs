//! Names in paths.

use crate::error::{Error, Result};
use crate::wire::{is_credential, is_dns_label, redact};

/// No name is longer: Kubernetes' own limit for DNS subdomains, which the longest names are.
const LONGEST_NAME: usize = 253;

/// Groups of Kubernetes' own whose names are DNS subdomains, and the kinds among them whose names are not.
///
/// The names of every other group are checked as what the API server checks of all of them: a segment of a path. So
/// roles may have colons (`system:node`), as may what an aggregated API server holds.
const DNS_GROUPS: [(&str, &[&str]); 12] = [
    ("", &["componentstatuses"]),
    ("apps", &[]),
    ("batch", &[]),
    ("autoscaling", &[]),
    ("policy", &[]),
    // an IPv6 address has colons
    ("networking.k8s.io", &["ipaddresses"]),
    ("storage.k8s.io", &[]),
    ("scheduling.k8s.io", &[]),
    ("coordination.k8s.io", &[]),
    ("discovery.k8s.io", &[]),
    ("events.k8s.io", &[]),
    ("apiextensions.k8s.io", &[]),
];

/// Whoever mixes up arguments may well pass a key here.
fn shown(text: &str) -> String {
    let mut shown: String = redact(text).chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    shown
}

/// Checks the name of an object before it becomes part of a path. `group` is nothing where it is not known.
pub(crate) fn check_name(group: Option<&str>, plural: &str, name: &str) -> Result<()> {
    let wrong = |problem: &str, advice: &str| {
        Err(Error::invalid(format!("{:?} is no name of {plural}: {problem}", shown(name)), advice))
    };
    match name {
        // without a name, a request would be about all of them
        "" => return wrong("it is empty", "give the name of one object"),
        "." | ".." => return wrong("it is . or ..", ""),
        _ => {}
    }
    if is_credential(name) {
        return Err(Error::invalid(
            format!("that is a whole token, not a name of {plural}"),
            "give the name of one object; treat the token as one that was shown, if it was",
        ));
    }
    if name.contains(['/', '%', '\\']) {
        return wrong("it holds a slash, a backslash or a percent sign", "give the name alone, not a path");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return wrong("it holds control characters or white space", "");
    }
    if name.len() > LONGEST_NAME {
        return wrong("it is longer than a name can be, 253 characters", "");
    }
    let exceptions = DNS_GROUPS.iter().find(|(known, _)| Some(*known) == group).map(|(_, but)| but);
    let is_dns = exceptions.is_some_and(|exceptions| !exceptions.contains(&plural));
    if is_dns && !is_dns_subdomain(name) {
        return wrong(
            "it is no DNS subdomain",
            "such a name has lower-case letters, digits, hyphens and dots, and begins and ends with a letter or digit",
        );
    }
    Ok(())
}

/// As Kubernetes checks it: the labels between the dots may be longer than those of the DNS.
fn is_dns_subdomain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('.').all(|label| label.starts_with(edge) && label.ends_with(edge) && label.chars().all(inner))
}

/// Checks a namespace or a version, which are DNS labels.
pub(crate) fn check_label(what: &str, text: &str) -> Result<()> {
    if is_dns_label(text) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{:?} is no {what}", shown(text)),
        "such a name has at most 63 lower-case letters, digits and inner hyphens",
    ))
}

/// Checks the name of an API group.
pub(crate) fn check_group(text: &str) -> Result<()> {
    if text.len() <= LONGEST_NAME && is_dns_subdomain(text) {
        return Ok(());
    }
    let advice = match text.split_once('/') {
        Some((group, version)) => format!("group and version are given apart: {group:?} and {version:?}"),
        None => "a group is like apps or management.cattle.io".to_owned(),
    };
    Err(Error::invalid(format!("{:?} is no API group", shown(text)), advice))
}

/// Checks the plural of a kind.
pub(crate) fn check_plural(text: &str) -> Result<()> {
    if is_dns_label(text) {
        return Ok(());
    }
    let advice = match text.to_lowercase() {
        lower if lower != text && is_dns_label(&lower) => {
            format!("a resource is named by its plural in lower case, such as {lower} or {lower}s")
        }
        _ => "a resource is named by its plural, such as pods".to_owned(),
    };
    Err(Error::invalid(format!("{:?} is no resource", shown(text)), advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused_everywhere() {
        let long = "a".repeat(300);
        for name in
            ["", ".", "..", "a/b", "../x", "a%2fb", "a\\b", "a\nb", "a\u{7f}", "a b", "\u{85}", long.as_str()]
        {
            for (group, plural) in
                [(Some(""), "pods"), (Some("rbac.authorization.k8s.io"), "roles"), (None, "x")]
            {
                let error = check_name(group, plural, name).unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::Invalid);
                assert!(error.to_string().len() < 300, "{error}");
            }
        }
        let key = "token-abcde:s3cr3ts3cr3ts3cr3t";
        let error = check_name(Some(""), "secrets", key).unwrap_err();
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }

    #[test]
    fn a_name_is_checked_as_the_api_server_checks_it() {
        let rbac = Some("rbac.authorization.k8s.io");
        for (group, plural, name, good) in [
            (Some(""), "configmaps", "kube-root-ca.crt", true),
            (Some(""), "configmaps", "Bad_Name", false),
            (Some(""), "configmaps", "-a", false),
            (Some(""), "configmaps", "a..b", false),
            (Some("apps"), "deployments", "Web", false),
            (rbac, "clusterroles", "system:node", true),
            (rbac, "roles", "Has Space", false),
            (rbac, "roles", "UPPER", true),
            (Some("networking.k8s.io"), "ipaddresses", "2001:db8::1", true),
            (Some("networking.k8s.io"), "ingresses", "2001:db8::1", false),
            (Some("image.openshift.io"), "images", "sha256:abc", true),
            (None, "configmaps", "Bad_Name", true),
        ] {
            assert_eq!(check_name(group, plural, name).is_ok(), good, "{group:?} {plural} {name}");
        }
        // Kubernetes minds the length of the whole, not of the labels
        assert!(check_name(Some(""), "pods", &"a".repeat(253)).is_ok());
    }

    #[test]
    fn groups_versions_namespaces_and_plurals() {
        for good in ["apps", "management.cattle.io"] {
            check_group(good).unwrap();
        }
        let error = check_group("apps/v1").unwrap_err();
        assert!(error.to_string().contains("given apart: \"apps\" and \"v1\""), "{error}");
        assert!(check_group("Apps").is_err());
        assert!(check_label("namespace", "shop-web").is_ok());
        assert!(check_label("namespace", "shop.web").is_err());
        let error = check_plural("Pod").unwrap_err();
        assert!(error.to_string().contains("such as pod or pods"), "{error}");
        assert!(check_plural("pods/log").is_err());
    }
}
