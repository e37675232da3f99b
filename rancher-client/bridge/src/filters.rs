//! Conditions of lists: `{"field": value}`, or `{"field": {"comparison": value}}`.

use rancher_client::steve::{Filter, field};
use rancher_client::types::Condition;
use rancher_client::types::info::Modifier;
use serde_json::{Map, Value};

use crate::input::Wrong;

/// What a list of Steve calls alternatives by; a shell may spell it its own way.
const ANY_OF: [&str; 2] = ["any_of", "anyOf"];

/// One comparison: a field, how, and with what.
struct Comparison<'w> {
    field: &'w str,
    how: &'w str,
    with: &'w Value,
}

/// Takes the comparisons of fields apart, all of which shall be so.
fn comparisons(by_field: &Map<String, Value>) -> Result<Vec<Comparison<'_>>, Wrong> {
    let mut all = Vec::new();
    for (field, value) in by_field {
        match value {
            Value::Object(by_comparison) if by_comparison.is_empty() => {
                return Err(Wrong::new(format!("compares {field:?} with nothing"), "leave it out"));
            }
            Value::Object(by_comparison) => {
                all.extend(by_comparison.iter().map(|(how, with)| Comparison { field, how, with }));
            }
            Value::Array(_) => all.push(Comparison { field, how: "in", with: value }),
            _ => all.push(Comparison { field, how: "eq", with: value }),
        }
    }
    Ok(all)
}

impl Comparison<'_> {
    fn wrong(&self, what: &str, advice: impl Into<String>) -> Wrong {
        Wrong::new(format!("compares {:?} by {:?}, {what}", self.field, self.how), advice)
    }

    fn text(&self, value: &Value) -> Result<String, Wrong> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            _ => Err(self.wrong("with what is no value", "a value is a text, a number, true or false")),
        }
    }

    fn one(&self) -> Result<String, Wrong> {
        match self.with {
            Value::Array(_) => {
                Err(self.wrong("which takes one value", "several values are for in and notin"))
            }
            one => self.text(one),
        }
    }

    fn several(&self) -> Result<Vec<String>, Wrong> {
        match self.with {
            Value::Array(values) => values.iter().map(|value| self.text(value)).collect(),
            one => Ok(vec![self.text(one)?]),
        }
    }

    fn number(&self) -> Result<i64, Wrong> {
        let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
        let number = match self.with {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong("which takes a whole number", ""))
    }
}

/// The conditions of a list of v3.
pub(crate) fn of_v3(by_field: &Map<String, Value>) -> Result<Vec<Condition>, Wrong> {
    comparisons(by_field)?
        .iter()
        .map(|it| {
            let condition = |modifier, values| Ok(Condition::new(it.field, modifier, values));
            match it.how {
                "eq" => condition(Modifier::Eq, vec![it.one()?]),
                "ne" => condition(Modifier::Ne, vec![it.one()?]),
                "in" => condition(Modifier::In, it.several()?),
                "notin" => condition(Modifier::NotIn, it.several()?),
                _ => Err(it.wrong("which v3 does not know", "it knows eq, ne, in and notin")),
            }
        })
        .collect()
}

/// The filters of a list of Steve, all of which shall hold.
pub(crate) fn of_steve(by_field: &Map<String, Value>) -> Result<Vec<Filter>, Wrong> {
    let (any_of, mut all) = (ANY_OF.iter().find_map(|name| by_field.get(*name)), by_field.clone());
    all.retain(|name, _| !ANY_OF.contains(&name.as_str()));
    let mut filters: Vec<Filter> = comparisons(&all)?.iter().map(filter).collect::<Result<_, _>>()?;
    filters.extend(any_of.map(alternatives).transpose()?);
    Ok(filters)
}

fn alternatives(any_of: &Value) -> Result<Filter, Wrong> {
    let wrong = || {
        Wrong::new(
            "holds alternatives that are none",
            "any_of is a list of comparisons, one each: [{\"metadata.name\": \"a\"}, {\"metadata.state.name\": {\"ne\": \"active\"}}]",
        )
    };
    let Value::Array(alternatives) = any_of else { return Err(wrong()) };
    let mut either: Option<Filter> = None;
    for alternative in alternatives {
        let Value::Object(by_field) = alternative else { return Err(wrong()) };
        let comparisons = comparisons(by_field)?;
        // Steve cannot say `(a and b) or c`
        let [one] = comparisons.as_slice() else { return Err(wrong()) };
        let filter = filter(one)?;
        either = Some(match either {
            Some(either) => either.or(filter),
            None => filter,
        });
    }
    either.ok_or_else(wrong)
}

