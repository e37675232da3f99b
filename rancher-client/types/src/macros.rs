//! The macros that the generated text is written in.

/// A struct: a table of its fields, each with its name in Rust, in JSON, and its type.
///
/// `resource` adds what the server adds to objects that stand alone.
macro_rules! record {
    ($(#[$about:meta])* resource $name:ident = $info:expr; $($fields:tt)*) => {
        $crate::macros::record! {
            $(#[$about])*
            $name = $info;
            /// What names it in its collection. Set by the server.
            id "id": String,
            /// The id of its type. Set by the server.
            type_ "type": String,
            /// The id of the type that its own is a kind of. Set by the server.
            base_type "baseType": String,
            /// Addresses of what belongs to it, by name. Set by the server.
            links "links": std::collections::BTreeMap<String, String>,
            /// Addresses of the actions that are available now, by name. Set by the server.
            actions "actions": std::collections::BTreeMap<String, String>,
            $($fields)*
        }

        impl $crate::ResourceType for $name {
            #[inline]
            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }

            #[inline]
            fn links(&self) -> &std::collections::BTreeMap<String, String> {
                self.links.as_ref().unwrap_or(&$crate::record::NONE)
            }

            #[inline]
            fn actions(&self) -> &std::collections::BTreeMap<String, String> {
                self.actions.as_ref().unwrap_or(&$crate::record::NONE)
            }
        }
    };
    ($(#[$about:meta])* $name:ident = $info:expr;
     $($(#[$doc:meta])* $field:ident $json:literal: $type:ty,)*) => {
        $(#[$about])*
        #[derive(Clone, Default, PartialEq)]
        pub struct $name {
            $($(#[$doc])* pub $field: Option<$type>,)*
            /// What the struct does not know, and values that did not fit.
            pub other: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::Record for $name {
            const INFO: &'static $crate::info::TypeInfo = &$info;
            const NAMES: &'static [&'static str] = &[$($json),*];

            #[inline]
            fn from_object(object: serde_json::Map<String, serde_json::Value>) -> Self {
                $crate::decode::from_object(object)
            }

            #[inline]
            fn other(&self) -> &serde_json::Map<String, serde_json::Value> {
                &self.other
            }

            #[inline]
            fn other_mut(&mut self) -> &mut serde_json::Map<String, serde_json::Value> {
                &mut self.other
            }
        }

        #[allow(unused_variables, reason = "a few types have no fields")]
        impl $crate::decode::Table for $name {
            const NAME: &'static str = stringify!($name);

            #[inline]
            fn fill<F: $crate::decode::Source>(&mut self, name: &str, from: &mut F) -> Result<bool, F::Error> {
                match name {
                    $($json => from.take(&mut self.$field),)*
                    _ => Ok(false),
                }
            }

            #[inline]
            fn list<S: $crate::decode::Sink>(&self, to: &mut S) {
                $(to.put($json, &self.$field);)*
            }
        }

        impl $crate::decode::Fit for $name {
            #[inline]
            fn fit(value: &serde_json::Value) -> Option<Self> {
                value.as_object().cloned().map($crate::decode::from_object)
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::decode::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::decode::deserialize(deserializer)
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::decode::debug(self, f)
            }
        }
    };
}

/// An enum of the options that the schema states, open to others.
macro_rules! open_enum {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// A value that the schema does not state.
            Other(String),
        }

        impl $name {
            /// Its text in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }

        impl $crate::decode::Fit for $name {
            fn fit(value: &serde_json::Value) -> Option<Self> {
                value.as_str().map(Self::from)
            }
        }
    };
}

/// What the lists of a type can be filtered by.
macro_rules! filters {
    ($($name:ident = $json:literal;)*) => {
        $(
            #[doc = concat!("Lists can be filtered by `", $json, "`.")]
            pub const $name: $crate::Field = $crate::Field::new($json);
        )*
    };
}

/// The actions of a type.
macro_rules! actions {
    ($($name:ident = $json:literal: $in:ty => $out:ty;)*) => {
        $(
            #[doc = concat!("The action `", $json, "`.")]
            pub const $name: $crate::Action<$in, $out> = $crate::Action::new($json);
        )*
    };
}

pub(crate) use {actions, filters, open_enum, record};
