//! Plain scalars as PyYAML reads them, which dbt uses: YAML 1.1, where `yes` is true, `010` is eight, `1:30` is ninety
//! and `1e3` is a text.

use serde_json::{Number, Value};

/// What JSON has no word for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exotic {
    /// A date.
    Date(String),
    /// A date with a time, as Python prints it.
    Moment(String),
    /// The digits of a whole number beyond 64 bits.
    Integer(String),
    /// `inf`, `-inf` or `NaN`.
    Float(String),
}

/// What the plain scalar `raw` means, when JSON has no word for it.
pub(super) fn exotic(raw: &str) -> Option<Exotic> {
    if !raw.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    if let Some(value) = integer(raw) {
        return value
            .is_string()
            .then(|| Exotic::Integer(whole(raw).map_or_else(|| raw.to_owned(), |n| n.to_string())));
    }
    let bare = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    match bare {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Exotic::Float(if raw.starts_with('-') { "-inf" } else { "inf" }.to_owned()));
        }
        ".nan" | ".NaN" | ".NAN" if bare == raw => return Some(Exotic::Float("NaN".to_owned())),
        _ => {}
    }
    let dashes = raw.len() == 10
        && raw.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    if dashes {
        return Some(Exotic::Date(raw.to_owned()));
    }
    moment(raw).map(Exotic::Moment)
}

/// What the plain scalar `raw` means. Dates stay texts, written as Python writes them.
pub(super) fn resolve(raw: &str) -> Value {
    match raw {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        _ => {}
    }
    let text = || Value::String(raw.to_owned());
    if !raw.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return text();
    }
    integer(raw).or_else(|| float(raw)).or_else(|| moment(raw).map(Value::String)).unwrap_or_else(text)
}

/// Sign and digits without underscores.
fn signed(raw: &str) -> (bool, String) {
    let digits = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    (raw.starts_with('-'), digits.replace('_', ""))
}

fn of(text: &str, allowed: fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || allowed(c))
}

fn decimal(c: char) -> bool {
    c.is_ascii_digit()
}

fn integer(raw: &str) -> Option<Value> {
    let value = shaped(raw)?;
    // What no number here can hold keeps its digits.
    let whole = value.and_then(|value| i64::try_from(value).ok());
    Some(whole.map_or_else(|| Value::String(raw.to_owned()), Value::from))
}

/// The whole number that `raw` is, when it fits.
fn whole(raw: &str) -> Option<i128> {
    shaped(raw)?
}

/// Whether `raw` is a whole number, and which, when it fits.
fn shaped(raw: &str) -> Option<Option<i128>> {
    let bare = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    let (negative, digits) = signed(raw);
    let value = if let Some(rest) = bare.strip_prefix("0b") {
        of(rest, |c| matches!(c, '0' | '1')).then(|| i128::from_str_radix(&digits[2..], 2).ok())?
    } else if let Some(rest) = bare.strip_prefix("0x") {
        of(rest, |c| c.is_ascii_hexdigit()).then(|| i128::from_str_radix(&digits[2..], 16).ok())?
    } else if bare.len() > 1 && bare.starts_with('0') {
        of(bare, |c| matches!(c, '0'..='7')).then(|| i128::from_str_radix(&digits, 8).ok())?
    } else if bare.starts_with(|c: char| c.is_ascii_digit()) && of(bare, decimal) {
        digits.parse().ok()
    } else {
        let (first, rest) = bare.split_once(':')?;
        let whole = first.starts_with(|c: char| matches!(c, '1'..='9')) && of(first, decimal);
        let sixty = |part: &str| matches!(part.len(), 1 | 2) && part.parse::<u8>().is_ok_and(|n| n < 60);
        let parts: Vec<&str> = rest.split(':').collect();
        if !whole || parts.len() > 8 || !parts.iter().all(|part| sixty(part)) {
            return None;
        }
        let first: i128 = first.replace('_', "").parse().ok()?;
        parts.iter().try_fold(first, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
    };
    Some(value.map(|value| if negative { -value } else { value }))
}

fn float(raw: &str) -> Option<Value> {
    let bare = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    let (whole, fraction) = bare.split_once('.')?;
    if whole.contains(':') {
        return sixty(raw.starts_with('-'), whole, fraction);
    }
    let (fraction, exponent) = match fraction.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (fraction, None),
    };
    let unsigned_start = whole.is_empty();
    let signed_exponent = |e: &str| e.strip_prefix(['-', '+']).is_some_and(|n| of(n, decimal) && !n.contains('_'));
    let fits = if unsigned_start {
        // Without a digit before the point there is no sign.
        bare == raw && fraction.starts_with(decimal) && of(fraction, decimal)
    } else {
        whole.starts_with(decimal) && of(whole, decimal) && (fraction.is_empty() || of(fraction, decimal))
    };
    if !fits || !exponent.is_none_or(signed_exponent) {
        return None;
    }
    let value: f64 = raw.replace('_', "").parse().ok()?;
    Number::from_f64(value).map(Value::Number)
}

