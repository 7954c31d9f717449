//! Dates, times, spans and zones as objects of templates, and what is added to and taken from them.

use super::words::{directives, parts, untold};
use super::{Answer, bad, number};
use crate::project::jinja::args::Args;
use crate::project::jinja::fault::Fault;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use minijinja::value::{DynObject, Object, ObjectRepr};
use minijinja::{Error, State, Value};
use std::sync::Arc;

pub(super) fn day_of(value: &Value) -> Option<Date> {
    let day = value.downcast_object_ref::<Day>().map(|day| day.0);
    day.or_else(|| value.downcast_object_ref::<Moment>().map(|moment| moment.at.date()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// What the clock on the wall says.
    pub(super) at: DateTime,
    /// Its offset from UTC; naive without one.
    pub(super) zone: Option<Offset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) Date);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delta(pub(super) SignedDuration);

/// `+02:00`.
pub(super) fn written(offset: Offset, colon: &str) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{colon}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The `tzinfo` argument: UTC or none. What pytz makes of other zones there is not their time.
pub(super) fn tzinfo(args: &Args, old: Option<Offset>) -> Result<Option<Offset>, Error> {
    match args.keyword("tzinfo") {
        None => Ok(old),
        Some(zone) if zone.is_none() => Ok(None),
        Some(zone) if Zone::of(&zone)?.0 == TimeZone::UTC => Ok(Some(Offset::UTC)),
        Some(_) => Err(Fault::unsupported("tzinfo other than UTC is not built in here").into()),
    }
}

/// A time zone of pytz.
#[derive(Debug, Clone)]
pub(super) struct Zone(pub(super) TimeZone);

impl Zone {
    pub(super) fn utc() -> Value {
        Value::from_object(Self(TimeZone::UTC))
    }

    pub(super) fn named(name: &str) -> Answer {
        if matches!(name.to_uppercase().as_str(), "UTC" | "ETC/UTC" | "GMT") {
            return Ok(Self::utc());
        }
        let zone = TimeZone::get(name).map_err(|_| Fault::unsupported(format!("time zone `{name}` is not known here")));
        Ok(Value::from_object(Self(zone?)))
    }

    pub(super) fn of(value: &Value) -> Result<Self, Error> {
        let zone = value.downcast_object_ref::<Self>().cloned();
        zone.ok_or_else(|| Fault::unsupported(format!("`{value}` is no time zone that is built in here")).into())
    }
}

impl Object for Zone {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "zone" => Some(Value::from(self.0.iana_name().unwrap_or("UTC"))),
            other => Some(untold("timezone", other)),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        let moment = args.first().and_then(|v| v.downcast_object_ref::<Moment>().copied());
        match (method, moment) {
            ("localize", Some(Moment { at, zone: None })) => {
                let zoned = self.0.to_ambiguous_zoned(at);
                if zoned.is_ambiguous() || args.len() > 1 {
                    return Err(Fault::unsupported("a local time that is there twice or not at all").into());
                }
                let zoned = zoned.compatible().map_err(bad)?;
                Ok(Moment { at, zone: Some(zoned.offset()) }.value())
            }
            _ => Err(Fault::unsupported(format!("timezone.{method} is not built in here")).into()),
        }
    }
}

impl Moment {
    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }

    /// The same instant in UTC; a naive time is taken to be UTC.
    fn instant(self) -> Result<DateTime, Error> {
        let offset = i64::from(self.zone.map_or(0, Offset::seconds));
        self.at.checked_sub(SignedDuration::from_secs(offset)).map_err(bad)
    }

    pub(super) fn at_zone(self, zone: &Zone) -> Result<Self, Error> {
        let zoned = self.instant()?.to_zoned(TimeZone::UTC).map_err(bad)?.with_time_zone(zone.0.clone());
        Ok(Self { at: zoned.datetime(), zone: Some(zoned.offset()) })
    }

    fn text(self, separator: char) -> String {
        let (d, t) = (self.at.date(), self.at.time());
        let micros = t.subsec_nanosecond() / 1000;
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let zone = self.zone.map(|offset| written(offset, ":")).unwrap_or_default();
        format!("{d}{separator}{:02}:{:02}:{:02}{fraction}{zone}", t.hour(), t.minute(), t.second())
    }
}

