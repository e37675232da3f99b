//! Filters as Steve reads them.

use std::fmt::{self, Write as _};

use crate::error::{Error, Result};

/// Longer filters do not fit into a request line beside others.
const LONGEST: usize = 2_048;

/// A field to filter by: `metadata.name`. See [`field`] and [`label`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field(String);

/// The field at a path: `metadata.name`, `metadata.namespace`, `metadata.state.name`, `spec.containers.image`,
/// `metadata.fields[2]` (the columns that kubectl shows).
///
/// Steve filters by what it has indexed: `id`, name, namespace, state and labels of every type, the columns, and a few
/// fields of some types. Another field is `invalid`, and the server says so.
pub fn field(path: impl Into<String>) -> Field {
    Field(path.into())
}

/// The label of this name: `field("metadata.labels[NAME]")`.
pub fn label(name: &str) -> Field {
    Field(format!("metadata.labels[{name}]"))
}

/// What objects shall be like: one of several clauses.
///
/// ```
/// use rancher_client::steve::{field, label};
///
/// let named = field("metadata.name").one_of(["app", "web"]);
/// let mine = label("team").eq("shop").or(label("team").missing());
/// # assert_ne!(named, mine);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(Vec<Clause>);

#[derive(Clone, PartialEq, Eq)]
struct Clause {
    field: String,
    test: Test,
}

#[derive(Clone, PartialEq, Eq)]
enum Test {
    One(&'static str, String),
    Many(&'static str, Vec<String>),
    Number(&'static str, i64),
    Exists(bool),
}

impl Field {
    fn is(self, test: Test) -> Filter {
        Filter(vec![Clause { field: self.0, test }])
    }

    /// It has this value. (Before 2.12, Steve took this for a part of the value, unless its SQL cache was on.)
    pub fn eq(self, value: impl Into<String>) -> Filter {
        self.is(Test::One("=", value.into()))
    }

    /// It has another value.
    pub fn ne(self, value: impl Into<String>) -> Filter {
        self.is(Test::One("!=", value.into()))
    }

    /// Its value holds this text.
    pub fn like(self, part: impl Into<String>) -> Filter {
        self.is(Test::One("~", part.into()))
    }

    /// Its value does not hold this text.
    pub fn not_like(self, part: impl Into<String>) -> Filter {
        self.is(Test::One("!~", part.into()))
    }

    /// It has one of these values.
    pub fn one_of<V: Into<String>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.is(Test::Many("in", values.into_iter().map(Into::into).collect()))
    }

    /// It has none of these values.
    pub fn none_of<V: Into<String>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.is(Test::Many("notin", values.into_iter().map(Into::into).collect()))
    }

    /// It is a number less than this.
    pub fn less_than(self, number: i64) -> Filter {
        self.is(Test::Number("<", number))
    }

    /// It is a number greater than this.
    pub fn greater_than(self, number: i64) -> Filter {
        self.is(Test::Number(">", number))
    }

    /// The label is there, with whatever value. Only for labels.
    pub fn exists(self) -> Filter {
        self.is(Test::Exists(true))
    }

    /// The label is not there. Only for labels.
    pub fn missing(self) -> Filter {
        self.is(Test::Exists(false))
    }
}

impl Filter {
    /// This or that.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// As it is sent.
    pub(super) fn text(&self) -> Result<String> {
        let mut text = String::new();
        for clause in &self.0 {
            if !text.is_empty() {
                text.push(',');
            }
            clause.write(&mut text)?;
        }
        if text.len() > LONGEST {
            return Err(Error::invalid(
                format!("a filter is longer than {LONGEST} bytes"),
                "ask for less at a time",
            ));
        }
        Ok(text)
    }
}

impl fmt::Debug for Filter {
    /// Without the values, as queries are shown everywhere: one can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(")?;
        for (at, clause) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let (field, test) = (&clause.field, &clause.test);
            match test {
                Test::One(op, _) => write!(f, "{comma}{field}{op}…")?,
                Test::Number(op, _) => write!(f, "{comma}{field}{op}…")?,
                Test::Many(op, values) => write!(f, "{comma}{field} {op} ({} values)", values.len())?,
                Test::Exists(there) => write!(f, "{comma}{}{field}", if *there { "" } else { "!" })?,
            }
        }
        f.write_str(")")
    }
}

