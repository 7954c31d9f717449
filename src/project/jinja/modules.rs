//! `modules.datetime`, `modules.pytz`, `modules.re`, `modules.itertools`: the part that templates use. "Now" is the pinned instant.

use super::args::{Args, Host, Unknown};
use super::fault::Fault;
use super::job::Job;
use super::lazy::Lazy;
use super::regexes;
use super::values::Dict;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use minijinja::value::{DynObject, Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use std::sync::Arc;

type Answer = Result<Value, Error>;
type Written = Result<String, Error>;

/// The `modules` object.
pub(crate) fn value(job: &Arc<Job>) -> Value {
    let timedelta = Host::value("timedelta", job, |_, _, _, args| Ok(Delta(duration(&args)?).value()));
    let datetime = Host::value("datetime", job, |job, _, method, args| datetime_class(job, method, &args));
    let date = Host::value("date", job, |job, _, method, args| date_class(job, method, &args));
    let module = |entries: Vec<(&str, Value)>| Dict::value(entries.into_iter().map(|(k, v)| (Value::from(k), v)));
    let pytz = Host::with(
        "pytz",
        job,
        |_, _, method, args| match method {
            "timezone" => Zone::named(&args.text("pytz.timezone", 0, "zone")?),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        },
        |_, key| (key == "utc").then(Zone::utc),
    );
    let itertools = Host::value("itertools", job, |_, _, method, args| itertools(method, &args));
    let re = Host::with("re", job, |_, _, method, args| regexes::call(method, &args), |_, key| regexes::flag(key));
    let datetime_module = module(vec![
        ("datetime", datetime),
        ("date", date),
        ("timedelta", timedelta),
        (
            "time",
            Value::from_object(Unknown(|key| Fault::unsupported(format!("datetime.time.{key} is not built in here")))),
        ),
    ]);
    module(vec![("datetime", datetime_module), ("pytz", pytz), ("re", re), ("itertools", itertools)])
}

/// `run_started_at`: the pinned instant.
pub(crate) fn run_started_at(job: &Job) -> Value {
    Moment { at: now(job), zone: Some(Offset::UTC) }.value()
}

fn now(job: &Job) -> DateTime {
    job.world.now.to_zoned(TimeZone::UTC).datetime()
}

fn bad(error: impl std::fmt::Display) -> Error {
    Fault::compiler(format!("date arithmetic: {error}")).into()
}

fn number(value: Option<Value>, default: i64) -> Result<i64, Error> {
    value.map_or(Ok(default), |v| v.as_i64().ok_or_else(|| bad("expected a whole number")))
}

fn part<T: TryFrom<i64>>(args: &Args, at: usize, name: &str, default: i64) -> Result<T, Error> {
    T::try_from(number(args.get(at, name), default)?).map_err(|_| bad(format!("{name} is out of range")))
}

fn datetime_class(job: &Arc<Job>, method: &str, args: &Args) -> Answer {
    match method {
        "now" | "utcnow" | "today" => {
            job.flag("volatile:now");
            let moment = Moment { at: now(job), zone: Some(Offset::UTC) };
            // Where dbt runs, the local time is taken to be UTC.
            match args.get(0, "tz").filter(|v| !v.is_none()) {
                Some(zone) => Ok(moment.at_zone(&Zone::of(&zone)?)?.value()),
                None => Ok(Moment { zone: None, ..moment }.value()),
            }
        }
        "" => {
            let day = civil(args)?;
            let (hour, minute) = (part(args, 3, "hour", 0)?, part(args, 4, "minute", 0)?);
            let micros: i32 = part(args, 6, "microsecond", 0)?;
            let time = jiff::civil::Time::new(hour, minute, part(args, 5, "second", 0)?, micros.saturating_mul(1000));
            Ok(Moment { at: day.to_datetime(time.map_err(bad)?), zone: tzinfo(args, None)? }.value())
        }
        "strptime" => {
            if args.get(0, "date_string").is_some_and(|value| value.as_str().is_none()) {
                return Err(bad("strptime() takes a text"));
            }
            let (text, format) = (args.text("strptime", 0, "date_string")?, args.text("strptime", 1, "format")?);
            directives(&format, "aAbBdHIjmMpSyYf%", "strptime")?;
            let parsed = jiff::fmt::strtime::parse(&format, &text).map_err(bad)?;
            let at = parsed.to_datetime().or_else(|_| parsed.to_date().map(|d| d.at(0, 0, 0, 0))).map_err(bad)?;
            Ok(Moment { at, zone: None }.value())
        }
        "fromisoformat" => {
            let text = args.text("fromisoformat", 0, "date_string")?;
            if text.contains('+')
                || text.ends_with('Z')
                || text.rsplit('T').next().is_some_and(|t| t.contains('-')) && text.contains('T')
            {
                return Err(Fault::unsupported("datetime.fromisoformat with a zone is not built in here").into());
            }
            Ok(Moment { at: text.parse().map_err(bad)?, zone: None }.value())
        }
        "combine" => {
            let day = args.get(0, "date").and_then(|v| day_of(&v)).ok_or_else(|| bad("combine needs a date"))?;
            Ok(Moment { at: day.at(0, 0, 0, 0), zone: None }.value())
        }
        other => Err(Fault::unsupported(format!("datetime.{other} is not built in here")).into()),
    }
}

fn date_class(job: &Arc<Job>, method: &str, args: &Args) -> Answer {
    match method {
        "today" => {
            job.flag("volatile:now");
            Ok(Day(now(job).date()).value())
        }
        "" => Ok(Day(civil(args)?).value()),
        "fromisoformat" => {
            let text = args.text("fromisoformat", 0, "date_string")?;
            day(&text).ok_or_else(|| bad(format!("`{text}` is no date")))
        }
        other => Err(Fault::unsupported(format!("date.{other} is not built in here")).into()),
    }
}

/// Year, month and day, all of which Python wants.
fn civil(args: &Args) -> Result<Date, Error> {
    for (at, name) in ["year", "month", "day"].iter().enumerate() {
        if args.get(at, name).is_none() {
            return Err(bad(format!("{name} is missing")));
        }
    }
    let year: i16 = part(args, 0, "year", 0)?;
    if year < 1 {
        return Err(bad("year is out of range"));
    }
    Date::new(year, part(args, 1, "month", 1)?, part(args, 2, "day", 1)?).map_err(bad)
}

/// Refuses a format with directives other than `known`, which mean the same here and in Python.
fn directives(format: &str, known: &str, what: &str) -> Result<(), Error> {
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
fn parts(span: SignedDuration) -> (i64, i64, i64) {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    (seconds.div_euclid(86_400), seconds.rem_euclid(86_400), micros)
}

/// An attribute that Python's object may have and ours does not tell.
fn untold(what: &str, key: &str) -> Value {
    super::args::poisoned(Fault::unsupported(format!("{what}.{key} is not built in here")))
}

fn duration(args: &Args) -> Result<SignedDuration, Error> {
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

fn day_of(value: &Value) -> Option<Date> {
    let day = value.downcast_object_ref::<Day>().map(|day| day.0);
    day.or_else(|| value.downcast_object_ref::<Moment>().map(|moment| moment.at.date()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    /// What the clock on the wall says.
    at: DateTime,
    /// Its offset from UTC; naive without one.
    zone: Option<Offset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day(Date);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Delta(SignedDuration);

/// `+02:00`.
fn written(offset: Offset, colon: &str) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{colon}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The `tzinfo` argument: UTC or none. What pytz makes of other zones there is not their time.
fn tzinfo(args: &Args, old: Option<Offset>) -> Result<Option<Offset>, Error> {
    match args.keyword("tzinfo") {
        None => Ok(old),
        Some(zone) if zone.is_none() => Ok(None),
        Some(zone) if Zone::of(&zone)?.0 == TimeZone::UTC => Ok(Some(Offset::UTC)),
        Some(_) => Err(Fault::unsupported("tzinfo other than UTC is not built in here").into()),
    }
}

/// A time zone of pytz.
#[derive(Debug, Clone)]
struct Zone(TimeZone);

impl Zone {
    fn utc() -> Value {
        Value::from_object(Self(TimeZone::UTC))
    }

    fn named(name: &str) -> Answer {
        if matches!(name.to_uppercase().as_str(), "UTC" | "ETC/UTC" | "GMT") {
            return Ok(Self::utc());
        }
        let zone = TimeZone::get(name).map_err(|_| Fault::unsupported(format!("time zone `{name}` is not known here")));
        Ok(Value::from_object(Self(zone?)))
    }

    fn of(value: &Value) -> Result<Self, Error> {
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
    fn value(self) -> Value {
        Value::from_object(self)
    }

    /// The same instant in UTC; a naive time is taken to be UTC.
    fn instant(self) -> Result<DateTime, Error> {
        let offset = i64::from(self.zone.map_or(0, Offset::seconds));
        self.at.checked_sub(SignedDuration::from_secs(offset)).map_err(bad)
    }

    fn at_zone(self, zone: &Zone) -> Result<Self, Error> {
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
    fn value(self) -> Value {
        Value::from_object(self)
    }
}

impl Delta {
    fn value(self) -> Value {
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

fn itertools(method: &str, args: &Args) -> Answer {
    let lists: Vec<Vec<Value>> =
        args.positional.iter().map(|v| v.try_iter().map(Iterator::collect)).collect::<Result<_, _>>()?;
    let tuple = |items: Vec<Value>| Value::from(Tuple::from(items));
    if !args.named.is_empty() {
        return Err(Fault::unsupported(format!("itertools.{method} with named arguments is not built in here")).into());
    }
    match method {
        "product" => {
            let size = lists.iter().try_fold(1usize, |n, list| n.checked_mul(list.len()));
            if size.is_none_or(|n| n > 1_000_000) {
                return Err(Fault::limit("itertools.product of more than a million rows").into());
            }
            let rows = lists.iter().fold(vec![Vec::new()], |rows: Vec<Vec<Value>>, list| {
                rows.iter()
                    .flat_map(|row| list.iter().map(move |item| [row.clone(), vec![item.clone()]].concat()))
                    .collect()
            });
            Ok(Lazy::value(rows.into_iter().map(tuple).collect()))
        }
        "chain" => Ok(Lazy::value(lists.concat())),
        other => Err(Fault::unsupported(format!("itertools.{other} is not built in here")).into()),
    }
}
