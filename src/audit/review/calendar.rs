//! Holidays out of an iCalendar text: when nothing may be merged. What cannot be understood is an error, since a
//! holiday that is passed over is a window that stands open.

use super::span::Span;
use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarPeriod, ICalendarProperty,
    ICalendarStatus, ICalendarValue,
};
use calcard::{Entry, Parser};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Occurrences of one repeated event that are looked at: 27 years of days.
const MAX_OCCURRENCES: usize = 10_000;

/// A time without merging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// When.
    pub span: Span,
    /// What the calendar calls it; may be empty.
    pub name: String,
}

/// All closures of the text that touch `range`. Days and times that name no zone are those of `zone`.
///
/// # Errors
/// What of the calendar cannot be understood.
pub fn closures(text: &str, zone: &TimeZone, range: Span) -> Result<Vec<Closure>, String> {
    well_formed(text)?;
    let mut components: Vec<ICalendarComponent> = Vec::new();
    let mut parser = Parser::new(text);
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => components.extend(calendar.components),
            Entry::Eof => break,
            other => return Err(format!("it cannot be read as a calendar: {other:?}")),
        }
    }
    let events = components.iter().filter(|c| c.component_type == ICalendarComponentType::VEvent);
    let events: Vec<Event<'_>> = events.map(|c| Event::read(c, zone)).collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for event in &events {
        // What stands for one occurrence of a repeated event takes its place.
        let replaced: BTreeSet<DateTime> =
            events.iter().filter(|e| e.uid == event.uid).filter_map(|e| e.replaces).collect();
        for (start, end) in event.occurrences(&replaced, range)? {
            let span = event.span(start, end)?;
            if span.from < range.until && span.until > range.from {
                found.push(Closure { span, name: event.name.clone() });
            }
        }
    }
    Ok(found)
}

/// The parser takes a file that was cut off for a whole one, and passes over lines that are none.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<String> = Vec::new();
    let mut any = false;
    for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if line.trim().is_empty() || line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            return Err(format!("line {} is no line of a calendar", i + 1));
        };
        let value = value.trim().to_ascii_uppercase();
        if key.eq_ignore_ascii_case("BEGIN") {
            any |= value == "VCALENDAR";
            open.push(value);
        } else if key.eq_ignore_ascii_case("END") && open.pop().as_deref() != Some(&value) {
            return Err(format!("line {} ends {value}, which is not what was begun", i + 1));
        }
    }
    match (any, open.pop()) {
        (false, _) => Err("it holds no calendar (`BEGIN:VCALENDAR`)".to_owned()),
        (_, Some(component)) => Err(format!("it is cut off: {component} does not end")),
        _ => Ok(()),
    }
}

/// One event. Its times are wall times of `zone`.
struct Event<'a> {
    component: &'a ICalendarComponent,
    uid: String,
    name: String,
    zone: TimeZone,
    all_day: bool,
    start: DateTime,
    length: SignedDuration,
    replaces: Option<DateTime>,
}

impl<'a> Event<'a> {
    fn read(component: &'a ICalendarComponent, default: &TimeZone) -> Result<Self, String> {
        let text = |property: &ICalendarProperty| {
            component.property(property).and_then(|e| e.values.first()).and_then(|v| v.as_text()).unwrap_or_default()
        };
        let name = text(&ICalendarProperty::Summary).to_owned();
        let told = |problem: String| format!("event `{name}`: {problem}");
        let entry = component.property(&ICalendarProperty::Dtstart).ok_or_else(|| told("it has no DTSTART".into()))?;
        let first = single(entry).map_err(told)?;
        let zone = zone_of(entry, first, default).map_err(told)?;
        let mut event = Event {
            component,
            uid: text(&ICalendarProperty::Uid).to_owned(),
            name: name.clone(),
            all_day: !first.has_time(),
            start: wall(first).map_err(told)?,
            zone,
            length: SignedDuration::ZERO,
            replaces: None,
        };
        event.length = event.read_length().map_err(told)?;
        if let Some(entry) = component.property(&ICalendarProperty::RecurrenceId) {
            if entry.params.iter().any(|p| p.name == calcard::icalendar::ICalendarParameterName::Range) {
                return Err(told("RECURRENCE-ID with a RANGE is not understood; write the events apart".into()));
            }
            event.replaces = Some(event.own_time(entry, single(entry).map_err(told)?).map_err(told)?);
        }
        Ok(event)
    }

