use super::*;
use proptest::prelude::*;
use serde_json::json;

fn of(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// What Kubernetes' own parser says: the text, how it writes it, and what it is worth; or that it is none.
const OF_KUBERNETES: &str = include_str!("quantities.tsv");

#[test]
fn as_kubernetes_reads_and_writes_them() {
    let mut count = 0;
    for line in OF_KUBERNETES.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('\t').collect();
        match parts[..] {
            [text, "none"] => assert!(text.parse::<Quantity>().is_err(), "{text}"),
            [text, shown, worth] => {
                assert_eq!((&*of(text).to_string(), &*of(text).to_decimal()), (shown, worth), "{text}");
                assert_eq!(of(text), of(shown), "{text}");
            }
            _ => panic!("{line}"),
        }
        count += 1;
    }
    assert!(count > 300, "{count}");
}

#[test]
fn the_same_in_other_words() {
    for (one, other) in [
        ("1000m", "1"),
        ("1", "1.0"),
        ("0.5", "500m"),
        ("1Gi", "1024Mi"),
        ("1Gi", "1073741824"),
        ("1e3", "1k"),
        ("1E3", "1000"),
        ("1E", "1000P"),
        ("+5", "5"),
        ("0", "0m"),
        ("-0", "0Gi"),
        ("1.5Gi", "1536Mi"),
        ("100n", "0.1u"),
        ("1.00m", "1m"),
        ("100000000000000000000000000000000000000000", "1e41"),
        // as the server keeps it
        ("0.1n", "1n"),
        ("16Ei", "9223372036854775807"),
    ] {
        assert!(same(one, other) && same(other, one), "{one} {other}");
    }
    for (one, other) in [
        ("1000m", "2"),
        ("1G", "1Gi"),
        ("1M", "1m"),
        ("-1", "1"),
        ("1.10", "1.1"),
        ("v1", "1"),
        ("1.2.3", "1.2.3m"),
        ("", "0"),
        (".", "0"),
        ("m", "0"),
        ("1e", "1"),
        ("1e99999999", "1"),
        ("1KB", "1k"),
    ] {
        assert!(!same(one, other) && !same(other, one), "{one} {other}");
    }
}

#[test]
fn every_suffix_is_worth_what_kubernetes_says() {
    let mut worth: Vec<(String, u128)> = Vec::new();
    for (power, suffix) in ["", "k", "M", "G", "T", "P", "E"].into_iter().enumerate() {
        worth.push((suffix.to_owned(), 1000_u128.pow(power as u32)));
    }
    for (power, suffix) in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].into_iter().enumerate() {
        worth.push((suffix.to_owned(), 1024_u128.pow(power as u32 + 1)));
    }
    for power in 0..=18_u32 {
        for form in ["e", "E", "e+", "E+"] {
            worth.push((format!("{form}{power}"), 10_u128.pow(power)));
        }
    }
    for (suffix, whole) in &worth {
        for number in [1, 3, 7_u128] {
            let plain = (number * whole).to_string();
            for sign in ["", "-", "+"] {
                assert_eq!(
                    of(&format!("{sign}{number}{suffix}")),
                    of(&format!("{sign}{plain}")),
                    "{number}{suffix}"
                );
            }
            let more = (number * whole + 1).to_string();
            assert!(of(&format!("{number}{suffix}")) < of(&more), "{number}{suffix}");
            assert!(of(&format!("-{number}{suffix}")) > of(&format!("-{more}")), "{number}{suffix}");
        }
        let half = (whole / 2).to_string();
        assert_eq!(of(&format!("0.5{suffix}")) == of(&half), whole % 2 == 0, "0.5{suffix}");
    }
    for (suffix, parts) in [("m", 1_000_u128), ("u", 1_000_000), ("n", 1_000_000_000)] {
        for number in [1, 250, 1_536, 7_000_000_000_u128] {
            assert_eq!(
                of(&format!("{}{suffix}", number * parts)),
                of(&number.to_string()),
                "{number}{suffix}"
            );
        }
        let digits = parts.to_string().len() - 1;
        assert_eq!(of(&format!("1{suffix}")), of(&format!("1e-{digits}")), "{suffix}");
    }
    for none in [
        "K", "ki", "kI", "KI", "mi", "g", "GB", "B", "i", "e", "E+", "ee3", "e3k", "k3", " k", "Zi", "Y", "ß",
    ] {
        assert!(format!("1{none}").parse::<Quantity>().is_err(), "{none}");
    }
}

