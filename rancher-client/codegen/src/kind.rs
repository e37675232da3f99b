//! What a field holds, read from the server's own notation.

use crate::Failure;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A type that the server has in itself, under its name in `FieldType`.
    Plain(&'static str),
    /// One of the options.
    Enum,
    /// The id of an object of this type.
    Reference(String),
    /// A list.
    Array(Box<Kind>),
    /// Names and values.
    Map(Box<Kind>),
    /// A part, by its id.
    Struct(String),
}

impl Kind {
    /// Reads `array[reference[principal]]`.
    ///
    /// # Errors
    ///
    /// The brackets do not match.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if let Some((outer, inner)) = text.split_once('[') {
            let inner =
                inner.strip_suffix(']').ok_or_else(|| Failure::new(format!("what is the type {text:?}?")))?;
            return match outer {
                "array" => Ok(Self::Array(Box::new(Self::parse(inner)?))),
                "map" => Ok(Self::Map(Box::new(Self::parse(inner)?))),
                // `/v3/clusters/schemas/namespace` and `/v3/cluster/storageClass` end in the type too
                "reference" => Ok(Self::Reference(inner.rsplit('/').next().unwrap_or(inner).to_owned())),
                _ => Err(Failure::new(format!("what is the type {text:?}?"))),
            };
        }
        Ok(match text {
            "string" => Self::Plain("String"),
            "boolean" => Self::Plain("Boolean"),
            "int" => Self::Plain("Int"),
            "float" => Self::Plain("Float"),
            "date" => Self::Plain("Date"),
            "dnsLabel" => Self::Plain("DnsLabel"),
            "dnsLabelRestricted" => Self::Plain("DnsLabelRestricted"),
            "hostname" => Self::Plain("Hostname"),
            "password" => Self::Plain("Password"),
            "base64" => Self::Plain("Base64"),
            "json" => Self::Plain("Json"),
            "intOrString" => Self::Plain("IntOrString"),
            "enum" => Self::Enum,
            part => Self::Struct(part.to_owned()),
        })
    }

    /// What is inside the lists and maps.
    pub fn innermost(&self) -> &Kind {
        match self {
            Self::Array(inner) | Self::Map(inner) => inner.innermost(),
            other => other,
        }
    }

    /// The part that the field holds itself, neither in a list nor in a map.
    pub fn direct(&self) -> Option<&str> {
        match self {
            Self::Struct(id) => Some(id),
            _ => None,
        }
    }

    /// The part that the field holds, wherever.
    pub fn part(&self) -> Option<&str> {
        self.innermost().direct()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest() {
        let kind = Kind::parse("map[array[reference[/v3/schemas/user]]]").unwrap();
        let reference = Kind::Reference("user".into());
        assert_eq!(kind, Kind::Map(Box::new(Kind::Array(Box::new(reference.clone())))));
        assert_eq!(kind.innermost(), &reference);
        assert_eq!(Kind::parse("array[policyRule]").unwrap().part(), Some("policyRule"));
        assert!(Kind::parse("array[string").is_err());
        assert!(Kind::parse("set[string]").is_err());
    }
}