    /// A time of the event in wall time of its own zone.
    fn own_time(&self, entry: &ICalendarEntry, value: &PartialDateTime) -> Result<DateTime, String> {
        let time = wall(value)?;
        if !value.has_time() {
            return Ok(time);
        }
        let zone = zone_of(entry, value, &self.zone)?;
        Ok(instant(time, &zone)?.to_zoned(self.zone.clone()).datetime())
    }

    fn read_length(&self) -> Result<SignedDuration, String> {
        let day = SignedDuration::from_hours(24);
        let length = if let Some(entry) = self.component.property(&ICalendarProperty::Dtend) {
            Some(self.start.duration_until(self.own_time(entry, single(entry)?)?))
        } else if let Some(entry) = self.component.property(&ICalendarProperty::Duration) {
            match entry.values.as_slice() {
                [ICalendarValue::Duration(length)] => Some(SignedDuration::from_secs(length.as_seconds())),
                _ => return Err("DURATION is not understood".to_owned()),
            }
        } else {
            None
        };
        if length.is_some_and(|l| l.is_negative()) {
            return Err("it ends before it starts".to_owned());
        }
        let length = length.filter(|l| l.is_positive());
        if self.all_day {
            let days = length.map_or(1, |l| (l.as_secs() + day.as_secs() - 1) / day.as_secs());
            return Ok(SignedDuration::from_secs(days * day.as_secs()));
        }
        // An event without an end is over at once by the letter; whoever wrote it into a calendar of days without
        // merging meant the day.
        Ok(length.unwrap_or_else(|| self.start.duration_until(midnight_after(self.start))))
    }

    /// Start and end of each occurrence that may touch `range`.
    fn occurrences(&self, replaced: &BTreeSet<DateTime>, range: Span) -> Result<Vec<(DateTime, DateTime)>, String> {
        let told = |problem: String| format!("event `{}`: {problem}", self.name);
        let status = self.component.property(&ICalendarProperty::Status).and_then(|e| e.values.first());
        if status == Some(&ICalendarValue::Status(ICalendarStatus::Cancelled)) {
            return Ok(Vec::new());
        }
        let mut starts = BTreeSet::from([self.start]);
        let mut found = Vec::new();
        for entry in self.component.properties(&ICalendarProperty::Rrule) {
            starts.extend(self.repeated(entry, range).map_err(told)?);
        }
        for entry in self.component.properties(&ICalendarProperty::Rdate) {
            for value in &entry.values {
                match value {
                    ICalendarValue::PartialDateTime(time) => {
                        starts.insert(self.own_time(entry, time).map_err(told)?);
                    }
                    ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                        let start = self.own_time(entry, start).map_err(told)?;
                        found.push((start, self.own_time(entry, end).map_err(told)?));
                    }
                    ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                        let start = self.own_time(entry, start).map_err(told)?;
                        let length = SignedDuration::from_secs(duration.as_seconds());
                        found.push((start, later(start, length).map_err(told)?));
                    }
                    _ => return Err(told("RDATE is not understood".to_owned())),
                }
            }
        }
        for entry in self.component.properties(&ICalendarProperty::Exdate) {
            for value in &entry.values {
                let ICalendarValue::PartialDateTime(time) = value else {
                    return Err(told("EXDATE is not understood".to_owned()));
                };
                starts.remove(&self.own_time(entry, time).map_err(told)?);
            }
        }
        if self.replaces.is_none() {
            starts.retain(|s| !replaced.contains(s));
        }
        for start in starts {
            found.push((start, later(start, self.length).map_err(told)?));
        }
        Ok(found)
    }

    /// The starts that a rule gives, up to the end of `range`.
    fn repeated(&self, entry: &ICalendarEntry, range: Span) -> Result<Vec<DateTime>, String> {
        let [ICalendarValue::RecurrenceRule(rule)] = entry.values.as_slice() else {
            return Err("RRULE is not understood".to_owned());
        };
        let mut rule = rule.clone();
        if rule.rscale.is_some() || rule.skip.is_some() {
            return Err("RRULE counts by another calendar (RSCALE), which is not understood".to_owned());
        }
        if rule.interval == Some(0) {
            return Err("RRULE repeats every 0 times".to_owned());
        }
        if let Some(until) = &rule.until {
            let mut last = if until.has_zone() { self.own_time(entry, until)? } else { wall(until)? };
            if !until.has_time() && !self.all_day {
                last = last.date().at(23, 59, 59, 0);
            }
            rule.until = Some(written(last)?);
        }
        let end = range.until.to_zoned(self.zone.clone()).datetime();
        if rule.count.is_none() && rule.until.as_ref().is_none_or(|until| wall(until).is_ok_and(|until| until > end)) {
            rule.until = Some(written(end)?);
        }
        // The rule alone, in wall time: the zone is applied to each occurrence afterwards.
        let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
        let start = ICalendarValue::PartialDateTime(Box::new(written(self.start)?));
        event.add_property(ICalendarProperty::Dtstart, start);
        event.add_property(ICalendarProperty::Rrule, ICalendarValue::RecurrenceRule(rule));
        let expanded = ICalendar { components: vec![event] }.expand_dates(Tz::Floating, MAX_OCCURRENCES);
        if let Some(error) = expanded.errors.first() {
            return Err(format!("RRULE: {}", error.error));
        }
        let wall = |seconds: i64| Timestamp::from_second(seconds).map(|t| t.to_zoned(TimeZone::UTC).datetime());
        let last = wall_seconds(end)?;
        let mut starts = Vec::new();
        for event in &expanded.events {
            let seconds = event.start.timestamp();
            if seconds > last {
                return Ok(starts);
            }
            starts.push(wall(seconds).map_err(|e| format!("RRULE: {e}"))?);
        }
        if expanded.events.len() >= MAX_OCCURRENCES {
            return Err(format!("it occurs more than {MAX_OCCURRENCES} times; let it start later, or less often"));
        }
        Ok(starts)
    }

    fn span(&self, start: DateTime, end: DateTime) -> Result<Span, String> {
        Ok(Span { from: instant(start, &self.zone)?, until: instant(end, &self.zone)? })
    }
}

