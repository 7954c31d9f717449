//! Columns that have their name from base and are made in another way.

use crate::gates::semantics::types::{self, Type};
use crate::gates::semantics::{Defect, Reading};
use crate::sql::outline::{BlockId, Call, Kind, Node, Select, canonical, text};

/// Columns of the same name: another aggregate, another count, a cast that loses digits, another zone.
pub(super) fn columns(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let (old, new) = (before.outline.outputs(), now.outline.outputs());
    let mut found = Vec::new();
    for (name, (block, node)) in &new {
        let Some((old_block, was)) = old.get(name) else { continue };
        let select = now.outline.blocks[*block].select();
        let was_select = before.outline.blocks[*old_block].select();
        let (Some(select), Some(was_select)) = (select, was_select) else { continue };
        let (text_now, text_was) = (text(select, node), text(was_select, was));
        if canonical(&now.outline, *block, node) == canonical(&before.outline, *old_block, was) {
            continue;
        }
        let pair = (text_was.as_str(), text_now.as_str());
        found.extend(aggregate_changed(name, pair, was, node));
        found.extend(lost_digits(now, *block, name, pair, (before, *old_block), was, node));
        found.extend(try_cast(name, pair, was, node));
        found.extend(zone_changed(name, pair, was, node));
        found.extend(frame_dropped(name, pair, was, node));
    }
    found
}

fn aggregates(node: &Node) -> Vec<&Call> {
    node.all().into_iter().filter_map(Node::call).filter(|call| call.aggregate).collect()
}

fn count_form(call: &Call) -> &'static str {
    match (call.star, call.distinct) {
        (true, _) => "all rows",
        (_, true) => "distinct values",
        _ => "values that are not NULL",
    }
}

fn aggregate_changed(name: &str, (was_text, now_text): (&str, &str), was: &Node, now: &Node) -> Option<Defect> {
    let (old, new) = (aggregates(was), aggregates(now));
    let (old, new) = (old.first()?, new.first()?);
    if old.name == new.name {
        if old.name == "count" && count_form(old) != count_form(new) {
            let message = format!(
                "`{name}` counted {} ({was_text}) and counts {} now ({now_text})",
                count_form(old),
                count_form(new)
            );
            let help = "check which of them the column means; readers see another number under the old name";
            return Some(Defect::new("count-form-changed", now.span, message, help).of_column(name));
        }
        return None;
    }
    let (rule, help) = match old.name.contains("count") && new.name.contains("count") {
        true => {
            ("count-form-changed", "check which count the column means; readers see another number under the old name")
        }
        false => ("aggregate-changed", "give the new aggregate a name of its own, or restore the old one"),
    };
    let message = format!("`{name}` was {was_text} and is {now_text}");
    Some(Defect::new(rule, now.span, message, help).of_column(name))
}

