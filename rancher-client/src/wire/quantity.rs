//! Quantities of Kubernetes: `500m`, `0.5Gi`, `1e3`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::redact;

/// As fine as Kubernetes counts: what is finer is rounded away from zero.
const FINEST: i32 = -9;

/// More digits do not fit.
const MOST_DIGITS: usize = 38;

/// A quantity of Kubernetes, exactly: an amount of CPU, memory, storage or of things.
///
/// It is read as Kubernetes reads it: the suffixes `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei`, and exponents (`1e3`).
/// What is finer than `1n` is rounded away from zero, and with a binary suffix nothing is more than `2^63 - 1`.
/// Quantities that are worth the same are equal, however they are written. They are shown as Kubernetes writes them:
/// without a fraction, and with the largest suffix that leaves none.
///
/// ```
/// use rancher_client::wire::Quantity;
///
/// let limit: Quantity = "0.5Gi".parse()?;
/// assert_eq!(limit, "512Mi".parse()?);
/// assert!(limit > "500M".parse()?);
/// assert_eq!((limit.value(), limit.to_string()), (Some(536_870_912), "512Mi".to_owned()));
///
/// let more = limit.checked_add("1Gi".parse()?).unwrap_or_default();
/// assert_eq!((more.to_string(), more.to_decimal()), ("1536Mi".to_owned(), "1610612736".to_owned()));
/// # Ok::<(), rancher_client::wire::InvalidQuantity>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Quantity {
    negative: bool,
    /// No factor of ten is in them: there is one such form of each quantity.
    digits: u128,
    /// How many tens they are to be multiplied with.
    tens: i32,
    form: Form,
}

/// How a quantity was written, which decides how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Decimal,
    Binary,
    Exponent,
}

/// A text that is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is no quantity: {problem}")]
pub struct InvalidQuantity {
    shown: String,
    problem: &'static str,
}

const SUFFIXES: &str = "a number is followed by nothing, by one of n u m k M G T P E Ki Mi Gi Ti Pi Ei, or by an exponent such as e3";