impl Day {
    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }
}

impl Delta {
    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }
}

/// Adds or subtracts a timedelta, or takes the difference. `None` when the operands are none of ours.
fn shifted(at: DateTime, delta: SignedDuration, back: bool) -> Result<DateTime, Error> {
    if back { at.checked_sub(delta).map_err(bad) } else { at.checked_add(delta).map_err(bad) }
}

/// `a + b` and `a - b` where one side is a date, datetime or timedelta.
pub(crate) fn arithmetic(a: &Value, b: &Value, minus: bool) -> Option<Answer> {
    let delta = |v: &Value| v.downcast_object_ref::<Delta>().map(|d| d.0);
    let moment = |v: &Value| v.downcast_object_ref::<Moment>().copied();
    let day = |v: &Value| v.downcast_object_ref::<Day>().map(|d| d.0);
    if let (Some(m), Some(d)) = (moment(a), delta(b)) {
        return Some(shifted(m.at, d, minus).map(|at| Moment { at, ..m }.value()));
    }
    if let (Some(m), Some(d)) = (day(a), delta(b)) {
        // A date counts the days of a span and drops the rest.
        let days = parts(d).0.saturating_mul(if minus { -86_400 } else { 86_400 });
        let days = SignedDuration::from_secs(days);
        return Some(shifted(m.at(0, 0, 0, 0), days, false).map(|at| Day(at.date()).value()));
    }
    match (delta(a), minus) {
        (Some(x), _) if delta(b).is_some() => {
            let y = delta(b)?;
            let sum = if minus { x.checked_sub(y) } else { x.checked_add(y) };
            return Some(sum.map(|d| Delta(d).value()).ok_or_else(|| bad("overflow")));
        }
        (Some(_), false) => return arithmetic(b, a, false),
        _ => {}
    }
    match (moment(a), moment(b), day(a), day(b)) {
        (Some(x), Some(y), _, _) if minus && x.zone.is_some() == y.zone.is_some() => {
            let (x, y) = (x.instant().ok()?, y.instant().ok()?);
            Some(Ok(Delta(y.duration_until(x)).value()))
        }
        (_, _, Some(x), Some(y)) if minus => Some(Ok(Delta(y.duration_until(x)).value())),
        _ => None,
    }
}

fn weekday(day: Date) -> i8 {
    day.weekday().since(Weekday::Monday)
}

fn strftime(at: DateTime, zone: Option<Offset>, args: &Args) -> Answer {
    let format = args.text("strftime", 0, "format")?;
    directives(&format, "aAbBcdeDfFGhHIjklmMnpRStTuUVwWxXyYzZC%-", "strftime")?;
    let dashed = format.split("%-").skip(1).all(|rest| rest.starts_with(['d', 'm', 'H', 'I', 'j', 'M', 'S', 'y']));
    if !dashed || at.year() < 1000 {
        return Err(Fault::unsupported(format!("strftime with the format `{format}` is not built in here")).into());
    }
    let format = format.replace("%c", "%a %b %e %H:%M:%S %Y").replace("%x", "%m/%d/%y").replace("%X", "%H:%M:%S");
    // Python's %f is microseconds in six digits; jiff's is as many as there are.
    let micros = format!("{:06}", at.time().subsec_nanosecond() / 1000);
    let offset = zone.map(|offset| written(offset, "")).unwrap_or_default();
    let format = format.replace("%f", &micros).replace("%z", &offset);
    let format = match zone {
        None => format.replace("%Z", ""),
        Some(Offset::UTC) => format.replace("%Z", "UTC"),
        Some(_) if format.contains("%Z") => {
            return Err(Fault::unsupported("the name of a time zone is not built in here").into());
        }
        Some(_) => format,
    };
    let text = jiff::fmt::strtime::format(&format, at).map_err(bad)?;
    Ok(Value::from(text))
}