#[test]
fn whole_numbers_are_rounded_away_from_zero() {
    for (text, value, milli) in [
        ("1.5", Some(2), Some(1500)),
        ("-1.5", Some(-2), Some(-1500)),
        ("1n", Some(1), Some(1)),
        ("250m", Some(1), Some(250)),
        ("1Gi", Some(1 << 30), Some(1_073_741_824_000)),
        ("16Ei", Some(i64::MAX), None),
        ("1e40", None, None),
        ("0", Some(0), Some(0)),
    ] {
        assert_eq!((of(text).value(), of(text).milli_value()), (value, milli), "{text}");
    }
    assert_eq!(of("250m").to_f64().to_string(), "0.25");
}

#[test]
fn sums_keep_the_form_of_the_first() {
    for (one, other, sum, difference) in [
        ("1Gi", "512Mi", "1536Mi", "512Mi"),
        ("0", "512Mi", "512Mi", "-512Mi"),
        ("1", "250m", "1250m", "750m"),
        ("1", "1", "2", "0"),
        ("1e3", "1", "1001", "999"),
        ("1G", "1Gi", "2073741824", "-73741824"),
        ("-1", "1", "0", "-2"),
        ("1E", "1n", "1000000000000000000000000001n", "999999999999999999999999999n"),
    ] {
        let (one, other) = (of(one), of(other));
        assert_eq!(one.checked_add(other).unwrap().to_string(), sum);
        assert_eq!(one.checked_sub(other).unwrap().to_string(), difference);
    }
    assert_eq!(of("1e40").checked_add(of("1")), None);
    assert!(!of("0").checked_sub(of("0")).unwrap().is_negative());
}

#[test]
fn an_error_shows_no_credential() {
    let error = "token-abcde:s3cr3ts3cr3ts3cr3t".parse::<Quantity>().unwrap_err();
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    let error = crate::Error::from("1GB".parse::<Quantity>().unwrap_err());
    assert_eq!(error.kind(), crate::ErrorKind::Invalid);
    assert!(error.to_string().contains("\"1GB\"") && error.to_string().contains("Gi"), "{error}");
    assert!("1".repeat(39).parse::<Quantity>().unwrap_err().to_string().contains("38 digits"));
}

#[test]
fn json_holds_texts_and_numbers() {
    let limits = json!({"cpu": 2, "memory": "0.5Gi", "share": 0.25});
    let read: std::collections::BTreeMap<String, Quantity> = serde_json::from_value(limits).unwrap();
    assert_eq!(json!(read), json!({"cpu": "2", "memory": "512Mi", "share": "250m"}));
    assert!(serde_json::from_value::<Quantity>(json!(true)).is_err());
    assert!(serde_json::from_value::<Quantity>(json!("1 Gi")).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[+-]?[0-9.]{0,50}[numkMGTPEKi]{0,2}[eE]?[+-]?[0-9]{0,4}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(of(&quantity.to_string()), quantity);
            prop_assert_eq!(of(&quantity.to_decimal()), quantity);
        }
    }

    #[test]
    fn they_are_in_order(one in any::<i32>(), other in any::<i32>(), tens in -9_i32..9) {
        let quantity = |number: i32| of(&format!("{number}e{tens}"));
        prop_assert_eq!(quantity(one).cmp(&quantity(other)), one.cmp(&other));
        let sum = i64::from(one) + i64::from(other);
        prop_assert_eq!(quantity(one).checked_add(quantity(other)).unwrap(), of(&format!("{sum}e{tens}")));
    }
}