/// A cast or rounding that base did not have, around a value with more digits.
fn lost_digits(
    now: &Reading<'_>,
    block: BlockId,
    name: &str,
    (was_text, now_text): (&str, &str),
    (before, old_block): (&Reading<'_>, BlockId),
    was: &Node,
    node: &Node,
) -> Option<Defect> {
    let lossy = |reading: &Reading<'_>, block: BlockId, node: &Node| -> Vec<String> {
        let mut found = Vec::new();
        for part in node.all() {
            match &part.kind {
                Kind::Cast { inner, to, .. } => {
                    let from = types::of(reading.known, &reading.outline, block, inner);
                    let to_type = types::named(to);
                    let lost = match (from, to_type) {
                        (Some(Type::Integer | Type::Bool), Some(Type::Integer)) => false,
                        (Some(Type::Text | Type::Date), Some(Type::Integer | Type::Fraction)) => false,
                        (_, Some(Type::Integer)) => !matches!(inner.kind, Kind::Case { .. } | Kind::Literal(_)),
                        (from, Some(Type::Date)) => {
                            from == Some(Type::Timestamp)
                                || from.is_none()
                                    && inner.column().and_then(|(_, n)| types::suggested(n)) == Some(Type::Timestamp)
                        }
                        _ => matches!(to.as_str(), "real" | "float4" | "float32"),
                    };
                    if lost {
                        found.push(format!("cast to {to}"));
                    }
                }
                Kind::Call(call)
                    if matches!(call.name.as_str(), "round" | "trunc" | "floor" | "ceil" | "ceiling" | "truncate")
                        // Two digits and more are how money is written.
                        && call.args.get(1).is_none_or(|digits| digits.number().is_some_and(|n| n < 2.0)) =>
                {
                    found.push(call.name.clone());
                }
                Kind::Other { word: word @ ("floor" | "ceil"), .. } => found.push((*word).to_owned()),
                _ => {}
            }
        }
        found
    };
    let old = lossy(before, old_block, was);
    let new = lossy(now, block, node);
    let added = new.into_iter().find(|one| !old.contains(one))?;
    let message = format!("`{name}` loses digits by a new {added}: {was_text} became {now_text}");
    let help = "keep the precision in the model and round where the number is shown";
    Some(Defect::new("lossy-cast", node.span, message, help).of_column(name))
}

fn try_cast(name: &str, (was_text, now_text): (&str, &str), was: &Node, now: &Node) -> Option<Defect> {
    let tries = |node: &Node| {
        node.all().into_iter().any(|part| match &part.kind {
            Kind::Cast { safe, .. } => *safe,
            Kind::Call(call) => call.name.starts_with("try_") || call.name.starts_with("safe_cast"),
            _ => false,
        })
    };
    if tries(was) || !tries(now) {
        return None;
    }
    let message = format!("`{name}` turns what cannot be cast into NULL now: {was_text} became {now_text}");
    let help = "let bad values fail, or count them with a test, before they disappear";
    Some(Defect::new("try-cast", now.span, message, help).warning().of_column(name))
}

fn zone_changed(name: &str, (was_text, now_text): (&str, &str), was: &Node, now: &Node) -> Option<Defect> {
    let zones = |node: &Node| -> Vec<String> {
        let mut found = Vec::new();
        for part in node.all() {
            match &part.kind {
                Kind::TimeZone { zone, .. } => found.push(text(&Select::default(), zone)),
                Kind::Call(call)
                    if matches!(
                        call.name.as_str(),
                        "convert_timezone" | "from_utc_timestamp" | "to_utc_timestamp" | "timezone" | "at_timezone"
                    ) =>
                {
                    found.extend(
                        call.args.iter().filter(|arg| arg.literal().is_some()).map(|arg| text(&Select::default(), arg)),
                    );
                }
                _ => {}
            }
        }
        found
    };
    if zones(was) == zones(now) {
        return None;
    }
    let message = format!("`{name}` is in another time zone: {was_text} became {now_text}");
    let help = "days and hours shift for every reader: keep the zone, or give the column another name";
    Some(Defect::new("timezone-shift", now.span, message, help).warning().of_column(name))
}

fn frame_dropped(name: &str, (was_text, now_text): (&str, &str), was: &Node, now: &Node) -> Option<Defect> {
    let framed = |node: &Node| {
        let windows = node.all().into_iter().filter_map(|part| part.call()?.over.clone());
        windows.map(|over| (over.frame.is_some(), !over.order.is_empty())).collect::<Vec<_>>()
    };
    let (old, new) = (framed(was), framed(now));
    let lost = old.iter().zip(&new).any(|(old, new)| old.0 && !new.0 && new.1);
    if !lost {
        return None;
    }
    let message = format!("`{name}` lost the frame of its window: {was_text} became {now_text}");
    let help = "without a frame an ordered window ends with the current row and its ties: restore `rows between ...`";
    Some(Defect::new("window-frame-default", now.span, message, help).warning().of_column(name))
}
