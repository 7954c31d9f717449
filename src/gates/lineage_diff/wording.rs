//! Canonical expressions in a person's words: short names, and only the part that differs.

use crate::gates::Context;
use crate::pii::calls::calls;
use regex::Regex;
use similar::{DiffTag, capture_diff_slices};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Tokens shown on each side of a difference.
const AROUND: usize = 4;
/// Characters of a difference that are shown.
const WIDTH: usize = 90;

static ROWS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"@?\brows [0-9a-f]{16}'*(?:#\d+)?").expect("the pattern is constant"));
static INSTANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\b(?:model|seed|snapshot|source)(?:\.[\w-]+)+)'*#\d+\.").expect("the pattern is constant")
});
static UNION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<text>'(?:[^']|'')*')|\b(?:union|except|intersect)(?: all| distinct)?\b")
        .expect("the pattern is constant")
});
static LONG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bexpression [0-9a-f]{16}\b").expect("the pattern is constant"));
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"'(?:[^']|'')*'|[\w.$]+|\s+|.").expect("the pattern is constant"));
static ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:model|seed|snapshot|source)\.[\w-]+(?:\.[\w-]+)+").expect("the pattern is constant")
});

/// The canonical text without the names of row blocks and the numbers of instances.
pub(super) fn without_blocks(text: &str) -> String {
    let text = ROWS.replace_all(text, "");
    let text = INSTANCE.replace_all(&text, "$1.");
    LONG.replace_all(&text, "expression").into_owned()
}

/// The expression without anything that is about rows: what the value is, for a given row. Which set operation joins
/// the arms is a matter of rows too, told by its clause.
pub(super) fn without_rows(expression: &str) -> String {
    let text = without_blocks(expression);
    let union = |hit: &regex::Captures<'_>| hit.name("text").map_or("union", |text| text.as_str()).to_owned();
    same_arms(UNION.replace_all(&text, union).into_owned())
}

/// A column that every arm of a union computes alike has that value, however many arms there are.
fn same_arms(text: String) -> String {
    let arms = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).map(|t| t.split(" union ").collect::<Vec<_>>());
    match arms.as_deref() {
        Some([first, rest @ ..]) if !rest.is_empty() && rest.iter().all(|arm| arm == first) => (*first).to_owned(),
        _ => text,
    }
}

/// The expression with the names that people use.
pub(super) fn shown_expression(expression: &str, cx: &Context<'_>) -> String {
    // A joined block has no name that means anything to a person.
    let named =
        ROWS.replace_all(
            expression,
            |hit: &regex::Captures<'_>| {
                if hit[0].starts_with('@') { hit[0].to_owned() } else { "(subquery)".to_owned() }
            },
        );
    let plain = without_blocks(&named);
    let short = ID.replace_all(&plain, |hit: &regex::Captures<'_>| short_name(&hit[0], cx));
    LONG.replace_all(&short, "...").into_owned()
}

/// `orders.amount` for `model.shop.orders.amount`: the longest known id that the text begins with gives its name.
fn short_name(text: &str, cx: &Context<'_>) -> String {
    let ends = text.char_indices().filter(|(_, c)| *c == '.').map(|(at, _)| at).chain([text.len()]);
    for end in ends.collect::<Vec<_>>().into_iter().rev() {
        let id = &text[..end];
        let known = |bound: &crate::project::bind::Bound| {
            bound.project.models.contains_key(id) || bound.project.sources.contains_key(id)
        };
        if known(cx.head) {
            return format!("{}{}", cx.head.display_name(id), &text[end..]);
        }
        if known(cx.base) {
            return format!("{}{}", cx.base.display_name(id), &text[end..]);
        }
    }
    text.to_owned()
}

/// At most `width` characters, with a mark where there were more.
pub(super) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width).chain("...".chars()).collect()
}

