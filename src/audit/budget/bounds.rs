//! What a count of bad pull requests among all proves about their rate.
//!
//! Clopper and Pearson (1934): the exact binomial bounds, which never promise more than the data hold. Newcombe (1998),
//! method 10, for the difference of two rates.

use super::result::{BudgetVerdict, Difference, Interval, Rate};
use statrs::function::beta::beta_reg;

/// Error probability of a one-sided bound; half of it at each end of a two-sided interval.
const ALPHA: f64 = 0.05;
/// The 97.5% quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;
/// More pull requests than any team will merge: what would need more proves nothing.
const MOST: u64 = 1 << 40;

/// The rate of `count` among `of`, with its bounds, against a budget (a fraction).
pub fn rate(count: u64, of: u64, budget: Option<f64>) -> Rate {
    let share = (of > 0).then(|| count as f64 / of as f64);
    let bounds = Interval { low: lower(count, of, ALPHA), high: upper(count, of, ALPHA) };
    let verdict = budget.map(|budget| judged(bounds, budget));
    Rate {
        count,
        of,
        rate: share,
        interval: Interval { low: lower(count, of, ALPHA / 2.0), high: upper(count, of, ALPHA / 2.0) },
        bounds,
        budget,
        verdict,
        needed: budget.filter(|_| verdict != Some(BudgetVerdict::Met)).and_then(|budget| needed(count, of, budget)),
        burnt: budget.filter(|b| *b > 0.0).and_then(|budget| share.map(|share| share / budget)),
    }
}

/// The difference of two rates; `None` where one is of none.
pub fn difference(ours: &Rate, theirs: &Rate) -> Option<Difference> {
    let (p, q) = (ours.rate?, theirs.rate?);
    let (a, b) = (wilson(p, ours.of as f64), wilson(q, theirs.of as f64));
    let value = p - q;
    let low = value - ((p - a.low).powi(2) + (b.high - q).powi(2)).sqrt();
    let high = value + ((a.high - p).powi(2) + (q - b.low).powi(2)).sqrt();
    Some(Difference { value, interval: Interval { low, high } })
}

fn judged(bounds: Interval, budget: f64) -> BudgetVerdict {
    if bounds.high <= budget {
        BudgetVerdict::Met
    } else if bounds.low > budget {
        BudgetVerdict::Exceeded
    } else {
        BudgetVerdict::Unproven
    }
}

