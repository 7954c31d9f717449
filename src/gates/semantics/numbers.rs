//! Numbers that lose digits, meaning or their unit on the way.

use super::types::{self, Type};
use super::{Defect, Reading};
use crate::sql::Dialect;
use crate::sql::outline::{BlockId, Kind, Literal, Node, Origin, Select};

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (clause, expression) in select.expressions() {
        for node in expression.all() {
            found.extend(integer_division(reading, block, select, node));
            found.extend(compared_as_text(reading, block, select, node));
            found.extend(mixed_units(reading, block, select, node));
            if clause == "select" {
                found.extend(unguarded(reading, block, select, node));
            }
        }
    }
    for item in select.items.iter().filter(|item| !item.starred) {
        found.extend(renamed_unit(reading, block, select, item));
    }
}

/// Dialects in which `/` between two whole numbers drops the fraction.
fn divides_whole(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Postgres | Dialect::Redshift | Dialect::TSql | Dialect::Trino | Dialect::Sqlite)
}

fn integer_division(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let (left, right) = match &node.kind {
        Kind::Binary { operator, left, right }
            if operator == "/" && divides_whole(reading.known.bound.project.dialect) =>
        {
            (left.as_ref(), right.as_ref())
        }
        // Written so on purpose by most, but not over counts.
        Kind::Binary { operator, left, right } if operator == "//" && folds(left) && folds(right) => {
            (left.as_ref(), right.as_ref())
        }
        _ => return None,
    };
    let whole = |node: &Node| types::of(reading.known, &reading.outline, block, node) == Some(Type::Integer);
    if !whole(left) || !whole(right) {
        return None;
    }
    // Whole numbers by a constant are parts of time or pages more often than shares.
    if right.number().is_some() && !folds(left) {
        return None;
    }
    let text = reading.text(select, node);
    let message = format!("{text} divides whole numbers and drops the fraction");
    let help = "multiply the numerator by 1.0, or cast it to a decimal, before the division";
    Some(Defect::new("integer-division", node.span, message, help))
}

fn folds(node: &Node) -> bool {
    node.all().iter().any(|part| part.call().is_some_and(|call| call.aggregate || call.over.is_some()))
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

/// A division whose divisor may be 0.
fn unguarded(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let Kind::Binary { operator, left: _, right } = &node.kind else { return None };
    if operator != "/" || right.number().is_some() || safe_divisor(reading, block, select, right) {
        return None;
    }
    let divisor = reading.text(select, right);
    // Inside a CASE or beside a filter that asks about the divisor.
    let asks = |condition: &Node| {
        condition.all().iter().any(|part| part.literal().is_none() && reading.text(select, part) == divisor)
    };
    let guarded_by_case = select.expressions().iter().any(|(_, expression)| {
        expression.all().iter().any(|part| match &part.kind {
            Kind::Case { whens, operand, .. } => {
                let within = part.all().iter().any(|inner| inner.span == node.span && inner.span.known());
                within && (whens.iter().any(|(condition, _)| asks(condition)) || operand.as_deref().is_some_and(asks))
            }
            Kind::Call(call) if matches!(call.name.as_str(), "if" | "iff" | "iif") => {
                part.all().iter().any(|inner| inner.span == node.span) && call.args.first().is_some_and(asks)
            }
            _ => false,
        })
    });
    if guarded_by_case || select.filters.iter().chain(&select.having).any(asks) {
        return None;
    }
    let text = reading.text(select, node);
    let message = format!("{text} fails, or gives NULL or infinity, where {divisor} is 0");
    let help = format!("divide by nullif({divisor}, 0)");
    Some(Defect::new("unguarded-division", node.span, message, help).warning().only_new())
}

fn safe_divisor(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> bool {
    match &node.kind {
        Kind::Literal(_) => true,
        Kind::Cast { inner, .. } => safe_divisor(reading, block, select, inner),
        Kind::Column { .. } => match reading.outline.origin_of(block, node) {
            Origin::Expression(inner, made) => reading.outline.blocks[inner].select().is_some_and(|select| {
                !matches!(made.kind, Kind::Column { .. }) && safe_divisor(reading, inner, select, made)
            }),
            _ => false,
        },
        Kind::Call(call) => match call.name.as_str() {
            "nullif" | "greatest" => true,
            // A group has at least one row; all rows may be none.
            "count" => call.star && select.group.as_ref().is_some_and(|keys| !keys.is_empty()) && call.filter.is_none(),
            "power" | "pow" | "exp" => true,
            _ => false,
        },
        // A product of constants and safe parts.
        Kind::Binary { operator, left, right } if operator == "*" => {
            safe_divisor(reading, block, select, left) && safe_divisor(reading, block, select, right)
        }
        _ => false,
    }
}
