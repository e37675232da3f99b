//! The names of all structs, for those who have to do something with each.

use crate::facts::Api;
use crate::model::Model;

/// The text of the macros.
pub fn text(model: &Model<'_>) -> String {
    let mut text = crate::header("The names of all structs, by API.");
    for api in Api::ALL {
        let mut names: Vec<String> = model
            .index
            .iter()
            .filter(|((of, _), _)| *of == api)
            .filter_map(|(_, index)| Some(format!("{},\n", model.bodies.get(*index)?.rust())))
            .collect();
        names.sort();
        let api = api.as_str();
        text += &format!(
            "\n/// Hands the names of all structs of [`{api}`](crate::{api}) to a macro.\n#[cfg(feature = {api:?})]\n\
             #[macro_export]\nmacro_rules! {api}_types {{\n    ($macro:ident) => {{\n        $macro! {{\n{}        }}\n    }};\n}}\n",
            names.iter().map(|name| format!("            {name}")).collect::<String>()
        );
    }
    text
}
