//! Numbers and verdicts in the words of all faces.

use crate::audit::budget::result::{Budget, BudgetVerdict, Difference, Interval, ListedAs, Period, Rate};
use crate::output::overview::{plural, symbol};
use crate::reconcile::thousands;
use crate::report::Verdict;
use jiff::Timestamp;

/// Below it a rate says little: one pull request more or less moves it by more than three points.
pub(super) const FEW: u64 = 30;

const MINUTE: f64 = 60.0;
const DAY: f64 = 86_400.0;

/// The sign of a verdict; it always stands beside the word.
pub(super) fn sign(verdict: BudgetVerdict) -> &'static str {
    symbol(match verdict {
        BudgetVerdict::Met => Verdict::Pass,
        BudgetVerdict::Unproven => Verdict::Error,
        BudgetVerdict::Exceeded => Verdict::Fail,
    })
}

/// Whether one of the last four quarters, which are counted together, is immature.
pub(super) fn pooled_immature(budget: &Budget) -> bool {
    budget.trend.iter().rev().take(4).any(|quarter| quarter.immature)
}

/// The worse of both verdicts, in sign, word and both; of no promise nothing is met.
pub(super) fn overall(budget: &Budget) -> Overall {
    match (budget.llm.rollback.verdict, budget.llm.escape.verdict) {
        (None, None) => Overall { sign: symbol(Verdict::Skip), word: "no budget", verdict: None },
        _ => Overall { sign: sign(budget.verdict), word: budget.verdict.word(), verdict: Some(budget.verdict) },
    }
}

/// What the report says at its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overall {
    /// Sign.
    pub sign: &'static str,
    /// Word.
    pub word: &'static str,
    /// `None` where nothing was promised.
    pub verdict: Option<BudgetVerdict>,
}

impl Overall {
    /// Name of its colour.
    pub fn class(self) -> &'static str {
        self.verdict.map_or("faint", BudgetVerdict::word)
    }
}

/// Sign and word.
pub(super) fn verdict(verdict: BudgetVerdict) -> String {
    format!("{} {}", sign(verdict), verdict.word())
}

/// A fraction in percent without the sign, two significant digits below 10 and none after the point above.
fn number(fraction: f64) -> String {
    fixed(fraction, decimals(fraction))
}

/// A fraction as `1.4%`, `12%`, `0.47%`.
pub(super) fn percent(fraction: f64) -> String {
    format!("{}%", number(fraction))
}

/// Digits after the point that a fraction gets, in percent.
fn decimals(fraction: f64) -> usize {
    match fraction.abs() * 100.0 {
        p if p >= 9.95 || p == 0.0 => 0,
        p if p >= 0.995 => 1,
        p if p >= 0.0995 => 2,
        p if p >= 0.009_95 => 3,
        _ => 4,
    }
}

/// In percent with so many digits, and never 100 for less than all.
fn fixed(fraction: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", fraction * 100.0);
    match fraction < 1.0 && text.parse() == Ok(100.0) {
        true => "99.9".to_owned(),
        false => text,
    }
}

