//! One object of a type, with what no type expects: at each level a field that it does not know, nulls, numbers of every
//! width, values of enums that came later, values that do not fit, and spellings that nobody would print.

use rancher_types::info::{FieldType, TypeInfo};

/// No object is longer than about this; types hold each other, in circles too.
const LONGEST: usize = 2_500;

/// The text of an object.
pub(super) fn object(info: &TypeInfo) -> String {
    let mut writer = Writer { out: String::new(), count: 0 };
    writer.object(info, 0);
    writer.out
}

struct Writer {
    out: String,
    count: usize,
}

impl Writer {
    fn object(&mut self, info: &TypeInfo, depth: usize) {
        self.out += "{ ";
        if info.collection.is_some() {
            let id = info.id;
            self.out += &format!(
                r#""id":"c-prod1:{id}","type":"{id}","links":{{"self":"https://rancher.example.com/v3/x"}},"#
            );
        }
        for field in info.fields {
            if self.out.contains(&format!("\"{}\":", field.name)) && depth == 0 {
                continue;
            }
            self.count += 1;
            self.out += &format!("\"{}\": ", field.name);
            match self.count {
                n if n % 6 == 0 => self.out += "null",
                n if n % 11 == 0 => self.out += r#"{"unfit":[null,1.50]}"#,
                _ => self.value(&field.ty, depth),
            }
            self.out += ",";
        }
        // twice, the last counts; wider than any integer type; no float that prints like this
        self.out += r#""addedLater":1,"addedLater":{"a":[null,1.50,18446744073709551615,1e3,{}],"b":null,"c":"\u00e9\/"} }"#;
    }

    fn value(&mut self, ty: &FieldType, depth: usize) {
        let n = self.count;
        match ty {
            FieldType::Boolean => self.out += if n.is_multiple_of(2) { "true" } else { "false" },
            FieldType::Int => self.out += &(9_007_199_254_740_993 + n).to_string(),
            FieldType::Float => self.out += "1.50e0",
            FieldType::Enum => self.out += &format!(r#""addedLater{n}""#),
            FieldType::Json => self.out += r#"{"a":[null,1.0,{"b":12345678901234567890}],"n":null}"#,
            FieldType::IntOrString if n.is_multiple_of(2) => self.out += &n.to_string(),
            FieldType::Array(inner) => self.several(("[", " ]"), &["", " "], inner, depth),
            FieldType::Map(inner) => {
                self.several(("{", "}"), &[r#""example.com/x":"#, r#""ä" :"#], inner, depth);
            }
            FieldType::Struct(info) if depth < 3 && self.out.len() < LONGEST => self.object(info, depth + 1),
            FieldType::Struct(_) => self.out += r#"{"addedLater":[2.50]}"#,
            _ => self.out += &format!(r#""text {n} \u00e9""#),
        }
    }

    fn several(&mut self, (open, close): (&str, &str), leads: &[&str], inner: &FieldType, depth: usize) {
        self.out += open;
        for (at, lead) in leads.iter().enumerate() {
            self.count += 1;
            self.out += if at > 0 { ", " } else { "" };
            self.out += lead;
            self.value(inner, depth);
        }
        self.out += close;
    }
}
