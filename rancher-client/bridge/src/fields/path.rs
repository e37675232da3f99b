//! Paths of fields.

use crate::input::Wrong;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// To the field of this name.
    Field(String),
    /// To the element at this place.
    Item(usize),
}

const ADVICE: &str =
    "a path is like status.phase, metadata.labels[app.kubernetes.io/name] or spec.containers[0].image";

/// Paths that are longer than this are none.
const MOST_STEPS: usize = 64;

/// Reads `a.b.c`, `metadata.labels[app.kubernetes.io/name]`, `a[0].b`. In brackets, digits are the place of an element,
/// and anything else is the name of a field; in quotes, digits are a name too.
pub(super) fn read(path: &str) -> Result<Vec<Step>, Wrong> {
    let wrong = |what: &str| {
        let shown: String = path.chars().filter(|c| !c.is_control()).take(60).collect();
        Err(Wrong::new(format!("holds {shown:?}, which is no path of a field: {what}"), ADVICE))
    };
    let mut steps = Vec::new();
    let mut rest = path;
    // whether a name must come: at the start, and behind a dot
    let mut name_comes = true;
    while !rest.is_empty() || name_comes {
        if steps.len() >= MOST_STEPS {
            return wrong("it has too many steps");
        }
        if let (Some(inner), true) = (rest.strip_prefix('['), !name_comes || steps.is_empty()) {
            let (step, behind) = match inner.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let Some((name, behind)) =
                        inner.strip_prefix(quote).and_then(|inner| inner.split_once(quote))
                    else {
                        return wrong("a quote is not closed");
                    };
                    (Step::Field(name.to_owned()), behind.strip_prefix(']'))
                }
                _ => match inner.split_once(']') {
                    Some((place, behind)) => {
                        let digits = !place.is_empty() && place.bytes().all(|b| b.is_ascii_digit());
                        let step = match (digits, place.parse()) {
                            (true, Ok(place)) => Step::Item(place),
                            (true, Err(_)) => return wrong("no list is so long"),
                            (false, _) => Step::Field(place.to_owned()),
                        };
                        (step, Some(behind))
                    }
                    None => (Step::Item(0), None),
                },
            };
            let Some(behind) = behind else { return wrong("a bracket is not closed") };
            if step == Step::Field(String::new()) {
                return wrong("there is nothing in the brackets");
            }
            steps.push(step);
            rest = behind;
        } else {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if name.is_empty() {
                return wrong("a name is missing");
            }
            steps.push(Step::Field(name.to_owned()));
            rest = behind;
        }
        name_comes = false;
        match rest.chars().next() {
            None | Some('[') => {}
            Some('.') => {
                rest = rest.get(1..).unwrap_or_default();
                name_comes = true;
            }
            Some(_) => return wrong("behind a bracket comes a dot, a bracket or nothing"),
        }
    }
    Ok(steps)
}
