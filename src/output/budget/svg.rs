//! The trend as one picture that can be read by itself: a panel for each rate, over the same quarters.

mod marks;
mod panel;
mod style;

use super::sections::headline;
use super::words;
use crate::audit::budget::result::{Budget, Rate};
use crate::output::escape::{clip, xml};
use panel::Panel;

/// Left of the plots: labels of the axis, headings of the rows.
const LEFT: f64 = 104.0;
/// Narrowest picture.
const NARROWEST: f64 = 720.0;
/// Narrowest place of a quarter.
const SLOT: f64 = 96.0;
/// Width of a character of 12 px, with room to spare: fonts differ. Bold ones are wider.
const CHARACTER: f64 = 6.8;
const BOLD: f64 = 8.4;
/// Above the first panel: title, scope, legend.
const HEAD: f64 = 140.0;
/// Characters of a name in the title.
const NAME: usize = 70;

/// A place on the axis: a quarter, the period where no trend was asked for, or the last four quarters together.
struct Slot<'a> {
    label: String,
    immature: bool,
    /// Several quarters: stands apart.
    together: bool,
    /// Rollback and escape.
    llm: [&'a Rate; 2],
    other: Option<[&'a Rate; 2]>,
}

/// The picture as an SVG document without a declaration, so that it can stand in a page. No script, no font, no address;
/// light or dark as its reader likes.
pub fn svg(budget: &Budget) -> String {
    let slots = slots(budget);
    let kinds =
        [("Rolled back", budget.limits.rollback_rate, 0), ("Let a defect escape", budget.limits.escape_rate, 1)];
    let mut panels = kinds.map(|(title, budget_rate, kind)| Panel {
        title,
        said: words::sentence([&budget.llm.rollback, &budget.llm.escape][kind]),
        budget: budget_rate,
        slots: &slots,
        kind,
        slot_width: 0.0,
    });
    let right = 24.0 + BOLD * longest(panels.iter().map(Panel::promised));
    let slot = SLOT.max(longest(slots.iter().flat_map(Slot::texts)) * CHARACTER + 12.0);
    let said = longest(panels.iter().map(|panel| panel.said.clone())) * CHARACTER + 40.0;
    let slot = slot.max((NARROWEST.max(said) - LEFT - right) / slots.len() as f64);
    panels.iter_mut().for_each(|panel| panel.slot_width = slot);
    let width = LEFT + slot * slots.len() as f64 + right;
    let height = HEAD + panels.iter().map(Panel::height).sum::<f64>() + 8.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rowproof-budget\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-labelledby=\"budget-title budget-desc\">\n\
         <title id=\"budget-title\">{}</title>\n<desc id=\"budget-desc\">{}</desc>\n<style>{}</style>\n\
         <rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\"/>\n",
        xml(&format!("{}: {}", clip(&headline(budget), NAME * 2), words::overall(budget).word)),
        xml(&description(budget, &slots)),
        style::STYLE,
    );
    text.push_str(&head(budget));
    let mut y = HEAD;
    for panel in &panels {
        text.push_str(&panel.draw(y));
        y += panel.height();
    }
    text.push_str("</svg>\n");
    text
}

/// Characters of the longest.
fn longest(texts: impl Iterator<Item = String>) -> f64 {
    texts.map(|text| text.chars().count()).max().unwrap_or(0) as f64
}

fn slots(budget: &Budget) -> Vec<Slot<'_>> {
    let mut slots: Vec<Slot<'_>> = budget
        .trend
        .iter()
        .map(|quarter| Slot {
            label: clip(&quarter.period.label, 30),
            immature: quarter.immature,
            together: false,
            llm: [&quarter.rollback, &quarter.escape],
            other: Some([&quarter.other_rollback, &quarter.other_escape]),
        })
        .collect();
    if slots.is_empty() {
        slots.push(Slot {
            label: clip(&budget.period.label, 30),
            immature: budget.llm.immature > 0,
            together: false,
            llm: [&budget.llm.rollback, &budget.llm.escape],
            other: Some([&budget.other.rollback, &budget.other.escape]),
        });
    }
    if let Some(pooled) = &budget.pooled {
        slots.push(Slot {
            label: "last 4 together".to_owned(),
            immature: words::pooled_immature(budget),
            together: true,
            llm: [&pooled.rollback, &pooled.escape],
            other: None,
        });
    }
    slots
}

impl Slot<'_> {
    /// Every text that stands under the plots.
    fn texts(&self) -> Vec<String> {
        let rates = self.llm.iter().chain(self.other.iter().flatten());
        rates.map(|rate| words::share_and_rate(rate)).chain([self.label.clone()]).collect()
    }
}

/// The same in words, for who does not see it.
fn description(budget: &Budget, slots: &[Slot<'_>]) -> String {
    let mut text = format!("{}.", words::scope(budget));
    for (kind, name) in ["rolled back", "let a defect escape"].into_iter().enumerate() {
        for slot in slots {
            let immature = if slot.immature { ", immature" } else { "" };
            let other = slot.other.map(|rates| format!("; others {}", words::whole_rate(rates[kind])));
            text.push_str(&format!(
                " {}{immature}, {name}: {}{}.",
                slot.label,
                words::sentence(slot.llm[kind]),
                other.unwrap_or_default()
            ));
        }
    }
    text
}

fn head(budget: &Budget) -> String {
    let overall = words::overall(budget);
    let (sign, word, class) = (overall.sign, overall.word, overall.class());
    let scope = format!(
        "{} · merged {} · counted on {} · rollbacks within {}",
        clip(&budget.period.label, 30),
        words::days(&budget.period),
        budget.as_of,
        words::window(budget.limits.window_days)
    );
    format!(
        "<text class=\"title\" x=\"20\" y=\"32\">Hallucination budget: <tspan class=\"{class}\">{sign} {word}</tspan></text>\n\
         <text class=\"name\" x=\"20\" y=\"54\">{}</text>\n<text class=\"faint\" x=\"20\" y=\"74\">{}</text>\n{}",
        xml(&clip(&budget.repository, NAME)),
        xml(&clip(&scope, 110)),
        marks::legend(20.0, 100.0),
    )
}
