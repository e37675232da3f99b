//! Kubernetes quantities, exactly: `500m`, `0.5Gi`, `1e3`, `16Ei`.

use std::cmp::Ordering;
use std::fmt;

/// How a quantity was written, which decides how sums of it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// An amount in units of 10⁻⁹, as fine as Kubernetes counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    nano: i128,
    format: Format,
}

const NANO: i128 = 1_000_000_000;
// Kubernetes caps what does not fit into 64 bits.
const MOST: i128 = i64::MAX as i128 * NANO;

/// What is no quantity, in the words of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoQuantity {
    Format,
    Suffix,
    Numeric,
}

impl fmt::Display for NoQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Suffix => "unable to parse quantity's suffix",
            Self::Numeric => "unable to parse numeric part of quantity",
        })
    }
}

const DECIMAL: &[(&str, i32)] = &[
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: &[(&str, u32)] = &[("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Quantity {
    pub(crate) const ZERO: Self = Self { nano: 0, format: Format::Decimal };

    /// So many whole things.
    pub(crate) fn count(number: usize) -> Self {
        let nano = i128::try_from(number).unwrap_or(i128::MAX).saturating_mul(NANO).min(MOST);
        Self { nano, format: Format::Decimal }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, NoQuantity> {
        if text.is_empty() {
            return Err(NoQuantity::Format);
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let digits = letters.strip_prefix(['+', '-']).unwrap_or(letters);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoQuantity::Format);
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return Err(NoQuantity::Format);
        }
        let (factor, format) = scale(suffix).ok_or(NoQuantity::Suffix)?;
        if whole.is_empty() && fraction.is_empty() {
            return Err(NoQuantity::Numeric);
        }
        let nano = amount(whole, fraction, factor);
        Ok(Self { nano: if text.starts_with('-') { -nano } else { nano }, format })
    }

    pub(crate) fn is_negative(self) -> bool {
        self.nano < 0
    }

    pub(crate) fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// The sum, written as the first that is not zero.
    pub(crate) fn plus(self, other: Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nano: self.nano.saturating_add(other.nano).clamp(-MOST, MOST), format }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(Self { nano: -other.nano, format: other.format })
    }
}

// The factor of a suffix: a power of ten or of two.
enum Factor {
    Ten(i32),
    Two(u32),
}

fn scale(suffix: &str) -> Option<(Factor, Format)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Factor::Ten(*power), Format::Decimal));
    }
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Factor::Two(*power), Format::Binary));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Factor::Ten(power), Format::Exponent))
}

// Digits times factor, in 10⁻⁹, rounded up; capped where it does not fit.
fn amount(whole: &str, fraction: &str, factor: Factor) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let Ok(mut value) = (if digits.is_empty() { Ok(0) } else { digits.parse::<i128>() }) else { return MOST };
    if value == 0 {
        return 0;
    }
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let power = match factor {
        Factor::Ten(power) => power,
        Factor::Two(bits) => {
            let Some(scaled) = value.checked_mul(1_i128 << bits) else { return MOST };
            value = scaled;
            0
        }
    };
    let shift = power.saturating_sub(places).saturating_add(9);
    let ten = 10_i128.checked_pow(shift.unsigned_abs());
    match (shift >= 0, ten) {
        (true, Some(ten)) => value.checked_mul(ten).unwrap_or(MOST).min(MOST),
        (true, None) => MOST,
        (false, Some(ten)) => ((value + ten - 1) / ten).min(MOST),
        // Less than the least still is something.
        (false, None) => 1,
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

/// The canonical form: the largest suffix that leaves no fraction.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nano < 0 { "-" } else { "" };
        let nano = self.nano.abs();
        if self.format == Format::Binary && nano >= 1024 * NANO {
            // Bytes are whole.
            let bytes = (nano + NANO - 1) / NANO;
            let fits = BINARY.iter().rev().find(|(_, bits)| bytes % (1_i128 << bits) == 0);
            return match fits {
                Some((suffix, bits)) => write!(f, "{sign}{}{suffix}", bytes >> bits),
                None => write!(f, "{sign}{bytes}"),
            };
        }
        let fits = DECIMAL.iter().rev().find_map(|(suffix, power)| {
            let unit = 10_i128.checked_pow(u32::try_from(power + 9).ok()?)?;
            (nano % unit == 0).then_some((nano / unit, suffix, power))
        });
        match fits {
            _ if nano == 0 => f.write_str("0"),
            Some((number, _, power)) if self.format == Format::Exponent && *power != 0 => {
                write!(f, "{sign}{number}e{power}")
            }
            Some((number, suffix, _)) => write!(f, "{sign}{number}{suffix}"),
            None => write!(f, "{sign}{nano}n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn quantities_have_one_canonical_form() {
        for (text, canonical) in [
            ("4000m", "4"),
            ("1500m", "1500m"),
            ("0.5Gi", "512Mi"),
            ("8192Mi", "8Gi"),
            ("1000Ki", "1000Ki"),
            ("1023", "1023"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("1E", "1E"),
            ("12E3", "12e3"),
            ("0.1", "100m"),
            ("+5", "5"),
            ("-1.5", "-1500m"),
            ("0", "0"),
            ("0Ki", "0"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("1.5", "1500m"),
            (".5", "500m"),
            ("5.", "5"),
            ("7Ei", "7Ei"),
            ("0.0000000001", "1n"),
        ] {
            assert_eq!(q(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_told_why() {
        for (text, why) in [
            ("", NoQuantity::Format),
            ("abc", NoQuantity::Format),
            ("1 Gi", NoQuantity::Format),
            ("1,5", NoQuantity::Format),
            ("1.2.3", NoQuantity::Format),
            ("1mm", NoQuantity::Suffix),
            ("1gi", NoQuantity::Format),
            ("1mi", NoQuantity::Suffix),
            ("1e", NoQuantity::Suffix),
            ("m", NoQuantity::Numeric),
            (".", NoQuantity::Numeric),
        ] {
            assert_eq!(Quantity::parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn amounts_compare_and_add_exactly() {
        assert_eq!(q("1Gi"), q("1073741824"));
        assert_eq!(q("1"), q("1000m"));
        assert!(q("999m") < q("1") && q("1G") < q("1Gi"));
        assert_eq!(q("500m").plus(q("5000m")).to_string(), "5500m");
        assert_eq!(q("512Mi").plus(q("1024Mi")).to_string(), "1536Mi");
        assert_eq!(Quantity::ZERO.plus(q("128Mi")).to_string(), "128Mi");
        assert_eq!(q("500m").minus(q("500m")), Quantity::ZERO);
        assert_eq!(q("16Ei"), q("8Ei").plus(q("8Ei")), "capped where 64 bits end");
        assert_eq!(q("1e40"), q("1e50"));
        assert!(!q("1e-40").is_zero() && q("-1").is_negative());
        assert_eq!(Quantity::count(3).to_string(), "3");
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_the_same_amount(
            number in 0_u32..5_000_000,
            suffix in prop::sample::select(vec!["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-3"]),
        ) {
            let given = q(&format!("{number}{suffix}"));
            prop_assert_eq!(q(&given.to_string()), given);
        }

        #[test]
        fn nothing_panics(text in "[-+0-9.eEinumkKMGTPa ]{0,40}") {
            if let Ok(given) = Quantity::parse(&text) {
                prop_assert_eq!(q(&given.to_string()), given);
            }
        }
    }
}