/// What differs between two expressions: functions that came or went, then the first differing part.
pub(super) fn difference(before: &str, now: &str) -> String {
    let (gone, fresh) = (functions(before, now), functions(now, before));
    let list = |names: &[String]| names.iter().map(|n| format!("{n}()")).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !gone.is_empty() {
        parts.push(format!("no longer {}", list(&gone)));
    }
    if !fresh.is_empty() {
        parts.push(format!("now {}", list(&fresh)));
    }
    parts.push(from_to(before, now));
    parts.join("; ")
}

/// Functions that `one` calls more often than `other`, sorted.
fn functions(one: &str, other: &str) -> Vec<String> {
    let count = |text: &str| {
        let mut all: BTreeMap<String, usize> = BTreeMap::new();
        for call in calls(text).into_iter().filter(|c| !matches!(c.name.as_str(), "in" | "and" | "or" | "not")) {
            *all.entry(call.name).or_default() += 1;
        }
        all
    };
    let theirs = count(other);
    let mine = count(one).into_iter();
    mine.filter(|(name, n)| *n > theirs.get(name).copied().unwrap_or(0)).map(|(name, _)| name).collect()
}

/// `` `old part` -> `new part` ``: the parts that differ, with a little around them.
pub(super) fn from_to(before: &str, now: &str) -> String {
    if before.chars().count() <= WIDTH && now.chars().count() <= WIDTH {
        return format!("`{now}` (was `{before}`)");
    }
    let split = |text| TOKEN.find_iter(text).map(|m| m.as_str()).collect::<Vec<_>>();
    let (old, new) = (split(before), split(now));
    let changes = capture_diff_slices(similar::Algorithm::Myers, &old, &new);
    let mut changed = changes.iter().filter(|op| op.tag() != DiffTag::Equal);
    let (Some(first), last) = (changed.next(), changed.next_back()) else { return "`...`".to_owned() };
    let last = last.unwrap_or(first);
    let window = |tokens: &[&str], from: usize, to: usize| {
        let (start, end) = (from.saturating_sub(AROUND), (to + AROUND).min(tokens.len()));
        let text = clip(tokens[start..end].concat().trim(), WIDTH);
        let (head, tail) = (if start > 0 { "... " } else { "" }, if end < tokens.len() { " ..." } else { "" });
        format!("{head}{text}{tail}")
    };
    let old = window(&old, first.old_range().start, last.old_range().end);
    let new = window(&new, first.new_range().start, last.new_range().end);
    format!("`{new}` (was `{old}`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_blocks_and_instances_do_not_count() {
        let a = "sum(model.p.orders.amount)@rows 0123456789abcdef";
        let b = "sum(model.p.orders.amount)@rows fedcba9876543210#2";
        assert_eq!(without_rows(a), without_rows(b));
        assert_eq!(without_rows("model.p.o'#2.x = 'a#2'"), "model.p.o.x = 'a#2'");
        assert_eq!(without_rows("[a union b]"), without_rows("[a union all b]"));
        assert_ne!(without_rows("x = 'union all'"), without_rows("x = 'union'"));
        assert_ne!(without_rows("sum(a)@rows 0123456789abcdef"), without_rows("sum(b)@rows 0123456789abcdef"));
    }

    #[test]
    fn only_the_part_that_differs_is_shown() {
        let long = "case when orders.a > 1 then 'one' when orders.b > 2 then 'two' ".repeat(20);
        let (old, new) = (format!("least({long} end, 100)"), format!("{long} end"));
        let words = difference(&old, &new);
        assert!(words.starts_with("no longer least(); `"), "{words}");
        assert!(words.chars().count() < 300, "{words}");
        assert_eq!(from_to("a.x", "a.y"), "`a.y` (was `a.x`)");
    }

    #[test]
    fn hostile_text_does_no_harm() {
        for text in ["", "'", "é'", "rows ", "@rows 0123456789abcdef", "(((", "\u{0}"] {
            without_rows(text);
            difference(text, "x");
            difference("x", text);
            clip(text, 1);
        }
    }
}
