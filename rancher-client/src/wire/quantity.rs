//! Quantities of Kubernetes, compared exactly.

/// A quantity as `sign × rest × 2^twos × 5^fives`, with a `rest` that neither two nor five divides. There is one such
/// form of each quantity, so equal quantities are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quantity {
    negative: bool,
    rest: u128,
    twos: i32,
    fives: i32,
}

/// Whether two texts are the same quantity in other words: `1000m` and `1`, `1Gi` and `1024Mi`, `1e3` and `1k`.
///
/// Two numbers with a fraction are not, whatever they are worth: `1.10` and `1.1` can be versions.
pub(super) fn same(one: &str, other: &str) -> bool {
    let version = |text: &str| text.contains('.') && text.ends_with(|c: char| c.is_ascii_digit());
    if version(one) && version(other) {
        return false;
    }
    matches!((parse(one), parse(other)), (Some(one), Some(other)) if one == other)
}

/// As `k8s.io/apimachinery`, `pkg/api/resource`, reads it. Nothing if it is no quantity, or one of more than 38 digits.
fn parse(text: &str) -> Option<Quantity> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let (tens, twos) = powers(suffix)?;
    let mut rest: u128 = format!("{whole}{fraction}").parse().ok()?;
    let tens = tens.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    if rest == 0 {
        return Some(Quantity { negative: false, rest, twos: 0, fives: 0 });
    }
    let (mut twos, mut fives) = (twos + tens, tens);
    while rest.is_multiple_of(2) {
        (rest, twos) = (rest / 2, twos + 1);
    }
    while rest.is_multiple_of(5) {
        (rest, fives) = (rest / 5, fives + 1);
    }
    Some(Quantity { negative, rest, twos, fives })
}

/// What a suffix multiplies with: powers of ten and of two.
fn powers(suffix: &str) -> Option<(i32, i32)> {
    Some(match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => {
            let exponent: i16 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (i32::from(exponent), 0)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert!(same(one, other) && same(other, one), "{one} {other}");
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
            for number in [1, 3, 7_u128, 999_999_999_999] {
                let plain = (number * whole).to_string();
                for sign in ["", "-", "+"] {
                    assert!(
                        same(&format!("{sign}{number}{suffix}"), &format!("{sign}{plain}")),
                        "{number}{suffix}"
                    );
                }
                let more = (number * whole + 1).to_string();
                assert!(!same(&format!("{number}{suffix}"), &more), "{number}{suffix}");
                assert!(!same(&format!("-{number}{suffix}"), &plain), "{number}{suffix}");
            }
            let half = (whole / 2).to_string();
            assert_eq!(same(&format!("0.5{suffix}"), &half), whole % 2 == 0, "0.5{suffix}");
        }
        for (suffix, parts) in [("m", 1_000_u128), ("u", 1_000_000), ("n", 1_000_000_000)] {
            for number in [1, 250, 1_536, 7_000_000_000_u128] {
                assert!(
                    same(&format!("{}{suffix}", number * parts), &number.to_string()),
                    "{number}{suffix}"
                );
                let more = format!("{}{suffix}", number * parts + 1);
                assert!(!same(&more, &number.to_string()), "{more}");
            }
            let digits = parts.to_string().len() - 1;
            assert!(same(&format!("1{suffix}"), &format!("1e-{digits}")), "{suffix}");
        }
        for none in
            ["K", "ki", "kI", "KI", "mi", "g", "GB", "B", "i", "e", "E+", "ee3", "e3k", "k3", " k", "Zi", "Y"]
        {
            assert_eq!(parse(&format!("1{none}")), None, "{none}");
        }
    }

    #[test]
    fn not_the_same() {
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
            ("100000000000000000000000000000000000000000", "1e41"),
        ] {
            assert!(!same(one, other) && !same(other, one), "{one} {other}");
        }
    }
}
