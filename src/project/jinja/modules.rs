//! `modules.datetime`, `modules.pytz`, `modules.re`, `modules.itertools`: the part that templates use. "Now" is the pinned instant.

mod dates;
mod words;

pub(crate) use dates::arithmetic;
pub(crate) use words::{day, is_own, moment, repr};

use self::dates::{Day, Delta, Moment, Zone, day_of, tzinfo};
use self::words::{directives, duration};
use super::args::{Args, Host, Unknown};
use super::fault::Fault;
use super::job::Job;
use super::lazy::Lazy;
use super::regexes;
use super::values::Dict;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use minijinja::value::Tuple;
use minijinja::{Error, ErrorKind, Value};
use std::sync::Arc;

type Answer = Result<Value, Error>;

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
