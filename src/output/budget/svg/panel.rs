//! One rate over the quarters: a plot, and under it the numbers.

use super::super::scale::Scale;
use super::super::words;
use super::marks::{self, Kind, Plot};
use super::{LEFT, Slot};
use crate::audit::budget::result::Rate;
use crate::output::escape::xml;

/// From the top of the panel to that of the plot: the title, and the numbers of arrows.
const ABOVE: f64 = 72.0;
/// Height of the plot.
const HEIGHT: f64 = 170.0;
/// Height of a row under it.
const ROW: f64 = 18.0;
/// From the middle of a place to each of its two points.
const BESIDE: f64 = 20.0;

/// A panel.
pub(super) struct Panel<'a> {
    /// What it shows.
    pub title: &'static str,
    /// The rate of the period, and what it proves.
    pub said: String,
    /// What was promised.
    pub budget: Option<f64>,
    /// Places on the axis.
    pub slots: &'a [Slot<'a>],
    /// Which of the rates of a slot: 0 rollback, 1 escape.
    pub kind: usize,
    /// Width of a place.
    pub slot_width: f64,
}

impl Panel<'_> {
    /// Height of the panel, with the room below it.
    pub fn height(&self) -> f64 {
        ABOVE + HEIGHT + ROW * self.rows() as f64 + 34.0
    }

    fn rows(&self) -> usize {
        4 + usize::from(self.slots.iter().any(|slot| slot.immature))
    }

    /// The panel with its upper end at `y`.
    pub fn draw(&self, y: f64) -> String {
        let scale = self.scale();
        let plot = Plot { y: y + ABOVE, height: HEIGHT, top: scale.top };
        let right = LEFT + self.slot_width * self.slots.len() as f64;
        let mut text = format!(
            "<text class=\"panel\" x=\"20\" y=\"{:.1}\">{}</text>\n<text class=\"row\" x=\"20\" y=\"{:.1}\">{}</text>\n",
            y + 18.0,
            self.title,
            y + 37.0,
            xml(&self.said)
        );
        for at in scale.lines() {
            let class = if at == 0.0 { "axis" } else { "grid" };
            let at_y = plot.at(at);
            text.push_str(&format!(
                "<line class=\"{class}\" x1=\"{LEFT:.1}\" y1=\"{at_y:.1}\" x2=\"{right:.1}\" y2=\"{at_y:.1}\"/>\n\
                 <text class=\"faint end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                LEFT - 10.0,
                at_y + 4.0,
                scale.label(at)
            ));
        }
        let middle = plot.y + HEIGHT / 2.0;
        text.push_str(&format!(
            "<text class=\"faint mid\" x=\"28\" y=\"{middle:.1}\" transform=\"rotate(-90 28 {middle:.1})\">\
             % of pull requests</text>\n"
        ));
        text.push_str(&self.promise(plot, right));
        for (i, slot) in self.slots.iter().enumerate() {
            text.push_str(&self.slot(slot, LEFT + self.slot_width * (i as f64 + 0.5), plot));
        }
        text.push_str(&self.headings(plot));
        text
    }

    /// The label of the budget, empty without one.
    pub fn promised(&self) -> String {
        self.budget.map(|budget| format!("budget {}", words::promise(budget))).unwrap_or_default()
    }

    fn scale(&self) -> Scale {
        let llm = self.slots.iter().map(|slot| slot.llm[self.kind]);
        let other = self.slots.iter().filter_map(|slot| slot.other.map(|rates| rates[self.kind]));
        Scale::of(&llm.chain(other).collect::<Vec<&Rate>>(), self.budget)
    }

    fn promise(&self, plot: Plot, right: f64) -> String {
        let Some(budget) = self.budget else { return String::new() };
        let label = self.promised();
        let y = plot.at(budget);
        format!(
            "<line class=\"budget\" x1=\"{LEFT:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>\n\
             <text class=\"promise\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>\n",
            right + 6.0,
            y + 4.0,
        )
    }

    fn slot(&self, slot: &Slot<'_>, x: f64, plot: Plot) -> String {
        let llm = slot.llm[self.kind];
        let other = slot.other.map(|rates| rates[self.kind]);
        let mut text = String::new();
        if slot.together {
            let left = x - self.slot_width / 2.0;
            text.push_str(&format!(
                "<line class=\"axis young\" x1=\"{left:.1}\" y1=\"{:.1}\" x2=\"{left:.1}\" y2=\"{:.1}\"/>\n",
                plot.y,
                plot.y + HEIGHT + ROW * self.rows() as f64 + 6.0
            ));
        }
        if let Some(other) = other {
            text.push_str(&marks::rate(other, x + BESIDE, plot, Kind::Other, slot.immature));
        }
        let at = if other.is_some() { x - BESIDE } else { x };
        text.push_str(&marks::rate(llm, at, plot, Kind::Llm, slot.immature));
        let mut cells = vec![
            ("label", slot.label.clone()),
            ("row", words::share_and_rate(llm)),
            ("faint", other.map(words::share_and_rate).unwrap_or_default()),
            match llm.verdict {
                _ if llm.of == 0 => ("row", String::new()),
                Some(verdict) => (verdict.word(), words::verdict(verdict)),
                None => ("row", "no budget".to_owned()),
            },
        ];
        if slot.immature {
            cells.push(("immature", "immature".to_owned()));
        }
        for (row, (class, cell)) in cells.iter().enumerate().filter(|(_, (_, cell))| !cell.is_empty()) {
            let y = row_y(plot, row);
            text.push_str(&format!("<text class=\"{class} mid\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", xml(cell)));
        }
        text
    }

    fn headings(&self, plot: Plot) -> String {
        ["", "LLM-assisted", "others", "verdict"]
            .iter()
            .enumerate()
            .skip(1)
            .map(|(row, heading)| {
                let y = row_y(plot, row);
                format!("<text class=\"faint end\" x=\"{:.1}\" y=\"{y:.1}\">{heading}</text>\n", LEFT - 10.0)
            })
            .collect()
    }
}

fn row_y(plot: Plot, row: usize) -> f64 {
    plot.y + HEIGHT + 20.0 + ROW * row as f64
}