/// A budget as it was written: no digit is rounded away, none is added.
pub(super) fn promise(fraction: f64) -> String {
    let text = format!("{:.6}", fraction * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A bound in as many digits as show on which side of the budget it lies.
fn bound(fraction: f64, budget: Option<f64>) -> String {
    let least = decimals(fraction);
    let apart = |digits: &usize| budget.is_none_or(|b| fixed(fraction, *digits) != fixed(b, *digits));
    let digits = (least..least + 3).find(apart).unwrap_or(least);
    format!("{}%", fixed(fraction, digits))
}

/// `0.3–4.1%`: the low end in no more digits than the high one, unless it would read as 0.
pub(super) fn interval(interval: &Interval) -> String {
    let digits = decimals(interval.high);
    let low = match (fixed(interval.low, digits), interval.low > 0.0) {
        (text, true) if text.parse() == Ok(0.0) => one_digit(interval.low),
        (text, _) => text,
    };
    match interval.low == 0.0 {
        true => format!("0–{}%", fixed(interval.high, digits)),
        false => format!("{low}–{}%", fixed(interval.high, digits)),
    }
}

fn one_digit(fraction: f64) -> String {
    fixed(fraction, decimals(fraction).saturating_sub(1).max(1))
}

/// `3 of 212`.
pub(super) fn share(rate: &Rate) -> String {
    match rate.of {
        0 => "none".to_owned(),
        of => format!("{} of {}", thousands(rate.count), thousands(of)),
    }
}

/// `3 of 212, 1.4%`.
pub(super) fn share_and_rate(rate: &Rate) -> String {
    match rate.rate {
        Some(fraction) => format!("{}, {}", share(rate), percent(fraction)),
        None => share(rate),
    }
}

/// `3 of 212, 1.4% (0.3–4.1%)`.
pub(super) fn whole_rate(rate: &Rate) -> String {
    match rate.rate {
        Some(_) => format!("{} ({})", share_and_rate(rate), interval(&rate.interval)),
        None => share(rate),
    }
}

/// The rate, the budget, and what the bounds prove.
pub(super) fn sentence(rate: &Rate) -> String {
    let (Some(budget), Some(verdict)) = (rate.budget, rate.verdict) else {
        return format!("{}; no budget", whole_rate(rate));
    };
    let proof = match verdict {
        BudgetVerdict::Met => format!(", at most {}", bound(rate.bounds.high, rate.budget)),
        BudgetVerdict::Exceeded => format!(", at least {}", bound(rate.bounds.low, rate.budget)),
        BudgetVerdict::Unproven => match rate.needed {
            Some(more) => format!(", {} would prove it", clean(more)),
            None => ", and no number of clean pull requests would prove it".to_owned(),
        },
    };
    let burnt = burnt(rate).map(|b| format!("; burnt {b}")).unwrap_or_default();
    format!("{}, budget {}: {}{proof}{burnt}", whole_rate(rate), promise(budget), verdict.word())
}

fn clean(more: u64) -> String {
    format!("{} more clean pull request{}", thousands(more), if more == 1 { "" } else { "s" })
}

/// Both bounds that the verdict stands on: `0.4% to 3.6%`.
pub(super) fn bounds(rate: &Rate) -> String {
    match rate.of {
        0 => "–".to_owned(),
        _ => format!("{} to {}", bound(rate.bounds.low, rate.budget), bound(rate.bounds.high, rate.budget)),
    }
}

/// Share of the budget that is used, in whole percent.
pub(super) fn burnt(rate: &Rate) -> Option<String> {
    let percent = rate.burnt? * 100.0;
    match percent.is_finite() {
        true => Some(format!("{}%", thousands(percent.round() as u64))),
        false => None,
    }
}

/// Percentage points with their sign, and their interval: `+0.4 points`, `(−1.0 to +3.2)`.
pub(super) fn difference(difference: &Difference) -> [String; 2] {
    let Interval { low, high } = difference.interval;
    let digits = decimals((high - low).abs() / 2.0).min(2);
    let signed = |fraction: f64| {
        let text = format!("{:.digits$}", fraction.abs() * 100.0);
        let zero = text.parse() == Ok(0.0);
        match (zero, fraction < 0.0) {
            (true, _) => text,
            (false, true) => format!("−{text}"),
            (false, false) => format!("+{text}"),
        }
    };
    [format!("{} points", signed(difference.value)), format!("({} to {})", signed(low), signed(high))]
}

/// A duration for people: `45 s`, `35 min`, `2 h 10 min`, `3.1 d`.
pub(super) fn duration(seconds: f64) -> String {
    let minutes = (seconds / MINUTE).round() as u64;
    match seconds {
        s if s < 59.5 => format!("{s:.0} s"),
        _ if minutes < 60 => format!("{minutes} min"),
        _ if minutes < 24 * 60 => format!("{} h {} min", minutes / 60, minutes % 60),
        s if s < 9.95 * DAY => format!("{:.1} d", s / DAY),
        s => format!("{} d", thousands((s / DAY).round() as u64)),
    }
}

/// The day of a moment.
pub(super) fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

/// How long after the one moment the other was.
pub(super) fn after(from: &str, to: &str) -> Option<String> {
    let (from, to): (Timestamp, Timestamp) = (from.parse().ok()?, to.parse().ok()?);
    let seconds = to.duration_since(from).as_secs_f64();
    (seconds >= 0.0).then(|| duration(seconds))
}

/// From the first to the last day of a period, or to its last moment within a day.
pub(super) fn days(period: &Period) -> String {
    let until = match (period.until.contains("T00:00:00"), period.until.parse::<Timestamp>()) {
        (true, Ok(moment)) => {
            let last = moment.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(moment);
            day(&last.to_string()).to_owned()
        }
        (_, Ok(moment)) => format!("{} UTC", moment.to_string().get(..16).unwrap_or_default().replace('T', " ")),
        (_, Err(_)) => period.until.clone(),
    };
    format!("{} to {until}", day(&period.since))
}

/// What was counted: branches, period, day of the count, window, policy.
pub(super) fn scope(budget: &Budget) -> String {
    let Budget { branches, period, as_of, limits, .. } = budget;
    format!(
        "merged into {}, {}; counted on {as_of}; rollbacks within {}; policy {}",
        branches.join(", "),
        days(period),
        window(limits.window_days),
        limits.policy
    )
}

/// The window in words.
pub(super) fn window(days: f64) -> String {
    match days {
        1.0 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

/// Those that may still be rolled back, where there are any.
pub(super) fn immature(count: u64, of: u64, window_days: f64) -> Option<String> {
    let young = match count {
        0 => return None,
        1 => "1 is".to_owned(),
        n => format!("{} are", thousands(n)),
    };
    let window = window(window_days);
    Some(format!("immature: of {}, {young} younger than {window} and may still be rolled back", pulls(of)))
}

/// `1 pull request`, `1,234 pull requests`.
pub(super) fn pulls(count: u64) -> String {
    match count {
        1 => plural(1, "pull request"),
        n => format!("{} pull requests", thousands(n)),
    }
}

/// Why something is not counted.
pub(super) fn listed(reason: ListedAs) -> &'static str {
    match reason {
        ListedAs::PartialRevert => "reverted in part",
        ListedAs::LateRevert => "reverted late",
        ListedAs::LateLabel => "label out of time",
        ListedAs::Relanded => "re-landed within 24 hours",
        ListedAs::LabelWithdrawn => "label withdrawn",
        ListedAs::Overridden => "overridden",
        ListedAs::NoLongerDeclared => "no longer declared",
        ListedAs::UnknownTarget => "target unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_have_as_many_digits_as_they_are_worth() {
        let cases = [
            (0.0, "0%"),
            (1.0, "100%"),
            (0.999_7, "99.9%"),
            (0.12, "12%"),
            (0.0996, "10%"),
            (0.014_15, "1.4%"),
            (0.004_717, "0.47%"),
            (0.000_83, "0.083%"),
        ];
        for (fraction, text) in cases {
            assert_eq!(percent(fraction), text);
        }
        assert_eq!((promise(0.02), promise(0.005), promise(0.012_5)), ("2%".into(), "0.5%".into(), "1.25%".into()));
        let both = |low, high| interval(&Interval { low, high });
        assert_eq!(both(0.002_93, 0.040_7), "0.3–4.1%");
        assert_eq!(both(0.000_8, 0.172), "0.08–17%");
        assert_eq!(both(0.0, 0.024_4), "0–2.4%");
        assert_eq!(both(0.063_5, 0.200_2), "6–20%");
    }

    #[test]
    fn a_bound_shows_its_side_of_the_budget() {
        assert_eq!(bound(0.019_9, Some(0.02)), "1.99%");
        assert_eq!(bound(0.004_997, Some(0.005)), "0.4997%");
        assert_eq!(bound(0.058_6, Some(0.02)), "5.9%");
        assert_eq!(bound(0.02, Some(0.02)), "2.0%");
    }

    #[test]
    fn differences_are_points_with_a_sign() {
        let of = |value, low, high| difference(&Difference { value, interval: Interval { low, high } }).join(" ");
        assert_eq!(of(0.004, -0.01, 0.032), "+0.4 points (−1.0 to +3.2)");
        assert_eq!(of(0.0, -0.000_01, 0.000_01), "0.00 points (0.00 to 0.00)");
        assert_eq!(of(-0.31, -0.55, 0.02), "−31 points (−55 to +2)");
    }

    #[test]
    fn durations_for_people() {
        let cases = [
            (0.0, "0 s"),
            (59.7, "1 min"),
            (2_100.0, "35 min"),
            (3_599.0, "1 h 0 min"),
            (7_800.0, "2 h 10 min"),
            (86_399.0, "1.0 d"),
            (267_840.0, "3.1 d"),
            (1_036_800.0, "12 d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(after("2026-07-01T00:00:00Z", "2026-07-01T02:10:00Z").as_deref(), Some("2 h 10 min"));
        assert_eq!(after("2026-07-01T00:00:00Z", "2026-06-01T02:10:00Z"), None);
        assert_eq!(after("yesterday", "2026-06-01T02:10:00Z"), None);
    }

    #[test]
    fn a_period_ends_with_its_last_day() {
        let of = |until: &str| {
            days(&Period { label: String::new(), since: "2026-07-01T00:00:00Z".into(), until: until.into() })
        };
        assert_eq!(of("2026-10-01T00:00:00Z"), "2026-07-01 to 2026-09-30");
        assert_eq!(of("2026-10-01T12:30:10Z"), "2026-07-01 to 2026-10-01 12:30 UTC");
        assert_eq!(of("soon"), "2026-07-01 to soon");
    }
}
