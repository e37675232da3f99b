//! Nothing is lost between a read and a write: every recorded object, and one generated object of every type, is decoded,
//! changed, written back and compared, byte by byte where it is written whole.

mod generated;
mod places;
mod put;
mod recorded;
mod types;

use bytes::Bytes;
use rancher_client::wire::{Document, InvalidDocument, Kept, Object};
use rancher_types::info::TypeInfo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use places::Change;
use recorded::Recorded;

/// What becomes of a document that is read as a type, changed to be like `now`, and written back.
type Through = fn(&Bytes, Option<&[u8]>, Option<&TypeInfo>) -> Result<Outcome, InvalidDocument>;

struct Outcome {
    /// The object as it was read, as it serializes.
    encoded: Value,
    /// The whole document, for Steve and Kubernetes.
    edited: Bytes,
    /// The change alone, for v3.
    update: Option<Bytes>,
}

fn through<T: Document>(
    raw: &Bytes,
    now: Option<&[u8]>,
    info: Option<&TypeInfo>,
) -> Result<Outcome, InvalidDocument> {
    let mut kept = Kept::<T>::read(raw.clone())?;
    let encoded = kept.encode()?;
    if let Some(now) = now {
        *kept = T::decode(now)?;
    }
    Ok(Outcome { encoded, edited: kept.edited()?, update: kept.update(info)? })
}

/// A document on its way through a type. Everything that is wrong is collected, so that one run shows all of it.
struct Check<'a> {
    name: &'a str,
    raw: &'a Bytes,
    through: Through,
    info: Option<&'a TypeInfo>,
    lost: Vec<String>,
    edits: usize,
}

impl<'a> Check<'a> {
    fn new(name: &'a str, raw: &'a Bytes, through: Through, info: Option<&'a TypeInfo>) -> Self {
        Self { name, raw, through, info, lost: Vec::new(), edits: 0 }
    }

    fn run(mut self) -> Self {
        let document: Value = serde_json::from_slice(self.raw).unwrap();
        self.unchanged(&document);
        for change in places::changes(&document, self.info) {
            self.edits += 1;
            self.changed(&document, &change);
        }
        self
    }

    fn wrong(&mut self, what: impl std::fmt::Display) {
        self.lost.push(format!("{}: {what}", self.name));
    }

    /// All but nulls is in the typed object; and it is written back as it was read.
    fn unchanged(&mut self, document: &Value) {
        match (self.through)(self.raw, None, self.info) {
            Err(error) => self.wrong(error),
            Ok(outcome) => {
                if outcome.edited != *self.raw || outcome.update.is_some() {
                    self.wrong("it changed by itself");
                }
                if without_nulls(&outcome.encoded) != without_nulls(document) {
                    self.wrong("the type does not hold all of it");
                }
            }
        }
    }

    fn changed(&mut self, document: &Value, change: &Change) {
        let mut now = document.clone();
        change.make(&mut now);
        let outcome = (self.through)(self.raw, Some(now.to_string().as_bytes()), self.info);
        let what = &change.to_string();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.wrong(format!("{what}: {error}")),
        };
        match serde_json::from_slice::<Value>(&outcome.edited) {
            Ok(edited) if without_nulls(&edited) == without_nulls(&now) => {}
            _ => self.wrong(format!("{what}: the edited document is another one")),
        }
        if let Err(problem) = change.touched_alone(self.raw, &outcome.edited, document) {
            self.wrong(format!("{what}: {problem}"));
        }
        let expected = put::expected(self.info, change, &now);
        let update = outcome.update.as_deref().map(serde_json::from_slice::<Value>);
        match update {
            Some(Ok(update)) if put::same(&update, &expected) => {}
            _ => self.wrong(format!("{what}: the update is not the change alone")),
        }
    }
}

/// The document without fields that are null, which a record reads as absent.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        scalar => scalar.clone(),
    }
}