/// How many more pull requests without a bad one bring the upper bound down to the budget.
fn needed(count: u64, of: u64, budget: f64) -> Option<u64> {
    let enough = |more: u64| upper(count, of + more, ALPHA) <= budget;
    let mut high = 1;
    while !enough(high) {
        high *= 2;
        if high > MOST {
            return None;
        }
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The rate below which `count` or more would be seen with a probability of `alpha` at most.
fn lower(count: u64, of: u64, alpha: f64) -> f64 {
    if count == 0 { 0.0 } else { beta_quantile(alpha, count as f64, (of - count + 1) as f64) }
}

/// The rate above which `count` or fewer would be seen with a probability of `alpha` at most.
fn upper(count: u64, of: u64, alpha: f64) -> f64 {
    if count >= of { 1.0 } else { beta_quantile(1.0 - alpha, (count + 1) as f64, (of - count) as f64) }
}

/// The quantile of the beta distribution, by bisection to the last bit of its distribution function.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if beta_reg(a, b, middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Wilson's score interval.
fn wilson(p: f64, n: f64) -> Interval {
    let square = Z * Z;
    let centre = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Count, of, one-sided 95% bounds, two-sided 95% interval: scipy 1.17, `scipy.stats.beta.ppf`.
    const SCIPY: &[(u64, u64, f64, f64, f64, f64)] = &[
        (0, 1, 0.000000000000, 0.950000000000, 0.000000000000, 0.975000000000),
        (1, 1, 0.050000000000, 1.000000000000, 0.025000000000, 1.000000000000),
        (0, 20, 0.000000000000, 0.139108340668, 0.000000000000, 0.168433470983),
        (1, 20, 0.002561378777, 0.216106164207, 0.001265089498, 0.248732762772),
        (3, 20, 0.042169407886, 0.343663804314, 0.032070937185, 0.378926826545),
        (0, 50, 0.000000000000, 0.058155079117, 0.000000000000, 0.071121736464),
        (0, 149, 0.000000000000, 0.019904816221, 0.000000000000, 0.024453624906),
        (0, 598, 0.000000000000, 0.004997058694, 0.000000000000, 0.006149707404),
        (12, 100, 0.070721837572, 0.187166109779, 0.063568902561, 0.200235683620),
        (3, 212, 0.003867850385, 0.036165614233, 0.002927826250, 0.040795871307),
        (20, 2000, 0.006636879398, 0.014498062607, 0.006118657543, 0.015402125784),
        (1000, 2000, 0.481368760805, 0.518631239195, 0.477850554231, 0.522149445769),
        (1999, 2000, 0.997630286632, 0.999974353682, 0.997217360165, 0.999987341176),
        (2000, 2000, 0.998503255105, 1.000000000000, 0.998157260207, 1.000000000000),
        (7, 100000, 0.000032853603, 0.000131477096, 0.000028144079, 0.000144221401),
        (50000, 100000, 0.497394282260, 0.502605717740, 0.496896062492, 0.503103937508),
    ];

    #[test]
    fn the_bounds_are_those_of_a_statistics_library() {
        for (count, of, low, high, low2, high2) in SCIPY {
            let rate = rate(*count, *of, None);
            for (ours, theirs) in [
                (rate.bounds.low, low),
                (rate.bounds.high, high),
                (rate.interval.low, low2),
                (rate.interval.high, high2),
            ] {
                assert!((ours - theirs).abs() < 1e-9, "{count} of {of}: {ours} {theirs}");
            }
        }
    }

    #[test]
    fn the_verdict_table() {
        let verdict = |count, of, budget| rate(count, of, Some(budget)).verdict.expect("a budget");
        assert_eq!(verdict(0, 50, 0.02), BudgetVerdict::Unproven);
        assert_eq!(verdict(0, 148, 0.02), BudgetVerdict::Unproven);
        assert_eq!(verdict(0, 149, 0.02), BudgetVerdict::Met);
        assert_eq!(verdict(0, 597, 0.005), BudgetVerdict::Unproven);
        assert_eq!(verdict(0, 598, 0.005), BudgetVerdict::Met);
        assert_eq!(verdict(12, 100, 0.05), BudgetVerdict::Exceeded);
        assert_eq!(verdict(0, 0, 0.02), BudgetVerdict::Unproven);
        assert_eq!(verdict(0, 50, 0.0), BudgetVerdict::Unproven);
        assert_eq!(verdict(1, 50, 0.0), BudgetVerdict::Exceeded);
        assert_eq!(verdict(50, 50, 1.0), BudgetVerdict::Met);
    }

    #[test]
    fn what_is_needed_and_what_is_burnt() {
        assert_eq!(rate(0, 50, Some(0.02)).needed, Some(99));
        assert_eq!(rate(0, 0, Some(0.005)).needed, Some(598));
        assert_eq!(rate(0, 149, Some(0.02)).needed, None);
        assert_eq!(rate(3, 100, Some(0.0)).needed, None);
        assert_eq!(rate(1, 100, Some(0.02)).burnt, Some(0.5));
        assert_eq!((rate(0, 0, Some(0.02)).burnt, rate(0, 0, None).rate), (None, None));
    }

    #[test]
    fn the_difference_is_newcombes() {
        // Newcombe (1998), table II, example (a), method 10: 56/70 against 48/80.
        let found = difference(&rate(56, 70, None), &rate(48, 80, None)).expect("two rates");
        assert!((found.value - 0.2).abs() < 1e-12);
        assert!((found.interval.low - 0.0524).abs() < 5e-5 && (found.interval.high - 0.3339).abs() < 5e-5);
        assert_eq!(difference(&rate(0, 0, None), &rate(0, 5, None)), None);
    }

    proptest! {
        #[test]
        fn bounds_hold_the_rate_and_more_data_narrow_them(of in 1_u64..3_000, share in 0.0_f64..=1.0) {
            let count = (of as f64 * share) as u64;
            let (one, ten) = (rate(count, of, None), rate(count * 10, of * 10, None));
            let p = one.rate.expect("some");
            prop_assert!(one.interval.low <= one.bounds.low && one.bounds.low <= p && p <= one.bounds.high);
            prop_assert!(one.bounds.high <= one.interval.high && one.interval.high <= 1.0);
            prop_assert!(ten.bounds.high - ten.bounds.low <= one.bounds.high - one.bounds.low);
        }

        #[test]
        fn what_is_needed_is_enough_and_one_less_is_not(of in 0_u64..500, count in 0_u64..5, budget in 0.001_f64..0.2) {
            let count = count.min(of);
            let found = rate(count, of, Some(budget));
            if let Some(needed) = found.needed {
                prop_assert_eq!(rate(count, of + needed, Some(budget)).verdict, Some(BudgetVerdict::Met));
                prop_assert_ne!(rate(count, of + needed - 1, Some(budget)).verdict, Some(BudgetVerdict::Met));
            } else {
                prop_assert_eq!(found.verdict, Some(BudgetVerdict::Met));
            }
        }
    }
}
