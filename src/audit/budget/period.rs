//! Spans of time that are counted: as asked for, and calendar quarters. All of it in UTC, as GitHub's own search.

use super::result::Period;
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A span of time with its name; `since` is within, `until` is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `2026-Q3`, or the first and the last day.
    pub label: String,
    /// First moment.
    pub since: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
}

impl Span {
    /// Whether a moment lies within.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }

    /// As it is shown.
    pub fn shown(&self) -> Period {
        Period { label: self.label.clone(), since: self.since.to_string(), until: self.until.to_string() }
    }
}

/// The span from `since` to `until`: days, both included, or moments, of which the second is not. Without an end, the end
/// of the day of `now`; without a beginning, that of the quarter in which the span ends. Nothing asked for is the quarter of
/// `now`.
///
/// # Errors
/// What is no date, or ends before it begins.
pub fn between(since: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Span> {
    if since.is_none() && until.is_none() {
        return Ok(quarter_of(now));
    }
    let until = match until {
        Some(text) => moment(text, true).with_context(|| format!("--until {text}"))?,
        None => day(date(now).tomorrow()?)?,
    };
    let since = match since {
        Some(text) => moment(text, false).with_context(|| format!("--since {text}"))?,
        None => quarter_of(last_moment(until)).since,
    };
    if since >= until {
        bail!("the period ends ({until}) before it begins ({since}); give --since before --until");
    }
    Ok(Span { label: label(since, until), since, until })
}

/// A quarter by its name: `2026-Q3`, `current` or `previous`.
///
/// # Errors
/// Any other name.
pub fn quarter(name: &str, now: Timestamp) -> Result<Span> {
    match name {
        "current" => Ok(quarter_of(now)),
        "previous" => Ok(before(&quarter_of(now))),
        _ => {
            let wrong = || format!("`{name}` is no quarter; write it like 2026-Q3, `current` or `previous`");
            let (year, number) = name.split_once("-Q").or_else(|| name.split_once("-q")).with_context(wrong)?;
            let year: i16 =
                year.parse().ok().filter(|y| (1990..9000).contains(y) && year.len() == 4).with_context(wrong)?;
            let number: i8 = number
                .parse()
                .ok()
                .filter(|n| (1..=4).contains(n))
                .filter(|_| number.len() == 1)
                .with_context(wrong)?;
            starting(year, number)
        }
    }
}

/// The calendar quarters of a trend, oldest first: those that `span` touches and those before them, `count` in all or as
/// many as it touches. The last ends where `span` does.
pub fn quarters(span: &Span, count: u32) -> Vec<Span> {
    if count == 0 {
        return Vec::new();
    }
    let mut quarter = quarter_of(last_moment(span.until));
    let mut found = Vec::new();
    while found.len() < count as usize || quarter.until > span.since {
        let earlier = before(&quarter);
        found.push(quarter);
        quarter = earlier;
    }
    found.reverse();
    if let Some(last) = found.last_mut() {
        last.until = last.until.min(span.until);
    }
    found
}

/// The span that holds both.
pub fn joined(first: &Span, last: &Span) -> Span {
    Span { label: format!("{} to {}", first.label, last.label), since: first.since, until: last.until }
}

/// The day of a moment.
pub fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn moment(text: &str, ends: bool) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || "it is no date; write a day (2026-07-01) or a moment (2026-07-01T00:00:00Z)".to_owned();
    let found: Date = text.parse().ok().filter(|_| text.len() == 10).with_context(wrong)?;
    day(if ends { found.tomorrow().with_context(wrong)? } else { found })
}

fn day(date: Date) -> Result<Timestamp> {
    Ok(date.to_zoned(TimeZone::UTC)?.timestamp())
}

fn last_moment(until: Timestamp) -> Timestamp {
    until.checked_sub(1.nanosecond()).unwrap_or(until)
}

fn quarter_of(at: Timestamp) -> Span {
    let date = date(at);
    starting(date.year(), (date.month() - 1) / 3 + 1).expect("a moment lies in a quarter")
}

fn before(quarter: &Span) -> Span {
    quarter_of(last_moment(quarter.since))
}

fn starting(year: i16, number: i8) -> Result<Span> {
    let first = Date::new(year, number * 3 - 2, 1)?;
    let label = format!("{year}-Q{number}");
    Ok(Span { label, since: day(first)?, until: day(first.checked_add(3.months())?)? })
}

/// The quarter's name where it is one, else the days.
fn label(since: Timestamp, until: Timestamp) -> String {
    let quarter = quarter_of(since);
    if (quarter.since, quarter.until) == (since, until) {
        return quarter.label;
    }
    format!("{} to {}", date(since), date(last_moment(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn days_are_whole_and_both_are_within() {
        let now = at("2026-11-25T10:00:00Z");
        let span = between(Some("2026-07-01"), Some("2026-09-30"), now).expect("a span");
        assert_eq!(span.label, "2026-Q3");
        assert!(span.holds(at("2026-07-01T00:00:00Z")) && span.holds(at("2026-09-30T23:59:59Z")));
        assert!(!span.holds(at("2026-10-01T00:00:00Z")));
        let span = between(Some("2026-07-01T12:00:00Z"), Some("2026-07-02T00:00:00Z"), now).expect("a span");
        assert_eq!(span.label, "2026-07-01 to 2026-07-01");
        assert!(!span.holds(at("2026-07-02T00:00:00Z")));
        assert_eq!(between(None, None, now).expect("a span").label, "2026-Q4");
        assert_eq!(between(None, Some("2026-08-15"), now).expect("a span").label, "2026-07-01 to 2026-08-15");
        assert_eq!(between(Some("2026-11-01"), None, now).expect("a span").label, "2026-11-01 to 2026-11-25");
        for (since, until) in [("2026-09-30", "2026-07-01"), ("soon", "2026-07-01"), ("2026-7-1", "2026-07-02")] {
            assert!(between(Some(since), Some(until), now).is_err(), "{since}");
        }
    }

    #[test]
    fn quarters_by_name() {
        let now = at("2026-01-01T00:00:00Z");
        let labels = |name| quarter(name, now).map(|q| (q.label, q.since.to_string(), q.until.to_string())).ok();
        assert_eq!(labels("current").map(|l| l.0).as_deref(), Some("2026-Q1"));
        let last = ("2025-Q4".to_owned(), "2025-10-01T00:00:00Z".to_owned(), "2026-01-01T00:00:00Z".to_owned());
        assert_eq!(labels("previous"), Some(last));
        for wrong in ["2026-Q5", "2026-Q0", "26-Q1", "2026", "next", "2026-Q+1", ""] {
            assert_eq!(labels(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_trend_ends_with_the_period() {
        let names = |since, until, count| -> Vec<String> {
            let span = between(Some(since), Some(until), at("2027-01-01T00:00:00Z")).expect("a span");
            quarters(&span, count).into_iter().map(|q| q.label).collect()
        };
        assert_eq!(names("2026-07-01", "2026-09-30", 4), ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]);
        assert_eq!(names("2025-12-31", "2026-08-01", 1), ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]);
        assert!(names("2026-07-01", "2026-09-30", 0).is_empty());
    }
}
