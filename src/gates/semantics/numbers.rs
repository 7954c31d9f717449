//! Numbers that lose their unit, and text that is taken for a number.

use super::types::{self, Type};
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Kind, Literal, Node, Origin, Select};

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            found.extend(compared_as_text(reading, block, select, node));
            found.extend(mixed_units(reading, block, select, node));
        }
    }
    for item in select.items.iter().filter(|item| !item.starred) {
        found.extend(renamed_unit(reading, block, select, item));
    }
}

/// A text compared with digits: '9' comes after '10'.
fn compared_as_text(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let number = |node: &Node| match &node.kind {
        Kind::Literal(Literal::Text(text)) => !text.trim().is_empty() && text.trim().parse::<f64>().is_ok(),
        _ => false,
    };
    let texts = |node: &Node| {
        node.literal().is_none() && types::of(reading.known, &reading.outline, block, node) == Some(Type::Text)
    };
    let hit = match &node.kind {
        Kind::Binary { operator, left, right } if matches!(operator.as_str(), "<" | ">" | "<=" | ">=") => {
            (texts(left) && number(right)) || (number(left) && texts(right))
        }
        Kind::Between { inner, low, high, .. } => texts(inner) && (number(low) || number(high)),
        _ => false,
    };
    if !hit {
        return None;
    }
    let text = reading.text(select, node);
    let message = format!("{text} compares text: '9' is greater than '10'");
    let help = "cast the text to a number first";
    Some(Defect::new("string-compared-as-number", node.span, message, help).warning())
}

/// Words at the end of a name that say in what it is counted; those of one group cannot be mixed.
const UNITS: &[(&str, &[(&str, &str)])] = &[
    (
        "money",
        &[
            ("cents", "cents"),
            ("cent", "cents"),
            ("pence", "cents"),
            ("micros", "micros"),
            ("dollars", "dollars"),
            ("usd", "usd"),
            ("eur", "eur"),
            ("euros", "eur"),
            ("gbp", "gbp"),
            ("pounds", "gbp"),
            ("jpy", "jpy"),
            ("chf", "chf"),
            ("cad", "cad"),
            ("aud", "aud"),
            ("inr", "inr"),
        ],
    ),
    (
        "time",
        &[
            ("ms", "milliseconds"),
            ("millis", "milliseconds"),
            ("milliseconds", "milliseconds"),
            ("us", "microseconds"),
            ("micros", "microseconds"),
            ("ns", "nanoseconds"),
            ("sec", "seconds"),
            ("secs", "seconds"),
            ("seconds", "seconds"),
            ("mins", "minutes"),
            ("minutes", "minutes"),
            ("hours", "hours"),
            ("hrs", "hours"),
            ("days", "days"),
        ],
    ),
    ("mass", &[("kg", "kg"), ("grams", "grams"), ("lbs", "lb"), ("lb", "lb"), ("oz", "oz")]),
    ("length", &[("km", "km"), ("miles", "miles"), ("meters", "meters"), ("metres", "meters"), ("feet", "feet")]),
    ("temperature", &[("celsius", "celsius"), ("fahrenheit", "fahrenheit")]),
    ("size", &[("bytes", "bytes"), ("kb", "kb"), ("mb", "mb"), ("gb", "gb")]),
];

/// The unit of a name: (group, unit).
pub(super) fn unit_of_name(name: &str) -> Option<(&'static str, &'static str)> {
    let last = name.rsplit('_').next()?;
    // A bare `days` is a measure, but `us` and `ms` alone are words of other kinds.
    if last == name && last.len() < 4 {
        return None;
    }
    let find = |(group, words): &(&'static str, &'static [(&'static str, &'static str)])| {
        words.iter().find(|(word, _)| *word == last).map(|(_, unit)| (*group, *unit))
    };
    UNITS.iter().find_map(find)
}

/// The unit of an expression that keeps that of its column: a sum, a default, a cast.
fn unit(reading: &Reading<'_>, block: BlockId, node: &Node) -> Option<(String, String)> {
    match &node.kind {
        Kind::Column { name, .. } => {
            if let Origin::Base(id, column) = reading.outline.origin_of(block, node)
                && let Some(declared) = reading.known.meta(id, column, &["unit", "units", "currency"])
                && let Some(declared) = declared.as_str()
            {
                return Some(("declared".to_owned(), declared.to_lowercase()));
            }
            unit_of_name(name).map(|(group, unit)| (group.to_owned(), unit.to_owned()))
        }
        Kind::Cast { inner, .. } | Kind::Unary { operator: "-", inner } => unit(reading, block, inner),
        Kind::Call(call)
            if matches!(
                call.name.as_str(),
                "sum" | "avg" | "min" | "max" | "coalesce" | "round" | "abs" | "ifnull" | "nvl"
            ) =>
        {
            unit(reading, block, call.args.first()?)
        }
        _ => None,
    }
}

fn mixed_units(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let pair = |one: &Node, other: &Node| -> Option<(String, String)> {
        let (one, other) = (unit(reading, block, one)?, unit(reading, block, other)?);
        (one.0 == other.0 && one.1 != other.1).then_some((one.1, other.1))
    };
    let (one, other) = match &node.kind {
        Kind::Binary { operator, left, right }
            if matches!(operator.as_str(), "+" | "-" | "=" | "<" | ">" | "<=" | ">=" | "<>") =>
        {
            pair(left, right)?
        }
        Kind::Call(call) if matches!(call.name.as_str(), "coalesce" | "ifnull" | "nvl" | "greatest" | "least") => {
            call.args.windows(2).find_map(|two| pair(&two[0], &two[1]))?
        }
        _ => return None,
    };
    let text = reading.text(select, node);
    let message = format!("{text} mixes {one} and {other}");
    let help = "bring both to one unit first";
    Some(Defect::new("unit-mismatch", node.span, message, help).warning())
}

/// A column whose new name says another unit, while nothing converts it.
fn renamed_unit(
    reading: &Reading<'_>,
    block: BlockId,
    select: &Select,
    item: &crate::sql::outline::Item,
) -> Option<Defect> {
    let (group, unit_now) = unit_of_name(&item.name)?;
    let (was_group, was) = unit(reading, block, &item.node)?;
    let same = was == unit_now || (was_group != group && was_group != "declared");
    // A declared unit is compared only with a name of the same kind.
    let comparable = was_group != "declared"
        || UNITS.iter().any(|(of, words)| *of == group && words.iter().any(|(w, u)| *w == was || *u == was));
    let aliases = |unit: &str| if unit == "usd" { "dollars".to_owned() } else { unit.to_owned() };
    if same || !comparable || aliases(&was) == aliases(unit_now) {
        return None;
    }
    let text = reading.text(select, &item.node);
    let message = format!("`{}` is {text} under the name of another unit: {was} are called {unit_now}", item.name);
    let help = "convert the value, or keep the unit in the name";
    Some(Defect::new("unit-mismatch", item.node.span, message, help).warning().of_column(&item.name))
}