impl Clause {
    fn write(&self, text: &mut String) -> Result<()> {
        check_field(&self.field)?;
        let field = &self.field;
        // writing into a string cannot fail
        match &self.test {
            Test::One(op, value) => {
                let _ = write!(text, "{field}{op}{}", quoted(field, value)?);
            }
            Test::Number(op, number) => {
                let _ = write!(text, "{field}{op}{number}");
            }
            Test::Many(op, values) => {
                if values.is_empty() {
                    return Err(Error::invalid(
                        format!("the filter by {field} has no value"),
                        "an empty choice matches nothing: do not ask",
                    ));
                }
                let values: Result<Vec<String>> = values.iter().map(|value| quoted(field, value)).collect();
                let _ = write!(text, "{field} {op} ({})", values?.join(","));
            }
            Test::Exists(there) => {
                if !field.starts_with("metadata.labels[") {
                    return Err(Error::invalid(
                        format!("Steve cannot say whether {field} is there"),
                        "it can of labels only, such as metadata.labels[team]",
                    ));
                }
                let _ = write!(text, "{}{field}", if *there { "" } else { "!" });
            }
        }
        Ok(())
    }
}

/// Checks a path of fields: what has a meaning in a filter, a sort or a list of fields cannot be in it.
pub(super) fn check_field(path: &str) -> Result<()> {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "=!~<>(),'\"\\&|".contains(c);
    let problem = match path {
        "" => "it is empty",
        _ if path.len() > 512 => "it is longer than 512 bytes",
        _ if path.contains(bad) => "it holds characters that no path has",
        _ => return Ok(()),
    };
    let shown: String = path.chars().filter(|c| !c.is_control()).take(60).collect();
    Err(Error::invalid(format!("{shown:?} is no path of a field: {problem}"), "a path is like metadata.name"))
}

/// A value as it stands in a filter: in quotes, unless it has the form of a label's value.
fn quoted(field: &str, value: &str) -> Result<String> {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let keyword = matches!(value, "in" | "notin");
    if value.starts_with(edge) && value.ends_with(edge) && value.chars().all(inner) && !keyword {
        return Ok(value.to_owned());
    }
    if value.contains('\\') || value.chars().any(char::is_control) {
        return Err(Error::invalid(
            format!("a value of the filter by {field} holds a backslash or control characters"),
            "Steve has no way to write them",
        ));
    }
    match (value.contains('"'), value.contains('\'')) {
        (false, _) => Ok(format!("\"{value}\"")),
        (true, false) => Ok(format!("'{value}'")),
        (true, true) => Err(Error::invalid(
            format!("a value of the filter by {field} holds quotes of both kinds"),
            "Steve has no way to write them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_written_as_steve_reads_them() {
        let name = || field("metadata.name");
        for (filter, text) in [
            (name().eq("plain"), "metadata.name=plain"),
            (name().ne("a-b.c_d"), "metadata.name!=a-b.c_d"),
            (name().like("plai"), "metadata.name~plai"),
            (name().not_like("x y"), "metadata.name!~\"x y\""),
            (name().one_of(["a", "b,c"]), "metadata.name in (a,\"b,c\")"),
            (name().none_of(["in"]), "metadata.name notin (\"in\")"),
            (field("metadata.fields[3]").less_than(20), "metadata.fields[3]<20"),
            (field("metadata.fields[3]").greater_than(-1), "metadata.fields[3]>-1"),
            (label("a.b/c").exists(), "metadata.labels[a.b/c]"),
            (label("a.b/c").missing(), "!metadata.labels[a.b/c]"),
            (
                name().eq("").or(label("team").eq("say \"hi\"")),
                "metadata.name=\"\",metadata.labels[team]='say \"hi\"'",
            ),
        ] {
            assert_eq!(filter.text().unwrap(), text);
        }
    }

    #[test]
    fn debug_shows_fields_and_no_values() {
        let name = || field("metadata.name");
        let filter = name().eq("s3cr3t").or(name().one_of(["s3cr3t", "b"])).or(name().like("s3cr3t"));
        let filter = filter.or(field("metadata.fields[2]").less_than(4711)).or(label("a").missing());
        let shown = format!("{:?}", crate::steve::SteveQuery { filter: vec![filter], ..Default::default() });
        assert!(!shown.contains("s3cr3t") && !shown.contains("4711"), "{shown}");
        let words = "Filter(metadata.name=…, metadata.name in (2 values), metadata.name~…, metadata.fields[2]<…, \
                     !metadata.labels[a])";
        assert!(shown.contains(words), "{shown}");
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        let long = "a".repeat(3000);
        for filter in [
            field("").eq("a"),
            field("metadata.name=a,metadata.namespace").eq("b"),
            field("a b").eq("c"),
            field("metadata.name").eq("a\"'b"),
            field("metadata.name").eq("a\\b"),
            field("metadata.name").eq("a\nb"),
            field("metadata.name").one_of([""; 0]),
            field("metadata.name").exists(),
            label("x]=1,metadata.name").exists(),
            field("metadata.name").eq(&long),
        ] {
            assert_eq!(filter.text().unwrap_err().kind(), crate::ErrorKind::Invalid, "{filter:?}");
        }
    }
}
