//! Patterns for paths.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A pattern for a path: `*` inside a segment stands for any characters of it, a segment `*` for exactly one
/// segment that is not empty, a segment `**` for any number of segments, none included.
///
/// `/v3/clusters/*` matches `/v3/clusters/c-prod1` but neither `/v3/clusters/` nor `/v3/clusters/c-prod1/projects`;
/// `/v3/**` matches `/v3`, `/v3/` and everything below. Upper and lower case differ, and so do `:` and `%3A`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

/// Why a text is no pattern for a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GlobError {
    /// It starts with something else than a slash or `**`.
    #[error("the path {0:?} must start with a slash (or be `**` for every path)")]
    NotAbsolute(String),
    /// It holds a query or a fragment.
    #[error("the path {0:?} holds {1:?}, but paths are matched without their query: leave that part out")]
    Query(String, char),
    /// `**` is only a part of a segment.
    #[error("in the path {0:?} `**` must be a segment of its own, as in `/v3/**`")]
    PartialDoubleStar(String),
}

impl Glob {
    /// Whether the pattern matches this path (without a query).
    pub fn matches(&self, path: &str) -> bool {
        // `**` alone is every path, whatever it starts with: `OPTIONS *` has the path `*`
        if self.0 == "**" {
            return true;
        }
        let pattern: Vec<&str> = self.0.split('/').collect();
        let segments: Vec<&str> = path.split('/').collect();
        segments_match(&pattern, &segments)
    }
}

fn segments_match(pattern: &[&str], segments: &[&str]) -> bool {
    match (pattern.split_first(), segments.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"**", rest)), None) => segments_match(rest, segments),
        (Some((&"**", rest)), Some((_, following))) => {
            segments_match(rest, segments) || segments_match(pattern, following)
        }
        (Some(_), None) => false,
        (Some((wanted, rest)), Some((segment, following))) => {
            segment_matches(wanted, segment) && segments_match(rest, following)
        }
    }
}

fn segment_matches(wanted: &str, segment: &str) -> bool {
    if wanted == "*" {
        return !segment.is_empty();
    }
    let mut pieces = wanted.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut left) = segment.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return left.is_empty() };
    for piece in pieces {
        // the leftmost place is always good enough, because a star follows
        let Some((_, following)) = left.split_once(piece) else { return false };
        left = following;
    }
    left.ends_with(last)
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if !text.starts_with('/') && text != "**" {
            return Err(GlobError::NotAbsolute(text.to_owned()));
        }
        if let Some(mark) = text.chars().find(|c| matches!(c, '?' | '#')) {
            return Err(GlobError::Query(text.to_owned(), mark));
        }
        if text.split('/').any(|segment| segment.contains("**") && segment != "**") {
            return Err(GlobError::PartialDoubleStar(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        glob.parse::<Glob>().unwrap().matches(path)
    }

    #[test]
    fn a_star_is_one_segment_that_is_not_empty() {
        assert!(matches("/v3/clusters/*", "/v3/clusters/c-prod1"));
        assert!(!matches("/v3/clusters/*", "/v3/clusters/"));
        assert!(!matches("/v3/clusters/*", "/v3/clusters"));
        assert!(!matches("/v3/clusters/*", "/v3/clusters/c-prod1/projects"));
        assert!(matches("/v3/*/c-prod1/projects", "/v3/cluster/c-prod1/projects"));
    }

    #[test]
    fn a_star_inside_a_segment_is_any_characters_of_it() {
        assert!(matches("/v3/clusters/c-*", "/v3/clusters/c-prod1"));
        assert!(matches("/v3/clusters/c-*", "/v3/clusters/c-"));
        assert!(!matches("/v3/clusters/c-*", "/v3/clusters/local"));
        assert!(matches("/a*b*c", "/axxbxxc"));
        assert!(matches("/a*b*c", "/abbcc"));
        assert!(!matches("/a*b*c", "/acb"));
        assert!(!matches("/ab*ba", "/aba"));
        assert!(!matches("/a*c", "/a/c"));
    }

    #[test]
    fn two_stars_are_any_number_of_segments() {
        for path in ["/v3", "/v3/", "/v3/clusters", "/v3/clusters/c-prod1/projects"] {
            assert!(matches("/v3/**", path), "{path}");
        }
        assert!(!matches("/v3/**", "/v3-public/authProviders"));
        assert!(matches("/k8s/**/pods", "/k8s/clusters/c-prod1/api/v1/pods"));
        assert!(matches("/k8s/**/pods", "/k8s/pods"));
        assert!(!matches("/k8s/**/pods", "/k8s/clusters/c-prod1/api/v1/pods/web-0"));
        assert!(matches("**", "/") && matches("**", "*") && matches("/**", "/") && matches("/**", "/a/b"));
    }

    #[test]
    fn without_stars_only_the_same_text_matches() {
        assert!(matches("/ping", "/ping"));
        assert!(!matches("/ping", "/ping/"));
        assert!(!matches("/ping", "/pin"));
        assert!(!matches("/ping", "//ping"));
        assert!(!matches("/ping", "/Ping"));
    }

    #[test]
    fn nonsense_is_refused_with_what_to_do() {
        let message = |text: &str| text.parse::<Glob>().unwrap_err().to_string();
        assert!(message("v3/clusters").contains("must start with a slash"));
        assert!(message("").contains("must start with a slash"));
        assert!(message("/v3/clusters?limit=1").contains("without their query"));
        assert!(message("/v3/c**").contains("segment of its own"));
    }
}
