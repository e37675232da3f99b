//! Names in Rust for names in JSON.

/// The words of a name: `groupDNAttribute` is group, DN, Attribute; `clusterIPs` is cluster, IPs.
pub fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let at = |index: usize| letters.get(index).copied();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (index, letter) in letters.iter().copied().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
            continue;
        }
        let before = index.checked_sub(1).and_then(at);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase()
                    || at(index + 1).is_some_and(char::is_lowercase) && !plural(&letters, index + 1)
            });
        if starts {
            words.push(std::mem::take(&mut word));
        }
        word.push(letter);
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Whether the letter here is the s of an acronym's plural: `IPs`, `URLs`.
fn plural(letters: &[char], index: usize) -> bool {
    letters.get(index) == Some(&'s') && letters.get(index + 1).is_none_or(|next| next.is_uppercase())
}

/// `resource_quota`, of a field or a module.
pub fn snake(name: &str) -> String {
    let name = words(name).join("_").to_lowercase();
    match name.as_str() {
        "type" | "ref" | "self" | "use" | "mod" | "match" | "move" | "static" | "enum" | "struct" | "in"
        | "for" | "impl" | "trait" | "where" | "loop" | "fn" | "as" | "async" | "await" | "box" | "crate"
        | "dyn" | "else" | "extern" | "false" | "true" | "if" | "let" | "mut" | "pub" | "return"
        | "super" | "unsafe" | "while" | "const" | "continue" | "break" | "try" | "yield" | "gen"
        | "macro" | "priv" | "final" | "override" | "abstract" | "become" | "do" | "typeof" | "unsized"
        | "virtual" => name + "_",
        _ => name,
    }
}

/// `RESOURCE_QUOTA`, of a constant.
pub fn screaming(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// `ResourceQuota`, of a struct or a variant.
pub fn pascal(name: &str) -> String {
    let capital = |word: String| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + &letters.as_str().to_lowercase()
        })
    };
    words(name).into_iter().map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_a_reader_sees_it() {
        for (name, expected) in [
            ("projectId", "project_id"),
            ("groupDNAttribute", "group_dn_attribute"),
            ("clusterIPs", "cluster_ips"),
            ("nonResourceURLs", "non_resource_urls"),
            ("targetWWNs", "target_wwns"),
            ("insecureSkipTLSVerify", "insecure_skip_tls_verify"),
            ("enforce-version", "enforce_version"),
            ("id_token", "id_token"),
            ("s3credentialConfig", "s3credential_config"),
            ("k3sConfig", "k3s_config"),
            ("clusterIpv4CidrBlock", "cluster_ipv4_cidr_block"),
            ("createdTS", "created_ts"),
            ("type", "type_"),
            ("URLsOf", "urls_of"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(pascal("keyCloakOIDCConfig"), "KeyCloakOidcConfig");
        assert_eq!(pascal("AUDIT_CONTROL"), "AuditControl");
        assert_eq!(screaming("generateKubeconfig"), "GENERATE_KUBECONFIG");
    }
}