/// `190:20:30.15`, counted as PyYAML counts it: from the last part on.
fn sixty(negative: bool, whole: &str, fraction: &str) -> Option<Value> {
    let mut parts: Vec<&str> = whole.split(':').collect();
    let first = parts.remove(0);
    let small = |part: &&str| matches!(part.len(), 1 | 2) && part.parse::<u8>().is_ok_and(|n| n < 60);
    let fits = first.starts_with(decimal) && of(first, decimal) && parts.len() < 8 && parts.iter().all(small);
    if !fits || !(fraction.is_empty() || of(fraction, decimal)) {
        return None;
    }
    let last = format!("{}.{}", parts.pop()?, fraction.replace('_', ""));
    let digits = [first.replace('_', "")].into_iter().chain(parts.iter().map(|part| (*part).to_owned())).chain([last]);
    let (mut base, mut value) = (1.0, 0.0);
    for part in digits.collect::<Vec<_>>().iter().rev() {
        value += part.parse::<f64>().ok()? * base;
        base *= 60.0;
    }
    Number::from_f64(if negative { -value } else { value }).map(Value::Number)
}

/// A point in time as Python prints it; dates are printed as they stand.
fn moment(raw: &str) -> Option<String> {
    if !raw.contains(':') {
        return None;
    }
    let regex = regex::Regex::new(
        r"^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?$",
    )
    .ok()?;
    let found = regex.captures(raw)?;
    let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
    let mut out = format!("{}-{:0>2}-{:0>2} {:0>2}:{}:{}", part(1), part(2), part(3), part(4), part(5), part(6));
    let fraction = format!("{:0<6.6}", part(7));
    if fraction != "000000" {
        out += &format!(".{fraction}");
    }
    match part(8) {
        "" => {}
        "Z" => out += "+00:00",
        _ => out += &format!("{}{:0>2}:{:0>2}", part(9), part(10), if part(11).is_empty() { "00" } else { part(11) }),
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_and_numbers_are_those_of_yaml_1_1() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("010", json!(8)),
            ("09", json!("09")),
            ("-0x1F", json!(-31)),
            ("1_000", json!(1000)),
            ("1:30", json!(90)),
            ("190:20:30", json!(685_230)),
            ("0o17", json!("0o17")),
            ("1e3", json!("1e3")),
            ("1.5e3", json!("1.5e3")),
            ("1.5e+3", json!(1500.0)),
            ("190:20:30.15", json!(685_230.15)),
            (".5", json!(0.5)),
            ("-.5", json!("-.5")),
            ("1.", json!(1.0)),
            ("1.2.3", json!("1.2.3")),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("2020-01-01", json!("2020-01-01")),
            ("2020-01-01T10:00:00.5+02:00", json!("2020-01-01 10:00:00.500000+02:00")),
            ("2020-1-1 1:00:00Z", json!("2020-01-01 01:00:00+00:00")),
            ("-", json!("-")),
            ("+", json!("+")),
            (".", json!(".")),
        ];
        for (raw, want) in cases {
            assert_eq!(resolve(raw), want, "{raw}");
        }
    }
}
