//! Conditions for lists: `project::NAME.one_of(["a", "b"])`.

use std::fmt;

use crate::info::Modifier;

/// A field that lists can be filtered and sorted by. The constants of the types' modules are these.
// no PartialEq: its `eq` would be found before the condition of that name
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
}

impl Field {
    /// A field of this name. Lists check it against what the server states of the type.
    pub const fn new(name: &'static str) -> Self {
        Self { name }
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The field has this value.
    pub fn eq(self, value: impl ToString) -> Condition {
        Condition::new(self.name, Modifier::Eq, [value])
    }

    /// The field has another value.
    pub fn ne(self, value: impl ToString) -> Condition {
        Condition::new(self.name, Modifier::Ne, [value])
    }

    /// The field has one of these values.
    pub fn one_of<V: ToString>(self, values: impl IntoIterator<Item = V>) -> Condition {
        Condition::new(self.name, Modifier::In, values)
    }

    /// The field has none of these values.
    pub fn none_of<V: ToString>(self, values: impl IntoIterator<Item = V>) -> Condition {
        Condition::new(self.name, Modifier::NotIn, values)
    }
}

/// One condition of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Condition {
    /// The name of the field.
    pub field: String,
    /// How it is compared.
    pub modifier: Modifier,
    /// With what. `eq` and `ne` have one value.
    pub values: Vec<String>,
}

impl fmt::Debug for Condition {
    /// Without the values, as queries are shown everywhere: one can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({}=…)", self.parameter())
    }
}

impl Condition {
    /// A condition on a field that has no constant.
    pub fn new<V: ToString>(
        field: impl Into<String>,
        modifier: Modifier,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(|value| value.to_string()).collect();
        Self { field: field.into(), modifier, values }
    }

    /// The query parameter's name: `name`, `name_ne`, `name_in`, `name_notin`.
    pub fn parameter(&self) -> String {
        match self.modifier {
            Modifier::Eq => self.field.clone(),
            other => format!("{}_{}", self.field, other.as_str()),
        }
    }
}