fn replaced(at: DateTime, args: &Args) -> Result<DateTime, Error> {
    if !args.positional.is_empty() {
        return Err(Fault::unsupported("replace() without the names of what is replaced is not built in here").into());
    }
    let (d, t) = (at.date(), at.time());
    let get = |name: &str, old: i64| number(args.keyword(name), old);
    let year = i16::try_from(get("year", d.year().into())?).map_err(bad)?;
    let small = |name: &str, old: i8| -> Result<i8, Error> { i8::try_from(get(name, old.into())?).map_err(bad) };
    let day = Date::new(year, small("month", d.month())?, small("day", d.day())?).map_err(bad)?;
    let micros = i32::try_from(get("microsecond", (t.subsec_nanosecond() / 1000).into())?).map_err(bad)?;
    let (hour, minute, second) = (small("hour", t.hour())?, small("minute", t.minute())?, small("second", t.second())?);
    let time = jiff::civil::Time::new(hour, minute, second, micros.saturating_mul(1000)).map_err(bad)?;
    Ok(day.to_datetime(time))
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(' '))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<std::cmp::Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(self.instant().ok()?.cmp(&other.instant().ok()?))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (d, t) = (self.at.date(), self.at.time());
        Some(match key.as_str()? {
            "year" => Value::from(d.year()),
            "month" => Value::from(d.month()),
            "day" => Value::from(d.day()),
            "hour" => Value::from(t.hour()),
            "minute" => Value::from(t.minute()),
            "second" => Value::from(t.second()),
            "microsecond" => Value::from(t.subsec_nanosecond() / 1000),
            other => untold("datetime", other),
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        let args = Args::new(args);
        Ok(match method {
            "strftime" => return strftime(self.at, self.zone, &args),
            "isoformat" if args.get(1, "timespec").is_some() => {
                return Err(Fault::unsupported("isoformat() with a timespec is not built in here").into());
            }
            "isoformat" => {
                Value::from(self.text(args.get(0, "sep").and_then(|v| v.to_string().chars().next()).unwrap_or('T')))
            }
            "date" => Day(self.at.date()).value(),
            "weekday" => Value::from(weekday(self.at.date())),
            "isoweekday" => Value::from(weekday(self.at.date()) + 1),
            "timestamp" => {
                let stamp = self.instant()?.to_zoned(TimeZone::UTC).map_err(bad)?.timestamp();
                Value::from(stamp.as_microsecond() as f64 / 1e6)
            }
            "astimezone" => match args.get(0, "tz") {
                Some(zone) => self.at_zone(&Zone::of(&zone)?)?.value(),
                None => self.at_zone(&Zone(TimeZone::UTC))?.value(),
            },
            "replace" => Moment { at: replaced(self.at, &args)?, zone: tzinfo(&args, self.zone)? }.value(),
            other => return Err(Fault::unsupported(format!("datetime.{other} is not built in here")).into()),
        })
    }
}

impl Object for Day {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<std::cmp::Ordering> {
        other.downcast_ref::<Self>().map(|other| self.0.cmp(&other.0))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "year" => Value::from(self.0.year()),
            "month" => Value::from(self.0.month()),
            "day" => Value::from(self.0.day()),
            other => untold("date", other),
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        let args = Args::new(args);
        Ok(match method {
            "strftime" => return strftime(self.0.at(0, 0, 0, 0), None, &args),
            "isoformat" => Value::from(self.0.to_string()),
            "weekday" => Value::from(weekday(self.0)),
            "isoweekday" => Value::from(weekday(self.0) + 1),
            "replace" => Day(replaced(self.0.at(0, 0, 0, 0), &args)?.date()).value(),
            other => return Err(Fault::unsupported(format!("date.{other} is not built in here")).into()),
        })
    }
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, rest, micros) = parts(self.0);
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        write!(f, "{}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60)?;
        if micros == 0 { Ok(()) } else { write!(f, ".{micros:06}") }
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<std::cmp::Ordering> {
        other.downcast_ref::<Self>().map(|other| self.0.cmp(&other.0))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "days" => Some(Value::from(parts(self.0).0)),
            "seconds" => Some(Value::from(parts(self.0).1)),
            "microseconds" => Some(Value::from(parts(self.0).2)),
            other => Some(untold("timedelta", other)),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Answer {
        match method {
            "total_seconds" => Ok(Value::from(self.0.as_micros() as f64 / 1e6)),
            other => Err(Fault::unsupported(format!("timedelta.{other} is not built in here")).into()),
        }
    }
}