const DECIMAL: [(&str, i32); 9] =
    [("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// The quantity as a whole number, rounded away from zero; nothing if it does not fit. Kubernetes calls it `Value`.
    pub fn value(self) -> Option<i64> {
        self.scaled(0)
    }

    /// The quantity in thousandths, rounded away from zero; nothing if it does not fit. Kubernetes calls it
    /// `MilliValue`.
    pub fn milli_value(self) -> Option<i64> {
        self.scaled(3)
    }

    fn scaled(self, by: i32) -> Option<i64> {
        let tens = self.tens.checked_add(by)?;
        let power = 10_u128.checked_pow(tens.unsigned_abs());
        let whole = match (tens < 0, power) {
            (false, power) => self.digits.checked_mul(power?)?,
            (true, Some(power)) => self.digits.div_ceil(power),
            (true, None) => 1,
        };
        let whole = i128::try_from(whole).ok()?;
        i64::try_from(if self.negative { -whole } else { whole }).ok()
    }

    /// The quantity as a decimal number without an exponent, exactly: `0.0005`.
    pub fn to_decimal(self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = self.digits.to_string();
        match usize::try_from(self.tens) {
            Ok(zeros) => format!("{sign}{digits}{}", "0".repeat(zeros)),
            Err(_) => {
                let places = self.tens.unsigned_abs() as usize;
                let padded = format!("{digits:0>width$}", width = places + 1);
                let (whole, fraction) =
                    padded.split_at_checked(padded.len() - places).unwrap_or((&padded, ""));
                format!("{sign}{whole}.{fraction}")
            }
        }
    }

    /// The nearest floating-point number: for charts, not for comparing.
    pub fn to_f64(self) -> f64 {
        self.to_decimal().parse().unwrap_or_default()
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The sum, written as the first of both that is not zero; nothing if it has too many digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let form = if self.is_zero() { other.form } else { self.form };
        let tens = if self.is_zero() || (!other.is_zero() && other.tens < self.tens) {
            other.tens
        } else {
            self.tens
        };
        let sum = self.in_units(tens)?.checked_add(other.in_units(tens)?)?;
        Some(Self::of(sum < 0, sum.unsigned_abs(), tens, form))
    }

    /// The difference, written as the first of both that is not zero; nothing if it has too many digits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { negative: !other.negative && !other.is_zero(), ..other })
    }

    fn in_units(self, tens: i32) -> Option<i128> {
        if self.is_zero() {
            return Some(0);
        }
        let power = u32::try_from(self.tens.checked_sub(tens)?).ok()?;
        let units = i128::try_from(self.digits).ok()?.checked_mul(10_i128.checked_pow(power)?)?;
        Some(if self.negative { -units } else { units })
    }

    fn of(negative: bool, mut digits: u128, mut tens: i32, form: Form) -> Self {
        if digits == 0 {
            return Self { form, ..Self::default() };
        }
        while digits.is_multiple_of(10) {
            (digits, tens) = (digits / 10, tens + 1);
        }
        Self { negative, digits, tens, form }
    }

    /// The whole number in it, if it has no fraction and is as small as a binary quantity can be.
    fn whole(self) -> Option<u64> {
        let power = 10_u128.checked_pow(u32::try_from(self.tens).ok()?)?;
        u64::try_from(self.digits.checked_mul(power)?).ok()
    }

    fn binary(self) -> Option<String> {
        let mut whole = self.whole().filter(|whole| *whole >= 1024 && self.form == Form::Binary)?;
        let mut suffix = "";
        for larger in BINARY {
            if !whole.is_multiple_of(1024) {
                break;
            }
            (whole, suffix) = (whole / 1024, larger);
        }
        Some(format!("{whole}{suffix}"))
    }

    fn decimal(self) -> String {
        // the largest power of a thousand that leaves no fraction; there is a letter up to E
        let thousands = self.tens.div_euclid(3) * 3;
        let power = if self.form == Form::Exponent { thousands } else { thousands.min(18) };
        let zeros = usize::try_from(self.tens - power).unwrap_or_default();
        let number = format!("{}{}", self.digits, "0".repeat(zeros));
        match self.form {
            _ if power == 0 => number,
            Form::Exponent => format!("{number}e{power}"),
            _ => {
                let suffix = DECIMAL.iter().find(|(_, worth)| *worth == power);
                format!("{number}{}", suffix.map(|(letter, _)| *letter).unwrap_or_default())
            }
        }
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let wrong = |problem| {
            // whoever mixes up arguments may well pass a key here
            let mut shown: String = redact(text).chars().take(60).collect();
            if text.chars().count() > 60 {
                shown.push('…');
            }
            InvalidQuantity { shown: format!("{shown:?}"), problem }
        };
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end).unwrap_or((unsigned, ""));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(wrong("it does not begin with a number such as 5, 0.5 or .5"));
        }
        let (tens, twos, form) = worth(suffix).ok_or_else(|| wrong(SUFFIXES))?;
        let digits = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
        let places = i32::try_from(fraction.len()).map_err(|_| wrong("it has too many digits"))?;
        let mut number = Digits { digits, tens: tens.saturating_sub(places) };
        number.double(twos);
        number.round();
        let most = Self::of(false, i64::MAX.unsigned_abs().into(), 0, form);
        let mut read = match number.trimmed() {
            Some((digits, tens)) => Self::of(false, digits, tens, form),
            // at most nine of them are behind the point: it is far more than the most there is
            None if form == Form::Binary => most,
            None => return Err(wrong("it has more than 38 digits")),
        };
        if form == Form::Binary {
            read = read.min(most);
            if read < Self::of(false, 1, 0, form) {
                read.form = Form::Decimal;
            }
        }
        Ok(Self { negative: negative && !read.is_zero(), ..read })
    }
}