fn filter(it: &Comparison<'_>) -> Result<Filter, Wrong> {
    let field = field(it.field);
    Ok(match it.how {
        "eq" => field.eq(it.one()?),
        "ne" => field.ne(it.one()?),
        "in" => field.one_of(it.several()?),
        "notin" => field.none_of(it.several()?),
        "like" => field.like(it.one()?),
        "not_like" | "notLike" => field.not_like(it.one()?),
        "lt" => field.less_than(it.number()?),
        "gt" => field.greater_than(it.number()?),
        "exists" => match it.with {
            Value::Bool(true) => field.exists(),
            Value::Bool(false) => field.missing(),
            _ => return Err(it.wrong("which takes true or false", "")),
        },
        _ => {
            let known = "it knows eq, ne, in, notin, like, not_like, lt, gt and exists";
            return Err(it.wrong("which Steve does not know", known));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rancher_client::steve::label;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => unreachable!("tests give objects"),
        }
    }

    fn v3(value: Value) -> Result<Vec<(String, Vec<String>)>, String> {
        let all = of_v3(&map(value)).map_err(|wrong| wrong.said_of("where").to_string())?;
        Ok(all.iter().map(|it| (it.parameter(), it.values.clone())).collect())
    }

    #[test]
    fn comparisons_of_v3() {
        let values = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = json!({"name": ["a", "b"], "ttl": 5, "on": true, "x": {"ne": "1", "notin": ["2", 3]}});
        assert_eq!(
            v3(all).unwrap(),
            [
                ("name_in".to_owned(), values(&["a", "b"])),
                ("on".to_owned(), values(&["true"])),
                ("ttl".to_owned(), values(&["5"])),
                ("x_ne".to_owned(), values(&["1"])),
                ("x_notin".to_owned(), values(&["2", "3"])),
            ]
        );
        for (wrong, word) in [
            (json!({"name": null}), "\"name\""),
            (json!({"name": {}}), "nothing"),
            (json!({"name": {"eq": ["a"]}}), "one value"),
            (json!({"name": {"like": "S3CR3T"}}), "\"like\""),
            (json!({"name": {"in": [["S3CR3T"]]}}), "no value"),
            (json!({"any_of": [{"name": "S3CR3T"}]}), "any_of"),
        ] {
            let error = v3(wrong.clone()).unwrap_err();
            assert!(error.contains(word) && !error.contains("S3CR3T"), "{wrong}: {error}");
        }
    }

    #[test]
    fn comparisons_of_steve() {
        let steve = |value: Value| of_steve(&map(value)).map_err(|wrong| wrong.said_of("where").to_string());
        let name = || field("metadata.name");
        let all = json!({
            "metadata.name": {"like": "a", "notLike": "b", "not_like": "c"},
            "metadata.labels[team]": {"exists": false},
            "metadata.fields[2]": {"lt": 3, "gt": -1.0},
            "any_of": [{"metadata.name": "x"}, {"metadata.name": ["y", "z"]}],
        });
        assert_eq!(
            steve(all).unwrap(),
            [
                field("metadata.fields[2]").greater_than(-1),
                field("metadata.fields[2]").less_than(3),
                label("team").missing(),
                name().like("a"),
                name().not_like("b"),
                name().not_like("c"),
                name().eq("x").or(name().one_of(["y", "z"])),
            ]
        );
        for wrong in [
            json!({"any_of": {"metadata.name": "x"}}),
            json!({"any_of": []}),
            json!({"any_of": [{"metadata.name": "x", "metadata.namespace": "y"}]}),
            json!({"a": {"lt": 1.5}}),
            json!({"a": {"exists": "yes"}}),
            json!({"a": {"near": 1}}),
        ] {
            assert!(steve(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
