//! The filters `int` and `float` as Jinja has them: what is no number gives the default.

use super::fault::Fault;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, Value};

/// Default and base of a call, positional or named.
fn options(first: Option<Value>, kwargs: &Kwargs) -> Result<Option<Value>, Error> {
    Ok(kwargs.get::<Option<Value>>("default")?.or(first))
}

fn defined(value: &Value) -> Result<(), Error> {
    // Python cannot make a number of what is not there, and says so.
    if value.is_undefined() {
        return Err(Fault::compiler("undefined value used as a number").into());
    }
    Ok(())
}

/// `value | int(default, base)`.
pub(crate) fn int(value: Value, first: Option<Value>, base: Option<u32>, kwargs: Kwargs) -> Result<Value, Error> {
    defined(&value)?;
    let default = options(first, &kwargs)?.unwrap_or_else(|| Value::from(0));
    let far = |text: &str| text.chars().filter(char::is_ascii_digit).count() > 38;
    if value.as_str().is_some_and(far) {
        return Err(Fault::unsupported("a whole number of more than 38 digits").into());
    }
    let base = kwargs.get::<Option<u32>>("base")?.or(base).unwrap_or(10);
    kwargs.assert_all_used()?;
    if base == 0 {
        return Err(Fault::unsupported("a number whose text tells its base is not built in here").into());
    }
    let whole = match value.kind() {
        ValueKind::Bool => Some(i128::from(value.is_true())),
        ValueKind::Number if value.is_integer() => return Ok(value),
        ValueKind::Number => f64::try_from(value).ok().and_then(truncated),
        ValueKind::String => value.as_str().and_then(|text| parsed(text.trim(), base)),
        _ => None,
    };
    let value = |whole: i128| i64::try_from(whole).map_or_else(|_| Value::from(whole), Value::from);
    Ok(whole.map_or(default, value))
}

fn parsed(text: &str, base: u32) -> Option<i128> {
    if !(2..=36).contains(&base) {
        return None;
    }
    let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
    let prefix = match base {
        16 => ["0x", "0X"],
        8 => ["0o", "0O"],
        2 => ["0b", "0B"],
        _ => ["", ""],
    };
    let digits = prefix.iter().find_map(|p| digits.strip_prefix(*p)).unwrap_or(digits);
    let number = i128::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base).ok();
    number.or_else(|| text.parse::<f64>().ok().and_then(truncated))
}

fn truncated(number: f64) -> Option<i128> {
    let whole = number.trunc();
    // Beyond this, not every whole number is a float.
    (whole.abs() < 9_007_199_254_740_992.0).then(|| format!("{whole:.0}").parse().ok()).flatten()
}

/// `value | float(default)`.
pub(crate) fn float(value: Value, first: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    defined(&value)?;
    let default = options(first, &kwargs)?.unwrap_or_else(|| Value::from(0.0));
    kwargs.assert_all_used()?;
    let number = match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value).ok(),
        ValueKind::String => value.as_str().and_then(|text| text.trim().replace('_', "").parse().ok()),
        _ => None,
    };
    Ok(number.map_or(default, Value::from))
}