/// The power of ten and of two that a suffix stands for.
fn worth(suffix: &str) -> Option<(i32, u32, Form)> {
    if suffix.is_empty() {
        return Some((0, 0, Form::Decimal));
    }
    if let Some((_, tens)) = DECIMAL.iter().find(|(letter, _)| *letter == suffix) {
        return Some((*tens, 0, Form::Decimal));
    }
    if let Some(at) = BINARY.iter().position(|known| *known == suffix) {
        return Some((0, u32::try_from(at + 1).ok()? * 10, Form::Binary));
    }
    let exponent: i16 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((exponent.into(), 0, Form::Exponent))
}

/// A decimal number of any length, its first digit first.
struct Digits {
    digits: Vec<u8>,
    tens: i32,
}

impl Digits {
    /// Doubles it so many times.
    fn double(&mut self, times: u32) {
        for _ in 0..times {
            let mut carry = 0;
            for digit in self.digits.iter_mut().rev() {
                let doubled = *digit * 2 + carry;
                (*digit, carry) = (doubled % 10, doubled / 10);
            }
            if carry > 0 {
                self.digits.insert(0, carry);
            }
        }
    }

    /// Takes away what is finer than Kubernetes counts. What is more than nothing stays so.
    fn round(&mut self) {
        let excess = usize::try_from(FINEST.saturating_sub(self.tens)).unwrap_or_default();
        if excess == 0 {
            return;
        }
        let kept = self.digits.len().saturating_sub(excess);
        let rest = self.digits.split_off(kept);
        self.tens = FINEST;
        if rest.iter().all(|digit| *digit == 0) {
            return;
        }
        for digit in self.digits.iter_mut().rev() {
            *digit = (*digit + 1) % 10;
            if *digit != 0 {
                return;
            }
        }
        self.digits.insert(0, 1);
    }

    /// The digits without zeros around them, and how many tens they are multiplied with; nothing if they are too many.
    fn trimmed(mut self) -> Option<(u128, i32)> {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.tens += 1;
        }
        let digits: Vec<u8> = self.digits.into_iter().skip_while(|digit| *digit == 0).collect();
        if digits.len() > MOST_DIGITS {
            return None;
        }
        Some((digits.iter().fold(0, |all, digit| all * 10 + u128::from(*digit)), self.tens))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}", self.binary().unwrap_or_else(|| self.decimal()))
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size(other),
            (true, true) => other.size(self),
        }
    }
}

impl Quantity {
    /// Compares them without their signs.
    fn size(&self, other: &Self) -> Ordering {
        if self.is_zero() || other.is_zero() {
            return self.digits.cmp(&other.digits);
        }
        let (digits, others) = (self.digits.to_string(), other.digits.to_string());
        let order =
            |digits: &str, tens: i32| i64::try_from(digits.len()).unwrap_or(i64::MAX) + i64::from(tens);
        // of the same order of magnitude, and without zeros at their ends: as texts they compare as numbers do
        order(&digits, self.tens).cmp(&order(&others, other.tens)).then_with(|| digits.cmp(&others))
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        (self.negative, self.digits, self.tens) == (other.negative, other.digits, other.tens)
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.negative, self.digits, self.tens).hash(state);
    }
}

impl From<i64> for Quantity {
    fn from(whole: i64) -> Self {
        Self::of(whole < 0, whole.unsigned_abs().into(), 0, Form::Decimal)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// Kubernetes writes a text, and takes a number, too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(serde_json::Number),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether two texts are the same quantity in other words: `1000m` and `1`, `1Gi` and `1024Mi`, `1e3` and `1k`.
///
/// Two numbers with a fraction are not, whatever they are worth: `1.10` and `1.1` can be versions.
pub(super) fn same(one: &str, other: &str) -> bool {
    let version = |text: &str| text.contains('.') && text.ends_with(|c: char| c.is_ascii_digit());
    if version(one) && version(other) {
        return false;
    }
    matches!((one.parse::<Quantity>(), other.parse::<Quantity>()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
#[path = "quantity_tests.rs"]
mod tests;
