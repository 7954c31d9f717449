//! The marks of the picture: points, intervals, and what they mean.

use super::super::words;
use crate::audit::budget::result::Rate;

/// From the middle of an interval to the end of its caps.
const CAP: f64 = 5.0;

/// Where fractions are on a plot.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    /// Upper end of the plot.
    pub y: f64,
    /// Its height.
    pub height: f64,
    /// The fraction at its upper end.
    pub top: f64,
}

impl Plot {
    /// The height of a fraction, that of the upper end for what lies above.
    pub fn at(self, fraction: f64) -> f64 {
        self.y + self.height * (1.0 - (fraction / self.top).clamp(0.0, 1.0))
    }
}

/// How a cohort is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Llm,
    Other,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Kind::Llm => "llm",
            Kind::Other => "other",
        }
    }
}

/// A rate as a point with its interval; where both reach above the plot, an arrow with the number.
pub(super) fn rate(rate: &Rate, x: f64, plot: Plot, kind: Kind, young: bool) -> String {
    let Some(fraction) = rate.rate else { return String::new() };
    let dashes = if young { " young" } else { "" };
    let class = kind.class();
    let (low, high) = (plot.at(rate.interval.low), plot.at(rate.interval.high));
    let mut text = String::new();
    if kind == Kind::Llm && rate.verdict.is_some() && rate.bounds.low < plot.top {
        let (low, high) = (plot.at(rate.bounds.low), plot.at(rate.bounds.high));
        text.push_str(&line("bounds llm", x, low, x, high));
    }
    let clipped = rate.interval.high > plot.top;
    if rate.interval.low < plot.top {
        let whisker = format!("whisker {class}{dashes}");
        text.push_str(&line(&whisker, x, low, x, high));
        text.push_str(&line(&format!("whisker {class}"), x - CAP, low, x + CAP, low));
        if !clipped {
            text.push_str(&line(&format!("whisker {class}"), x - CAP, high, x + CAP, high));
        }
    }
    let beyond = fraction > plot.top;
    if clipped || beyond {
        text.push_str(&arrow(x, plot.y, class));
        // A point that is not seen is told first: it says more than the end of its interval.
        let number = words::percent(if beyond { fraction } else { rate.interval.high });
        let what = if beyond { "label" } else { "faint" };
        text.push_str(&format!("<text class=\"{what} mid\" x=\"{x:.1}\" y=\"{:.1}\">{number}</text>\n", plot.y - 10.0));
    }
    if !beyond {
        text.push_str(&dot(x, plot.at(fraction), kind, young));
    }
    text
}

fn line(class: &str, x1: f64, y1: f64, x2: f64, y2: f64) -> String {
    format!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n")
}

fn arrow(x: f64, y: f64, class: &str) -> String {
    format!(
        "<path class=\"whisker {class}\" d=\"M{:.1} {:.1} L{x:.1} {:.1} L{:.1} {:.1}\"/>\n",
        x - CAP,
        y + 2.0,
        y - 5.0,
        x + CAP,
        y + 2.0
    )
}

/// A circle, or a square on its corner; hollow when it may still change.
fn dot(x: f64, y: f64, kind: Kind, young: bool) -> String {
    let hollow = if young { " hollow" } else { "" };
    match kind {
        Kind::Llm => format!("<circle class=\"dot llm{hollow}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5.5\"/>\n"),
        Kind::Other => format!(
            "<path class=\"dot other{hollow}\" d=\"M{x:.1} {:.1} L{:.1} {y:.1} L{x:.1} {:.1} L{:.1} {y:.1} Z\"/>\n",
            y - 5.5,
            x + 5.5,
            y + 5.5,
            x - 5.5
        ),
    }
}

/// What each mark means, in two lines from `x`, `y`.
pub(super) fn legend(x: f64, y: f64) -> String {
    let (first, second) = (y - 4.0, y + 18.0);
    let said =
        |x: f64, y: f64, text: &str| format!("<text class=\"faint\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>\n", y + 4.0);
    let across = |class: &str, x: f64, y: f64, caps: bool| {
        let mut text = line(class, x - 12.0, y, x + 12.0, y);
        for end in [x - 12.0, x + 12.0].into_iter().filter(|_| caps) {
            text.push_str(&line("whisker llm", end, y - 4.0, end, y + 4.0));
        }
        text
    };
    let mut text = dot(x + 6.0, first, Kind::Llm, false);
    text.push_str(&said(x + 18.0, first, "LLM-assisted"));
    text.push_str(&dot(x + 126.0, first, Kind::Other, false));
    text.push_str(&said(x + 138.0, first, "others"));
    text.push_str(&across("whisker llm young", x + 224.0, first, false));
    text.push_str(&dot(x + 224.0, first, Kind::Llm, true));
    text.push_str(&said(x + 244.0, first, "immature: may still rise"));
    text.push_str(&across("budget", x + 426.0, first, false));
    text.push_str(&said(x + 446.0, first, "budget"));
    text.push_str(&across("whisker llm", x + 12.0, second, true));
    text.push_str(&said(x + 32.0, second, "95% interval, two-sided"));
    text.push_str(&across("bounds llm", x + 224.0, second, false));
    text.push_str(&said(x + 244.0, second, "between the bounds (95%, one-sided each) on which the verdict stands"));
    text
}
