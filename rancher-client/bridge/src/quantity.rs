//! Quantities of Kubernetes, for languages that have none.

use rancher_client::wire::Quantity;
use serde_json::json;

use crate::fault::{Fault, Outcome};

/// A quantity as JSON: how Kubernetes writes it (`text`), what it is worth as a decimal number (`decimal`), and the same
/// in whole units of 10⁻⁹ (`nanos`), which is as fine as Kubernetes counts. Both numbers are exact, and texts.
///
/// # Errors
/// `invalid` if that is no quantity.
pub fn quantity(text: &str) -> Outcome<String> {
    let read = text.parse::<Quantity>().map_err(|error| Fault::from(error).of("quantity"))?;
    let decimal = read.to_decimal();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let nanos = format!("{whole}{fraction:0<9}");
    Ok(json!({"text": read.to_string(), "decimal": decimal, "nanos": nanos}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_crosses_as_exact_numbers() {
        for (text, shown, decimal, nanos) in [
            ("0.5Gi", "512Mi", "536870912", "536870912000000000"),
            ("-1500u", "-1500u", "-0.0015", "-0001500000"),
            ("0", "0", "0", "0000000000"),
            ("1n", "1n", "0.000000001", "0000000001"),
        ] {
            let expected = json!({"text": shown, "decimal": decimal, "nanos": nanos});
            let read: serde_json::Value = serde_json::from_str(&quantity(text).unwrap()).unwrap();
            assert_eq!(read, expected, "{text}");
        }
        let fault = quantity("1GB").unwrap_err();
        assert_eq!((fault.error().kind().as_str(), fault.error().operation()), ("invalid", "quantity"));
    }
}
