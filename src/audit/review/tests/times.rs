//! Windows, holidays, merges: what the clock says.

use super::super::{judge, window};
use super::script::{POLICY, check, facts, policy, time, told};
use crate::policy::Window;

fn window(yaml: &str) -> Window {
    serde_yaml::from_str(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"))
}

/// Window, calendar, instant, `open until ...` or `closed, opens ...` in UTC.
type Clock = (&'static str, &'static str, &'static str, &'static str);

const WEEK: &str = "mon, tue, wed, thu, fri, sat, sun";

fn shown(yaml: &str, calendar: &str, at: &str) -> String {
    let window = window(&yaml.replace("WEEK", WEEK));
    let calendar = (!calendar.is_empty()).then_some(calendar);
    match window::at(&window, calendar, time(at)) {
        Ok(window::Opening::Open(until)) => format!("open {}", until.map_or("ever".to_owned(), |t| t.to_string())),
        Ok(window::Opening::Closed { opens, why }) => {
            format!("closed {} ({why})", opens.map_or("for good".to_owned(), |t| t.to_string()))
        }
        Err(why) => format!("error {why}"),
    }
}

fn all(cases: &[Clock]) {
    let told = cases.iter().filter_map(|(yaml, calendar, at, wanted)| {
        let got = shown(yaml, calendar, at);
        (!got.starts_with(wanted)).then(|| format!("{yaml} at {at}: wanted {wanted}, got {got}"))
    });
    let wrong: Vec<String> = told.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn edges_are_half_open() {
    const W: &str = "{tz: Etc/UTC, days: [mon, tue, wed, thu], hours: \"09:00-16:00\"}";
    all(&[
        (W, "", "2026-03-04T08:59:59.999Z", "closed 2026-03-04T09:00:00Z (it is 08:59 there"),
        (W, "", "2026-03-04T09:00:00Z", "open 2026-03-04T16:00:00Z"),
        (W, "", "2026-03-04T15:59:59.999999999Z", "open 2026-03-04T16:00:00Z"),
        (W, "", "2026-03-04T16:00:00Z", "closed 2026-03-05T09:00:00Z"),
        (W, "", "2026-03-05T16:00:00Z", "closed 2026-03-09T09:00:00Z"),
        (W, "", "2026-03-06T10:00:00Z", "closed 2026-03-09T09:00:00Z (it is Friday there)"),
        (W, "", "2026-03-08T23:59:59Z", "closed 2026-03-09T09:00:00Z (it is Sunday there)"),
    ]);
}

#[test]
fn days_that_touch_are_one_opening() {
    const W: &str = "{tz: Etc/UTC, days: [mon, tue], hours: \"00:00-24:00\"}";
    all(&[
        (W, "", "2026-03-09T00:00:00Z", "open 2026-03-11T00:00:00Z"),
        (W, "", "2026-03-10T23:59:59Z", "open 2026-03-11T00:00:00Z"),
        (W, "", "2026-03-11T00:00:00Z", "closed 2026-03-16T00:00:00Z"),
        ("{tz: Etc/UTC, days: [WEEK], hours: \"00:00-24:00\"}", "", "2026-03-11T00:00:00Z", "open ever"),
        ("{tz: Europe/Paris, days: [WEEK], hours: \"00:00-24:00\"}", "", "2026-03-29T00:30:00Z", "open ever"),
    ]);
}

#[test]
fn zones() {
    const KATHMANDU: &str = "{tz: Asia/Kathmandu, days: [mon, tue, wed, thu], hours: \"09:00-16:00\"}";
    const AUCKLAND: &str = "{tz: Pacific/Auckland, days: [mon], hours: \"09:00-16:00\"}";
    all(&[
        (KATHMANDU, "", "2026-03-04T03:14:59Z", "closed 2026-03-04T03:15:00Z"),
        (KATHMANDU, "", "2026-03-04T03:15:00Z", "open 2026-03-04T10:15:00Z"),
        (KATHMANDU, "", "2026-03-04T10:15:00Z", "closed 2026-03-05T03:15:00Z"),
        // It is Sunday in London.
        (AUCKLAND, "", "2026-03-01T20:00:00Z", "open 2026-03-02T03:00:00Z"),
        (AUCKLAND, "", "2026-03-02T20:00:00Z", "closed 2026-03-08T20:00:00Z (it is Tuesday there)"),
    ]);
}

#[test]
fn the_clock_goes_forward() {
    const GAP: &str = "{tz: Europe/Paris, days: [WEEK], hours: \"02:00-03:00\"}";
    const ACROSS: &str = "{tz: Europe/Paris, days: [sun], hours: \"01:30-03:30\"}";
    const WITHIN: &str = "{tz: Europe/Paris, days: [sun], hours: \"02:30-09:00\"}";
    const NEW_YORK: &str = "{tz: America/New_York, days: [sun], hours: \"02:15-02:45\"}";
    const LORD_HOWE: &str = "{tz: Australia/Lord_Howe, days: [sun], hours: \"02:00-03:00\"}";
    all(&[
        // Paris 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC. The hour is not there that day.
        (GAP, "", "2026-03-28T02:00:00Z", "closed 2026-03-30T00:00:00Z"),
        (GAP, "", "2026-03-29T00:59:59Z", "closed 2026-03-30T00:00:00Z"),
        (GAP, "", "2026-03-29T01:00:00Z", "closed 2026-03-30T00:00:00Z"),
        (GAP, "", "2026-03-30T00:30:00Z", "open 2026-03-30T01:00:00Z"),
        // 01:30 to 03:30 lasts one hour.
        (ACROSS, "", "2026-03-29T00:30:00Z", "open 2026-03-29T01:30:00Z"),
        (ACROSS, "", "2026-03-29T01:29:59Z", "open 2026-03-29T01:30:00Z"),
        (ACROSS, "", "2026-03-29T01:30:00Z", "closed 2026-04-04T23:30:00Z"),
        // What starts in the gap starts after it.
        (WITHIN, "", "2026-03-29T00:59:59Z", "closed 2026-03-29T01:00:00Z"),
        (WITHIN, "", "2026-03-29T01:00:00Z", "open 2026-03-29T07:00:00Z"),
        (NEW_YORK, "", "2026-03-08T07:00:00Z", "closed 2026-03-15T06:15:00Z"),
        // Half an hour is left out on Lord Howe: 02:00 becomes 02:30 on 2026-10-04, at 15:30 UTC the day before.
        (LORD_HOWE, "", "2026-10-03T15:29:59Z", "closed 2026-10-03T15:30:00Z"),
        (LORD_HOWE, "", "2026-10-03T15:30:00Z", "open 2026-10-03T16:00:00Z"),
        (LORD_HOWE, "", "2026-10-03T16:00:00Z", "closed 2026-10-10T15:00:00Z"),
    ]);
}

#[test]
fn the_clock_goes_back() {
    const FOLD: &str = "{tz: Europe/Paris, days: [sun], hours: \"02:00-03:00\"}";
    const BEFORE: &str = "{tz: America/New_York, days: [sun], hours: \"00:30-01:30\"}";
    const LORD_HOWE: &str = "{tz: Australia/Lord_Howe, days: [sun], hours: \"01:00-02:00\"}";
    all(&[
        // Paris 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC. The hour is there twice, without a break.
        (FOLD, "", "2026-10-24T23:59:59Z", "closed 2026-10-25T00:00:00Z"),
        (FOLD, "", "2026-10-25T00:00:00Z", "open 2026-10-25T02:00:00Z"),
        (FOLD, "", "2026-10-25T01:30:00Z", "open 2026-10-25T02:00:00Z"),
        (FOLD, "", "2026-10-25T02:00:00Z", "closed 2026-11-01T01:00:00Z"),
        // New York 2026-11-01: 02:00 becomes 01:00 at 06:00 UTC. What ends amid the fold opens again.
        (BEFORE, "", "2026-11-01T04:30:00Z", "open 2026-11-01T05:30:00Z"),
        (BEFORE, "", "2026-11-01T05:30:00Z", "closed 2026-11-01T06:00:00Z"),
        (BEFORE, "", "2026-11-01T06:00:00Z", "open 2026-11-01T06:30:00Z"),
        (BEFORE, "", "2026-11-01T06:30:00Z", "closed 2026-11-08T05:30:00Z"),
        // Lord Howe 2026-04-05: 02:00 becomes 01:30, at 15:00 UTC the day before.
        (LORD_HOWE, "", "2026-04-04T14:00:00Z", "open 2026-04-04T15:30:00Z"),
        (LORD_HOWE, "", "2026-04-04T15:30:00Z", "closed 2026-04-11T14:30:00Z"),
    ]);
}

#[test]
fn days_of_the_policy() {
    const W: &str = "{tz: Europe/Paris, days: [WEEK], hours: \"09:00-16:00\", holidays: [2026-12-25, 2026-12-26]}";
    all(&[
        (W, "", "2026-12-24T14:59:59Z", "open 2026-12-24T15:00:00Z"),
        (W, "", "2026-12-24T15:00:00Z", "closed 2026-12-27T08:00:00Z"),
        (W, "", "2026-12-25T09:00:00Z", "closed 2026-12-27T08:00:00Z (a holiday: 2026-12-25)"),
        (W, "", "2026-12-26T22:59:59Z", "closed 2026-12-27T08:00:00Z"),
    ]);
}

/// An event in a calendar.
macro_rules! ics {
    ($($line:literal),+) => {
        concat!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n", $($line, "\r\n",)+ "END:VEVENT\r\nEND:VCALENDAR\r\n")
    };
}

const UTC: &str = "{tz: Etc/UTC, days: [WEEK], hours: \"09:00-16:00\", holidays: c.ics}";
const PARIS: &str = "{tz: Europe/Paris, days: [WEEK], hours: \"09:00-16:00\", holidays: c.ics}";

#[test]
fn days_of_a_calendar() {
    const DAY: &str = ics!("SUMMARY:Bastille Day", "DTSTART;VALUE=DATE:20260714");
    const LONG: &str = ics!("SUMMARY:Freeze", "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261228");
    const SAME: &str = ics!("DTSTART;VALUE=DATE:20260714", "DTEND;VALUE=DATE:20260714", "TRANSP:TRANSPARENT");
    const LASTS: &str = ics!("DTSTART;VALUE=DATE:20260714", "DURATION:P2D");
    const OFF: &str = ics!("DTSTART;VALUE=DATE:20260714", "STATUS:CANCELLED");
    all(&[
        (PARIS, DAY, "2026-07-13T14:00:00Z", "closed 2026-07-15T07:00:00Z"),
        (PARIS, DAY, "2026-07-14T08:00:00Z", "closed 2026-07-15T07:00:00Z (a holiday: Bastille Day)"),
        (PARIS, DAY, "2026-07-15T08:00:00Z", "open 2026-07-15T14:00:00Z"),
        (UTC, LONG, "2026-12-23T10:00:00Z", "open 2026-12-23T16:00:00Z"),
        (UTC, LONG, "2026-12-24T10:00:00Z", "closed 2026-12-28T09:00:00Z (a holiday: Freeze)"),
        (UTC, LONG, "2026-12-27T10:00:00Z", "closed 2026-12-28T09:00:00Z"),
        (UTC, LONG, "2026-12-28T10:00:00Z", "open 2026-12-28T16:00:00Z"),
        (UTC, SAME, "2026-07-14T10:00:00Z", "closed 2026-07-15T09:00:00Z (a holiday)"),
        (UTC, LASTS, "2026-07-15T10:00:00Z", "closed 2026-07-16T09:00:00Z"),
        (UTC, OFF, "2026-07-14T10:00:00Z", "open 2026-07-14T16:00:00Z"),
    ]);
}

#[test]
fn hours_of_a_calendar() {
    const UTC_TIME: &str = ics!("DTSTART:20260714T100000Z", "DTEND:20260714T113000Z");
    const ZONED: &str =
        ics!("DTSTART;TZID=America/New_York:20260714T080000", "DTEND;TZID=America/New_York:20260714T090000");
    const WINDOWS: &str = ics!("DTSTART;TZID=W. Europe Standard Time:20260714T120000", "DURATION:PT1H");
    const FLOATING: &str = ics!("DTSTART:20260714T120000", "DURATION:PT30M");
    const OPEN_ENDED: &str = ics!("DTSTART:20260714T120000");
    all(&[
        (UTC, UTC_TIME, "2026-07-14T09:00:00Z", "open 2026-07-14T10:00:00Z"),
        (UTC, UTC_TIME, "2026-07-14T10:00:00Z", "closed 2026-07-14T11:30:00Z"),
        (UTC, UTC_TIME, "2026-07-14T11:30:00Z", "open 2026-07-14T16:00:00Z"),
        (UTC, ZONED, "2026-07-14T12:30:00Z", "closed 2026-07-14T13:00:00Z"),
        (UTC, WINDOWS, "2026-07-14T10:30:00Z", "closed 2026-07-14T11:00:00Z"),
        (PARIS, FLOATING, "2026-07-14T10:15:00Z", "closed 2026-07-14T10:30:00Z"),
        (UTC, OPEN_ENDED, "2026-07-14T15:00:00Z", "closed 2026-07-15T09:00:00Z"),
    ]);
}

#[test]
fn events_that_come_again() {
    const YEARLY: &str = ics!("SUMMARY:New Year", "DTSTART;VALUE=DATE:20100101", "RRULE:FREQ=YEARLY");
    const THANKS: &str = ics!("DTSTART;VALUE=DATE:20201126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH");
    const UNTIL: &str = ics!("DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=YEARLY;UNTIL=20260101");
    const COUNT: &str = ics!("DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=YEARLY;COUNT=2");
    const EXCEPT: &str = ics!("DTSTART;VALUE=DATE:20240101", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20260101");
    const ALSO: &str = ics!("DTSTART;VALUE=DATE:20240101", "RDATE;VALUE=DATE:20260102,20260105");
    const LAST_FRIDAY: &str =
        ics!("DTSTART;TZID=Europe/Paris:20240126T140000", "DURATION:PT2H", "RRULE:FREQ=MONTHLY;BYDAY=-1FR");
    const ZONED_UNTIL: &str =
        ics!("DTSTART;TZID=Europe/Paris:20251229T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260105T090000Z");
    const MOVED: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20240101\nRRULE:FREQ=YEARLY\nEND:VEVENT\n\
                         BEGIN:VEVENT\nUID:a\nSEQUENCE:2\nRECURRENCE-ID;VALUE=DATE:20260101\nDTSTART;VALUE=DATE:20260105\n\
                         END:VEVENT\nEND:VCALENDAR\n";
    all(&[
        (UTC, YEARLY, "2026-01-01T10:00:00Z", "closed 2026-01-02T09:00:00Z (a holiday: New Year)"),
        (UTC, YEARLY, "2041-01-01T10:00:00Z", "closed 2041-01-02T09:00:00Z"),
        (UTC, YEARLY, "2026-01-02T10:00:00Z", "open"),
        (UTC, THANKS, "2026-11-26T10:00:00Z", "closed 2026-11-27T09:00:00Z"),
        (UTC, THANKS, "2027-11-25T10:00:00Z", "closed 2027-11-26T09:00:00Z"),
        (UTC, UNTIL, "2026-01-01T10:00:00Z", "closed"),
        (UTC, UNTIL, "2027-01-01T10:00:00Z", "open"),
        (UTC, COUNT, "2025-01-01T10:00:00Z", "closed"),
        (UTC, COUNT, "2026-01-01T10:00:00Z", "open"),
        (UTC, EXCEPT, "2026-01-01T10:00:00Z", "open"),
        (UTC, EXCEPT, "2027-01-01T10:00:00Z", "closed"),
        (UTC, ALSO, "2026-01-05T10:00:00Z", "closed 2026-01-06T09:00:00Z"),
        (UTC, LAST_FRIDAY, "2026-07-31T12:30:00Z", "closed 2026-07-31T14:00:00Z"),
        (UTC, LAST_FRIDAY, "2026-01-30T13:30:00Z", "closed 2026-01-30T15:00:00Z"),
        (UTC, ZONED_UNTIL, "2026-01-05T09:30:00Z", "closed 2026-01-05T10:00:00Z"),
        (UTC, ZONED_UNTIL, "2026-01-06T09:30:00Z", "open"),
        (UTC, MOVED, "2026-01-01T10:00:00Z", "open"),
        (UTC, MOVED, "2026-01-05T10:00:00Z", "closed 2026-01-06T09:00:00Z"),
        (UTC, MOVED, "2027-01-01T10:00:00Z", "closed"),
    ]);
}

#[test]
fn a_calendar_that_cannot_be_understood_is_an_error() {
    const AT: &str = "2026-07-14T10:00:00Z";
    all(&[
        (UTC, "<html>not found</html>", AT, "error line 1 is no line of a calendar"),
        (UTC, " ", AT, "error it holds no calendar"),
        (
            UTC,
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260714\n",
            AT,
            "error it is cut off: VEVENT does not end",
        ),
        (UTC, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", AT, "error line 3 ends VCALENDAR"),
        (UTC, ics!("SUMMARY:x"), AT, "error event `x`: it has no DTSTART"),
        (UTC, ics!("DTSTART;VALUE=DATE:20260231"), AT, "error event ``: there is no such date"),
        (UTC, ics!("DTSTART:soon"), AT, "error event ``: DTSTART is no date or time"),
        (UTC, ics!("DTSTART;VALUE=DATE:20260714", "DTEND;VALUE=DATE:x"), AT, "error event ``: DTEND is no date"),
        (UTC, ics!("DTSTART;VALUE=DATE:20260714", "DTEND;VALUE=DATE:20260713"), AT, "error event ``: it ends before"),
        (UTC, ics!("DTSTART;VALUE=DATE:20260714", "RRULE:FREQ=SOMETIMES"), AT, "error event ``: RRULE"),
        (UTC, ics!("DTSTART;VALUE=DATE:20260714", "RRULE"), AT, "error line 6 is no line"),
        (UTC, ics!("DTSTART:20200101T000000", "RRULE:FREQ=SECONDLY"), AT, "error event ``: it occurs more than"),
        (UTC, ics!("DTSTART;TZID=Mars/Base:20260714T100000"), AT, "error event ``: its time zone `Mars/Base`"),
        (UTC, "", AT, "error c.ics was not read"),
        (UTC, "BEGIN:VCALENDAR\nEND:VCALENDAR\n", AT, "open"),
    ]);
}

/// Name, layers, script, verdict, what is said.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

const WINDOWS: &[Case] = &[
    ("open", "marts", "+bob", "pass", "open until Wed 2026-03-04 16:00 Etc/UTC"),
    ("any is no window", "staging", "+fay; now:2026-03-07T03:00:00Z", "pass", "\"windows\": []"),
    (
        "closed",
        "marts",
        "+bob; now:2026-03-07T03:00:00Z",
        "fail",
        "merge window `business` is closed: it is Saturday there",
    ),
    (
        "it says when it opens",
        "marts",
        "+bob; now:2026-03-07T03:00:00Z",
        "fail",
        "it opens Mon 2026-03-09 09:00 Etc/UTC",
    ),
    ("and how to lift it", "marts", "+bob; now:2026-03-07T03:00:00Z", "fail", "`senior-de` sets the label `hotfix`"),
    ("the last minute", "marts", "+bob; now:2026-03-05T15:59:59Z", "pass", "open until"),
    ("the end is outside", "marts", "+bob; now:2026-03-05T16:00:00Z", "fail", "review/outside-window"),
    (
        "windows of all layers",
        "marts trio",
        "+bob; +cat; +dan; now:2026-03-03T10:00:00Z",
        "fail",
        "merge window `late` is closed",
    ),
    (
        "windows of all layers are open",
        "marts trio",
        "+bob; +cat; +dan",
        "pass",
        "merge window `late`: open until Wed 2026-03-04 18:00 Europe/Paris",
    ),
    (
        "the window of the laxer layer counts",
        "marts metrics",
        "+bob; +dan; now:2026-03-06T10:00:00Z",
        "fail",
        "merge window `business` is closed",
    ),
    (
        "lifted",
        "marts",
        "+bob; now:2026-03-07T03:00:00Z; label:hotfix=cat",
        "pass",
        "lifted by `cat` with label `hotfix`",
    ),
    ("labels have no case", "marts", "+bob; now:2026-03-07T03:00:00Z; label:HotFix=CAT", "pass", "overridden"),
    (
        "lifted by who may not",
        "marts",
        "+bob; now:2026-03-07T03:00:00Z; label:hotfix=fay",
        "fail",
        "label `hotfix` was set by `fay`, who is not of `senior-de`",
    ),
    (
        "lifted by nobody known",
        "marts",
        "+bob; now:2026-03-07T03:00:00Z; label:hotfix",
        "fail",
        "nobody knows who set label `hotfix`",
    ),
    ("lifted by an app", "marts", "+bob; now:2026-03-07T03:00:00Z; label:hotfix=cat[bot]", "fail", "was set by a bot"),
    ("another label", "marts", "+bob; now:2026-03-07T03:00:00Z; label:urgent=cat", "fail", "review/outside-window"),
    (
        "lifting replaces no approval",
        "marts",
        "now:2026-03-07T03:00:00Z; label:hotfix=cat",
        "fail",
        "review/missing-approval",
    ),
    (
        "the label of another window",
        "marts trio",
        "+bob; +cat; +dan; now:2026-03-07T10:00:00Z; label:hotfix=cat",
        "fail",
        "merge window `late` is closed",
    ),
    (
        "lifted by any peer",
        "trio",
        "+bob; +cat; +dan; now:2026-03-07T10:00:00Z; label:urgent=fay",
        "pass",
        "lifted by `fay`",
    ),
    (
        "any peer is not the author",
        "trio",
        "+bob; +cat; +dan; now:2026-03-07T10:00:00Z; label:urgent=ann",
        "fail",
        "who is not of `any-peer`",
    ),
    (
        "a peer whose rights are unknown",
        "trio",
        "+bob; +cat; +dan; now:2026-03-07T10:00:00Z; label:urgent=fay; perm:fay!403",
        "error",
        "permission of `fay`",
    ),
    (
        "merged in time",
        "marts",
        "+bob; merged:2026-03-04T15:59:59Z=bob; now:2026-03-07T03:00:00Z",
        "pass",
        "\"due\": \"2026-03-04T19:59:59Z\"",
    ),
    ("merged too late", "marts", "+bob; merged:2026-03-04T16:00:00Z=bob", "fail", "review/merged-outside-window"),
    (
        "merged too late, in words",
        "marts",
        "+bob; merged:2026-03-06T10:00:00Z=bob",
        "fail",
        "merged at Fri 2026-03-06 10:00 Etc/UTC, outside merge window `business`: it is Friday there",
    ),
    (
        "merged under a lifted window",
        "marts",
        "+bob; merged:2026-03-06T10:00:00Z=bob; label:hotfix=bob@2026-03-06T09:00:00Z",
        "pass",
        "lifted by `bob`",
    ),
    (
        "lifted after the merge",
        "marts",
        "+bob; merged:2026-03-06T10:00:00Z=bob; label:hotfix=bob@2026-03-06T11:00:00Z",
        "fail",
        "was set after the merge",
    ),
    (
        "lifted at a time that nobody knows",
        "marts",
        "+bob; merged:2026-03-06T10:00:00Z=bob; label:hotfix=bob",
        "fail",
        "nobody knows when",
    ),
    (
        "approved after the merge",
        "staging",
        "merged:2026-03-03T07:00:00Z=bob; +fay",
        "fail",
        "merged without an approval of `any-peer`",
    ),
    ("approved at the minute of the merge", "staging", "merged:2026-03-03T08:00:00Z=bob; +fay", "pass", "1 of 1"),
    ("merged by a bot", "staging", "+fay; merged:2026-03-04T10:00:00Z=robot", "fail", "merged by a bot, `robot`"),
    ("merged by an app", "staging", "+fay; merged:2026-03-04T10:00:00Z=queue[bot]", "fail", "review/merged-by-bot"),
    (
        "merged by auto-merge",
        "staging",
        "+fay; auto:ann; merged:2026-03-04T10:00:00Z=ann",
        "fail",
        "merged by auto-merge, which `ann` had turned on",
    ),
    (
        "due by the shortest SLA",
        "staging metrics",
        "+bob; +dan; merged:2026-03-04T10:00:00Z=ann",
        "pass",
        "2026-03-04T11:00:00Z",
    ),
];

#[test]
fn windows_of_a_pull_request() {
    let policy = policy(POLICY);
    let wrong: Vec<String> = WINDOWS.iter().filter_map(|(n, l, s, v, says)| check(&policy, n, l, s, v, says)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), WINDOWS.len(), wrong.join("\n"));
}

#[test]
fn a_calendar_that_decides() {
    let text = POLICY.replace("hours: \"09:00-16:00\",", "hours: \"09:00-16:00\", holidays: c.ics,");
    let policy = policy(&text);
    let say = |script: &str, calendar: Option<Result<&str, &str>>| {
        let mut facts = facts("marts", script);
        let owned = calendar.map(|c| c.map(str::to_owned).map_err(str::to_owned));
        facts.holidays.extend(owned.map(|c| ("business".to_owned(), c)));
        let judgement = judge(&policy, &facts);
        (judgement.verdict.word(), told(&judgement))
    };
    let free = "BEGIN:VCALENDAR\nEND:VCALENDAR\n";
    assert_eq!(say("+bob", Some(Ok(free))).0, "pass");
    let (verdict, text) = say("+bob", Some(Ok(ics!("SUMMARY:Ash Wednesday", "DTSTART;VALUE=DATE:20260304"))));
    assert_eq!(verdict, "fail");
    assert!(
        text.contains("a holiday: Ash Wednesday") && text.contains("it opens Thu 2026-03-05 09:00 Etc/UTC"),
        "{text}"
    );
    let (verdict, text) = say("+bob", Some(Err("c.ics is not on the base side")));
    assert_eq!(verdict, "error");
    assert!(text.contains("review/unreadable-calendar") && text.contains("not on the base side"), "{text}");
    assert_eq!(say("+bob", None).0, "error", "a calendar that nobody read");
    assert_eq!(say("+bob; label:hotfix=cat", None).0, "pass", "a window that is lifted is open whatever it says");
    assert_eq!(say("", None).0, "fail", "nobody looked, whatever it says");
    let (verdict, text) = say("+bob; now:2026-03-07T03:00:00Z", Some(Ok("junk")));
    assert_eq!(verdict, "fail", "closed whatever it says");
    assert!(text.contains("review/unreadable-calendar") && text.contains("nobody knows when it opens"), "{text}");
}
