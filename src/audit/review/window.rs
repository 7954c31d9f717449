//! When a merge window is open: in wall time of its zone, from the first minute on, until before the last.

use super::calendar::{self, Closure};
use super::span::Span;
use crate::policy::Window;
use crate::policy::holidays::Holidays;
use crate::policy::schema::Weekday;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// How far ahead the next opening is searched, in days: a yearly feast lies within.
pub const HORIZON_DAYS: i64 = 370;

/// What a window is at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// Open, until before this instant; `None` when that is further away than is searched.
    Open(Option<Timestamp>),
    /// Closed, and why; open again at this instant, if within what is searched.
    Closed {
        /// Why, in words: another hour, another day, or the name of a holiday.
        why: String,
        /// When it opens.
        opens: Option<Timestamp>,
    },
}

/// What the window is at `at`. `calendar` is the text of its calendar file, where it names one.
///
/// # Errors
/// The zone is not known, or the calendar cannot be understood; a window that is closed by its hours is closed
/// whatever the calendar says, but then nobody knows when it opens: see [`by_hours`].
pub fn at(window: &Window, calendar: Option<&str>, at: Timestamp) -> Result<Opening, String> {
    let zone = zone(window)?;
    let range = range(at)?;
    let closures = match (&window.holidays, calendar) {
        (None, _) => Vec::new(),
        (Some(Holidays::Days(days)), _) => {
            let whole = |day: Date| Ok::<_, jiff::Error>((start_of(day, &zone)?, start_of(day.tomorrow()?, &zone)?));
            let mut closures = Vec::new();
            for day in days {
                let (from, until) = whole(day.0).map_err(|e| e.to_string())?;
                closures.push(Closure { span: Span { from, until }, name: day.0.to_string() });
            }
            closures
        }
        (Some(Holidays::Calendar(_)), Some(text)) => calendar::closures(text, &zone, range)?,
        (Some(Holidays::Calendar(path)), None) => return Err(format!("{path} was not read")),
    };
    opening(window, &zone, &closures, range)
}

/// As [`at`], as if there were no holidays: closed by this is closed by all.
///
/// # Errors
/// The zone is not known.
pub fn by_hours(window: &Window, at: Timestamp) -> Result<Opening, String> {
    opening(window, &zone(window)?, &[], range(at)?)
}

/// The zone of a window.
///
/// # Errors
/// There is no such zone.
pub fn zone(window: &Window) -> Result<TimeZone, String> {
    TimeZone::get(&window.tz).map_err(|e| format!("time zone `{}`: {e}", window.tz))
}

fn range(at: Timestamp) -> Result<Span, String> {
    let until = at.checked_add(SignedDuration::from_hours(24 * HORIZON_DAYS)).map_err(|e| e.to_string())?;
    Ok(Span { from: at, until })
}

fn start_of(day: Date, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    Ok(day.to_zoned(zone.clone())?.start_of_day()?.timestamp())
}

fn opening(window: &Window, zone: &TimeZone, closures: &[Closure], range: Span) -> Result<Opening, String> {
    let hours = spans(window, zone, range).map_err(|e| e.to_string())?;
    let mut open = hours.clone();
    for closure in closures {
        open = open.into_iter().flat_map(|span| span.without(closure.span)).collect();
    }
    let now = range.from;
    Ok(match open.first() {
        Some(first) if first.from == now => Opening::Open(Some(end_of_run(&open)).filter(|end| *end < range.until)),
        first => {
            let within = hours.first().is_some_and(|span| span.from == now);
            let holiday = closures.iter().find(|c| c.span.from <= now && now < c.span.until).filter(|_| within);
            let why = match holiday {
                Some(closure) if closure.name.is_empty() => "a holiday".to_owned(),
                Some(closure) => format!("a holiday: {}", closure.name),
                None => why(window, &now.to_zoned(zone.clone()).datetime()),
            };
            Opening::Closed { why, opens: first.map(|span| span.from) }
        }
    })
}

/// The end of what is open without a break from the first span on.
fn end_of_run(open: &[Span]) -> Timestamp {
    let mut end = open[0].until;
    for span in &open[1..] {
        if span.from > end {
            break;
        }
        end = end.max(span.until);
    }
    end
}

fn why(window: &Window, wall: &DateTime) -> String {
    if on(window, wall.date()) {
        format!("it is {} there, outside {}", wall.strftime("%H:%M"), window.hours.text)
    } else {
        format!("it is {} there", wall.strftime("%A"))
    }
}

fn on(window: &Window, day: Date) -> bool {
    window.days.iter().any(|d| weekday(*d) == day.weekday())
}

fn weekday(day: Weekday) -> jiff::civil::Weekday {
    use jiff::civil::Weekday as Day;
    match day {
        Weekday::Mon => Day::Monday,
        Weekday::Tue => Day::Tuesday,
        Weekday::Wed => Day::Wednesday,
        Weekday::Thu => Day::Thursday,
        Weekday::Fri => Day::Friday,
        Weekday::Sat => Day::Saturday,
        Weekday::Sun => Day::Sunday,
    }
}

/// The spans of `range` in which the clock on the wall shows one of the hours on one of the days, in order. Between
/// two changes of the clock the wall runs evenly; within such a stretch an hour is where it is said to be, in a gap
/// it is nowhere, and in a fold it is twice.
fn spans(window: &Window, zone: &TimeZone, range: Span) -> Result<Vec<Span>, jiff::Error> {
    let mut found: Vec<Span> = Vec::new();
    let mut from = range.from;
    let mut changes = zone.following(range.from);
    while from < range.until {
        let until = changes.next().map_or(range.until, |change| change.timestamp().min(range.until));
        let even = Span { from, until };
        let offset = zone.to_offset(from);
        let last = offset.to_datetime(until).date();
        let mut day = offset.to_datetime(from).date();
        while day <= last {
            if on(window, day) {
                let at = |minutes: u16| instant(day, minutes, offset);
                let hours = Span { from: at(window.hours.from)?, until: at(window.hours.until)? };
                found.extend(hours.overlap(even));
            }
            day = day.tomorrow()?;
        }
        from = until;
    }
    Ok(found)
}

fn instant(day: Date, minutes: u16, offset: Offset) -> Result<Timestamp, jiff::Error> {
    offset.to_timestamp(day.at(0, 0, 0, 0).checked_add(i64::from(minutes).minutes())?)
}
