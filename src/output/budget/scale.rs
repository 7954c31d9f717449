//! The scale of a panel: how high it reaches, and where its lines are.

use crate::audit::budget::result::Rate;

/// The panel reaches at most so many budgets high, so that the line of the budget stays off the axis.
const BUDGETS: f64 = 10.0;

/// From 0 to `top`, fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Upper end.
    pub top: f64,
    /// Distance of the lines.
    pub step: f64,
}

impl Scale {
    /// High enough for the budget and the rates, and for their intervals as far as these leave both readable: those of
    /// few pull requests reach to 100%.
    pub fn of(rates: &[&Rate], budget: Option<f64>) -> Self {
        // Of none, an interval is all from 0 to 100%.
        let known = || rates.iter().filter(|rate| rate.of > 0);
        let highest = |end: fn(&Rate) -> f64| known().map(|rate| end(rate)).fold(0.0, f64::max);
        let (point, end) = (highest(|rate| rate.rate.unwrap_or(0.0)), highest(|rate| rate.interval.high));
        let promised = budget.filter(|b| b.is_finite() && *b > 0.0);
        let must = point.max(promised.unwrap_or(0.0));
        let may = if must > 0.0 { must * 4.0 } else { 0.05 };
        let mut wanted = (must * 1.3).max(end.min(may) * 1.05);
        if let Some(budget) = promised {
            wanted = wanted.min(budget * BUDGETS);
        }
        if wanted.is_nan() || wanted <= 0.0 {
            wanted = 0.05;
        }
        let step = step(wanted.min(1.0) / 4.0);
        Self { top: ((wanted.min(1.0) / step).ceil() * step).min(1.0), step }
    }

    /// Fractions at which lines are drawn, 0 first.
    pub fn lines(&self) -> impl Iterator<Item = f64> + use<> {
        let Self { top, step } = *self;
        (0..=20).map(move |i| f64::from(i) * step).take_while(move |at| *at <= top * 1.000_001)
    }

    /// A line's label.
    pub fn label(&self, at: f64) -> String {
        if at == 0.0 {
            return "0%".to_owned();
        }
        let decimals = (0..5).find(|d| is_whole(self.step * 100.0 * 10f64.powi(*d))).unwrap_or(5);
        format!("{:.*}%", decimals as usize, at * 100.0)
    }
}

fn is_whole(x: f64) -> bool {
    (x - x.round()).abs() < 1e-6
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|t| t * power >= least * 0.999_999);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::budget::sample::rate;

    #[test]
    fn the_budget_stays_readable() {
        let scale = |rates: &[(u64, u64)], budget: Option<f64>| {
            let rates: Vec<Rate> = rates.iter().map(|(count, of)| rate(*count, *of, None)).collect();
            let scale = Scale::of(&rates.iter().collect::<Vec<_>>(), budget);
            (scale.label(scale.top), scale.lines().map(|at| scale.label(at)).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(scale(&[(3, 212), (0, 50)], Some(0.02)), ("8%".into(), "0% 2% 4% 6% 8%".into()));
        assert_eq!(scale(&[(1, 1)], Some(0.02)).0, "20%");
        assert_eq!(scale(&[(0, 0)], None).0, "6%");
        assert_eq!(scale(&[(0, 598)], Some(0.005)), ("0.8%".into(), "0% 0.2% 0.4% 0.6% 0.8%".into()));
        assert_eq!(scale(&[(9, 10)], None).0, "100%");
        assert_eq!(scale(&[(0, 9)], Some(0.0)).0, "6%");
        assert_eq!(scale(&[], Some(f64::NAN)).0, "6%");
    }
}