/// The one time that an entry holds.
fn single(entry: &ICalendarEntry) -> Result<&PartialDateTime, String> {
    match entry.values.as_slice() {
        [ICalendarValue::PartialDateTime(time)] => Ok(time),
        _ => Err(format!("{} is no date or time", entry.name.as_str())),
    }
}

/// The zone in which a time is written.
fn zone_of(entry: &ICalendarEntry, time: &PartialDateTime, default: &TimeZone) -> Result<TimeZone, String> {
    if !time.has_time() {
        return Ok(default.clone());
    }
    if time.has_zone() {
        let minutes = i32::from(time.tz_hour.unwrap_or(0)) * 60 + i32::from(time.tz_minute.unwrap_or(0));
        let seconds = if time.tz_minus { -minutes * 60 } else { minutes * 60 };
        return jiff::tz::Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|e| e.to_string());
    }
    let Some(id) = entry.tz_id() else { return Ok(default.clone()) };
    // Calendars of other makers call zones by names of their own, which the parser's table translates.
    let known = TimeZone::get(id).ok().or_else(|| match id.parse::<Tz>() {
        Ok(zone @ Tz::Tz(_)) => TimeZone::get(&zone.to_string()).ok(),
        _ => None,
    });
    known.ok_or_else(|| format!("its time zone `{id}` is not known; write an IANA name, such as `Europe/Paris`"))
}

/// The date and time as written, without its zone.
fn wall(time: &PartialDateTime) -> Result<DateTime, String> {
    let made = || {
        let (year, month) = (i16::try_from(time.year?).ok()?, i8::try_from(time.month?).ok()?);
        let date = Date::new(year, month, i8::try_from(time.day?).ok()?).ok()?;
        let part = |value: Option<u8>| i8::try_from(value.unwrap_or(0)).ok();
        let time = jiff::civil::Time::new(part(time.hour)?, part(time.minute)?, part(time.second)?, 0).ok()?;
        Some(date.to_datetime(time))
    };
    made().ok_or_else(|| format!("there is no such date or time: {time:?}"))
}

/// As the parser writes a time that names no zone.
fn written(time: DateTime) -> Result<PartialDateTime, String> {
    let small = |value: i8| u8::try_from(value).ok();
    Ok(PartialDateTime {
        year: Some(u16::try_from(time.year()).map_err(|_| "a year before Christ".to_owned())?),
        month: small(time.month()),
        day: small(time.day()),
        hour: small(time.hour()),
        minute: small(time.minute()),
        second: small(time.second()),
        tz_hour: None,
        tz_minute: None,
        tz_minus: false,
    })
}

/// The wall time as seconds, as if it were of UTC.
fn wall_seconds(time: DateTime) -> Result<i64, String> {
    Ok(instant(time, &TimeZone::UTC)?.as_second())
}

fn instant(time: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    zone.to_timestamp(time).map_err(|e| format!("{time}: {e}"))
}

fn later(start: DateTime, length: SignedDuration) -> Result<DateTime, String> {
    start.checked_add(length).map_err(|e| format!("{start}: {e}"))
}

fn midnight_after(time: DateTime) -> DateTime {
    time.date().tomorrow().map_or(time, |d| d.at(0, 0, 0, 0))
}
