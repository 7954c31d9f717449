//! Dates, times and spans as texts: how YAML and Python write them, and which formats mean the same here.

use super::bad;
use super::dates::{Day, Delta, Moment, Zone};
use crate::project::jinja::args::Args;
use crate::project::jinja::fault::Fault;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use minijinja::{Error, Value};

type Written = Result<String, Error>;

/// Refuses a format with directives other than `known`, which mean the same here and in Python.
pub(super) fn directives(format: &str, known: &str, what: &str) -> Result<(), Error> {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c == '%' && !chars.next().is_some_and(|directive| known.contains(directive)) {
            return Err(Fault::unsupported(format!("{what} with the format `{format}` is not built in here")).into());
        }
    }
    Ok(())
}

/// A date as YAML and Python write it (`2020-01-05`).
pub(crate) fn day(text: &str) -> Option<Value> {
    let shape = text.len() == 10 && text.bytes().enumerate().all(|(at, b)| matches!(at, 4 | 7) == (b == b'-'));
    let date: Date = text.parse().ok().filter(|_| shape)?;
    (date.year() > 0).then(|| Day(date).value())
}

/// A point in time as the YAML reader writes it (`2020-01-05 10:20:30.5+02:00`).
pub(crate) fn moment(text: &str) -> Option<Value> {
    let at = text.get(..19)?.replacen(' ', "T", 1);
    let rest = text.get(19..)?;
    let zone = rest.find(['+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(zone);
    let at: DateTime = format!("{at}{fraction}").parse().ok()?;
    let zone = match zone {
        "" => None,
        zone => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
            Some(Offset::from_seconds(if zone.starts_with('-') { -seconds } else { seconds }).ok()?)
        }
    };
    Some(Moment { at, zone }.value())
}

/// Whether a value is a date, time, span or zone.
pub(crate) fn is_own(value: &Value) -> bool {
    value.downcast_object_ref::<Moment>().is_some()
        || value.downcast_object_ref::<Day>().is_some()
        || value.downcast_object_ref::<Delta>().is_some()
        || value.downcast_object_ref::<Zone>().is_some()
}

/// `repr(value)` of a date, time or span; `None` for other objects.
pub(crate) fn repr(value: &Value) -> Option<Written> {
    if let Some(Day(day)) = value.downcast_object_ref::<Day>() {
        return Some(Ok(format!("datetime.date({}, {}, {})", day.year(), day.month(), day.day())));
    }
    if let Some(Delta(span)) = value.downcast_object_ref::<Delta>() {
        let (days, seconds, micros) = parts(*span);
        let named = [("days", days), ("seconds", seconds), ("microseconds", micros)];
        let named: Vec<String> = named.iter().filter(|(_, n)| *n != 0).map(|(name, n)| format!("{name}={n}")).collect();
        let inner = if named.is_empty() { "0".to_owned() } else { named.join(", ") };
        return Some(Ok(format!("datetime.timedelta({inner})")));
    }
    let moment = value.downcast_object_ref::<Moment>()?;
    if moment.zone.is_some() {
        return Some(Err(Fault::unsupported("a list or dict with a time that has a zone is written out").into()));
    }
    let (d, t) = (moment.at.date(), moment.at.time());
    let mut out = format!("datetime.datetime({}, {}, {}, {}, {}", d.year(), d.month(), d.day(), t.hour(), t.minute());
    let micros = t.subsec_nanosecond() / 1000;
    if micros != 0 || t.second() != 0 {
        out += &format!(", {}", t.second());
    }
    if micros != 0 {
        out += &format!(", {micros}");
    }
    Some(Ok(out + ")"))
}

/// Days, seconds and microseconds as Python keeps them: only days can be negative.
pub(super) fn parts(span: SignedDuration) -> (i64, i64, i64) {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    (seconds.div_euclid(86_400), seconds.rem_euclid(86_400), micros)
}

/// An attribute that Python's object may have and ours does not tell.
pub(super) fn untold(what: &str, key: &str) -> Value {
    crate::project::jinja::args::poisoned(Fault::unsupported(format!("{what}.{key} is not built in here")))
}

pub(super) fn duration(args: &Args) -> Result<SignedDuration, Error> {
    let units = [
        ("days", 86_400_000_000i64),
        ("seconds", 1_000_000),
        ("microseconds", 1),
        ("milliseconds", 1_000),
        ("minutes", 60_000_000),
        ("hours", 3_600_000_000),
        ("weeks", 604_800_000_000),
    ];
    let mut micros: i64 = 0;
    let far = || bad("the span is too long");
    for (at, (name, scale)) in units.iter().enumerate() {
        let Some(value) = args.get(at, name) else { continue };
        let part = match value.as_i64().filter(|_| value.is_integer()) {
            Some(whole) => whole.checked_mul(*scale).ok_or_else(far)?,
            None => {
                let number = f64::try_from(value).map_err(|_| bad(format!("{name} is no number")))? * *scale as f64;
                if number.fract() != 0.0 || number.abs() > 9e15 {
                    return Err(Fault::unsupported("a timedelta of a part of a microsecond").into());
                }
                format!("{number:.0}").parse().map_err(bad)?
            }
        };
        micros = micros.checked_add(part).ok_or_else(far)?;
    }
    Ok(SignedDuration::from_micros(micros))
}