/// What somebody's own struct may know of a Kubernetes object: little.
#[derive(Clone, Serialize, Deserialize)]
struct Labelled {
    metadata: Metadata,
}

#[derive(Clone, Serialize, Deserialize)]
struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
}

impl Document for Labelled {}

/// A struct that knows only labels sets one: the rest of the object stays.
fn label(object: &Recorded) -> Result<bool, String> {
    let Ok(mut kept) = Kept::<Labelled>::read(object.text.clone()) else { return Ok(false) };
    kept.metadata.labels.get_or_insert_default().insert("example.com/team".into(), "shop".into());
    let edited = kept.edited().map_err(|error| error.to_string())?;
    let mut expected: Value = serde_json::from_slice(&object.text).unwrap();
    let labels = &mut expected["metadata"]["labels"];
    if labels.is_null() {
        *labels = json!({});
    }
    labels["example.com/team"] = json!("shop");
    match serde_json::from_slice::<Value>(&edited) {
        // nulls count here: the struct never saw them
        Ok(edited) if edited == expected => Ok(true),
        _ => Err(format!("{} {}: a label cost more than it added", object.api, object.kind)),
    }
}

/// A document, and how it goes through a type.
struct Job {
    name: String,
    raw: Bytes,
    through: Through,
    info: Option<&'static TypeInfo>,
}

/// All that was lost, and how many edits were tried. On all cores: this is most of the suite's work.
fn run(jobs: &[Job]) -> (Vec<String>, usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |start: usize| {
        let mut found = (Vec::new(), 0);
        for job in jobs.iter().skip(start).step_by(cores) {
            let check = Check::new(&job.name, &job.raw, job.through, job.info).run();
            found.0.extend(check.lost);
            found.1 += check.edits;
        }
        found
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..cores).map(|start| scope.spawn(move || part(start))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).fold((Vec::new(), 0), |mut all, part| {
            all.0.extend(part.0);
            (all.0, all.1 + part.1)
        })
    })
}

#[test]
fn lossless() {
    let types = types::all();
    let recorded = recorded::objects();
    let (mut lost, mut labelled, mut typed) = (Vec::new(), 0, 0);
    let mut kinds = BTreeSet::new();
    let mut jobs = Vec::new();
    for object in &recorded {
        match label(object) {
            Ok(done) => labelled += usize::from(done),
            Err(problem) => lost.push(problem),
        }
        let name = format!("{} {} {}", object.api, object.kind, object.id);
        let job = |through, info| Job { name: name.clone(), raw: object.text.clone(), through, info };
        // a type that several APIs have is read as each of them
        let of_kind = types.iter().filter(|ty| object.api == "v3" && ty.info.id == object.kind);
        let before = jobs.len();
        jobs.extend(of_kind.map(|ty| job(ty.through, Some(ty.info))));
        if jobs.len() > before {
            typed += 1;
        } else {
            kinds.insert((object.api.clone(), object.kind.clone()));
            jobs.push(job(through::<Object>, None));
        }
    }
    for ty in &types {
        kinds.insert((format!("v3 {}", ty.info.api), ty.info.id.to_owned()));
        jobs.push(Job {
            name: format!("generated {:?}", ty.info),
            raw: Bytes::from(generated::object(ty.info)),
            through: ty.through,
            info: Some(ty.info),
        });
    }
    let (found, edits) = run(&jobs);
    lost.extend(found);
    println!(
        "lossless: {} objects of {} types, {} lost",
        recorded.len() + types.len(),
        kinds.len(),
        lost.len()
    );
    println!(
        "lossless: {} recorded ({typed} read as their v3 type, {labelled} by a struct that knows labels alone), {} \
         generated, {edits} edits",
        recorded.len(),
        types.len()
    );
    assert!(lost.is_empty(), "{}", lost.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n"));
    assert!(
        recorded.len() > 500 && typed > 400 && labelled > 50 && edits > 5_000,
        "the objects are not there"
    );
}
