//! The enums: one for each set of options.

use std::collections::BTreeMap;

use crate::Failure;
use crate::facts::Field;
use crate::kind::Kind;
use crate::model::Model;
use crate::names;

/// Names that the rule below would make worse, by the first field with the options.
const NAMED: [(&str, &str); 6] = [
    ("container.capAdd", "Capability"),
    ("daemonSetConfig.strategy", "UpdateStrategy"),
    ("deploymentConfig.strategy", "DeploymentStrategy"),
    ("hostPathVolumeSource.kind", "HostPathKind"),
    ("persistentVolumeClaim.accessModes", "PersistentVolumeAccessMode"),
    ("workloadMetric.schema", "MetricScheme"),
];

/// The enums by their options, and by name what is said of them.
#[derive(Debug)]
pub struct Enums {
    names: BTreeMap<Vec<String>, String>,
    docs: BTreeMap<String, String>,
}

impl Enums {
    /// Names them: like the field, where all fields of the name have the same options; like type and field otherwise.
    ///
    /// # Errors
    ///
    /// An enum would be called like a struct or like another enum, or has no options.
    pub fn new(model: &Model<'_>) -> Result<Self, Failure> {
        let mut fields: BTreeMap<Vec<String>, Vec<(&str, &str)>> = BTreeMap::new();
        for body in &model.bodies {
            for (name, field) in &body.facts.fields {
                if body.kinds.get(name).map(Kind::innermost) == Some(&Kind::Enum) {
                    if field.options.is_empty() {
                        return Err(Failure::new(format!(
                            "{}.{name} is an enum without options",
                            body.facts.id
                        )));
                    }
                    fields.entry(field.options.clone()).or_default().push((&body.facts.id, name));
                }
            }
        }
        let mut enums = Self { names: BTreeMap::new(), docs: BTreeMap::new() };
        for (options, of) in &fields {
            let Some((ty, field)) = of.iter().min().copied() else { continue };
            let key = format!("{ty}.{field}");
            let own = of.iter().all(|(_, other)| *other == field)
                && fields
                    .iter()
                    .all(|(set, of)| set == options || of.iter().all(|(_, other)| *other != field));
            let name = match NAMED.iter().find(|(first, _)| *first == key) {
                Some((_, name)) => (*name).to_owned(),
                None if own => names::pascal(field),
                None => names::pascal(ty) + &names::pascal(field),
            };
            let taken = enums.names.values().any(|other| *other == name);
            if taken || model.bodies.iter().any(|body| body.rust() == name) {
                return Err(Failure::new(format!("the options of {key} need a name of their own in NAMED")));
            }
            let more = if of.len() > 1 { ", and others" } else { "" };
            enums.docs.insert(name.clone(), format!("The options of `{key}`{more}."));
            enums.names.insert(options.clone(), name);
        }
        Ok(enums)
    }

    /// The enum of a field.
    pub fn name(&self, field: &Field) -> Option<&str> {
        self.names.get(&field.options).map(String::as_str)
    }

    /// All of them, sorted by name: the name, what is said of it, and its options.
    pub fn all(&self) -> Vec<(&str, &str, &[String])> {
        let doc = |name: &String| self.docs.get(name).map_or("", String::as_str);
        let mut all: Vec<_> =
            self.names.iter().map(|(options, name)| (name.as_str(), doc(name), options.as_slice())).collect();
        all.sort_unstable();
        all
    }

    /// The text of all of them.
    pub fn text(&self) -> String {
        let mut text = crate::header("Texts of which the schemas state the options.");
        text += "\nuse crate::macros::open_enum;\n";
        for (name, doc, options) in self.all() {
            text += &format!("\nopen_enum! {{\n    /// {doc}\n    {name} {{\n");
            for option in options {
                text += &format!("        {} = {option:?},\n", names::pascal(option));
            }
            text += "    }\n}\n";
        }
        text
    }
}
