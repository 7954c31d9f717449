//! Numbers and keys that were put into the SQL by hand.

use crate::finding::{Finding, Severity};
use crate::gates::Context;
use crate::gates::texts::Text;
use crate::project::Model;
use crate::sql::Span;
use crate::sql::outline::{BlockId, Body, Kind, Literal, Node, Outline, Select, canonical, outline, text};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;

/// Numbers that convert units or say a share, rather than mend a result.
const UNITS: &[f64] = &[
    0.0,
    1.0,
    2.0,
    4.0,
    7.0,
    10.0,
    12.0,
    24.0,
    30.0,
    52.0,
    60.0,
    90.0,
    100.0,
    360.0,
    365.0,
    365.25,
    1000.0,
    1024.0,
    1440.0,
    3600.0,
    10_000.0,
    86_400.0,
    100_000.0,
    1_000_000.0,
    3_600_000.0,
    86_400_000.0,
    1_000_000_000.0,
    0.01,
    0.001,
    0.1,
    0.5,
];

pub(super) fn look(base: &Model, head: &Model, cx: &Context<'_>) -> Result<Vec<Finding>> {
    let mut found: Vec<Finding> = Vec::new();
    let before = Text::all(base).map_err(|error| anyhow!("nothing to compare with: on base {error}"))?;
    for now in Text::all(head)? {
        let Some(was) = before.iter().find(|text| text.incremental == now.incremental) else { continue };
        let read =
            |sql: &str, bound| outline(sql, cx.head.project.dialect, bound).map_err(|e| anyhow!("SQL not parsed: {e}"));
        let old = read(was.sql, cx.base).map_err(|error| anyhow!("nothing to compare with: on base {error}"))?;
        let new = read(now.sql, cx.head)?;
        let pair = Pair { old: &old, new: &new };
        for (rule, severity, message, help, span) in pair.look() {
            let finding = Finding::new(rule, message, help).severity(severity).at(now.place(&span));
            if !found.iter().any(|one| one.rule == finding.rule && one.message == finding.message) {
                found.push(finding);
            }
        }
    }
    Ok(found)
}

type Told = (&'static str, Severity, String, &'static str, Span);

struct Pair<'a> {
    old: &'a Outline,
    new: &'a Outline,
}

impl Pair<'_> {
    fn look(&self) -> Vec<Told> {
        let mut found = self.keys();
        found.extend(self.pasted_rows());
        let (old, new) = (self.old.outputs(), self.new.outputs());
        for (name, (block, node)) in &new {
            let Some((old_block, was)) = old.get(name) else { continue };
            let text_was = canonical(self.old, *old_block, was);
            if canonical(self.new, *block, node) == text_was {
                continue;
            }
            found.extend(self.pasted(name, *block, node, was));
            found.extend(self.factor(name, *block, node, &text_was));
        }
        found.extend(self.defaults());
        found
    }

    /// Conditions and cases over the keys of single rows.
    fn keys(&self) -> Vec<Told> {
        let named = |outline: &Outline| -> BTreeSet<String> {
            let mut found = BTreeSet::new();
            for (block, select) in outline.selects() {
                for (clause, expression) in select.expressions() {
                    for node in expression.all() {
                        if names_rows(clause, node) {
                            found.insert(canonical(outline, block, node));
                        }
                    }
                }
            }
            found
        };
        let known = named(self.old);
        let mut found = Vec::new();
        for (block, select) in self.new.selects() {
            for (clause, expression) in select.expressions() {
                for node in expression.all() {
                    if names_rows(clause, node) && !known.contains(&canonical(self.new, block, node)) {
                        let message = format!("{} names single rows by their key", text(select, node));
                        let help = "find what those rows have in common and filter by that, or mend them at the source";
                        found.push(("integrity/hard-coded-key", Severity::Error, message, help, node.span));
                    }
                }
            }
        }
        found
    }

    /// Rows of constants where base reads relations.
    fn pasted_rows(&self) -> Option<Told> {
        let constants = |outline: &Outline| -> usize {
            let rows = outline.selects().filter(|(_, select)| {
                select.sources.is_empty()
                    && select.items.len() > 1
                    && select.items.iter().all(|item| item.node.literal().is_some())
                    && select.items.iter().any(|item| matches!(item.node.literal(), Some(Literal::Number(_))))
            });
            rows.count() + outline.blocks.iter().filter(|block| matches!(block.body, Body::Opaque(_))).count()
        };
        let reads = |outline: &Outline| outline.selects().map(|(_, select)| select.sources.len()).sum::<usize>();
        let (was, is) = (constants(self.old), constants(self.new));
        if is <= was || reads(self.old) == 0 {
            return None;
        }
        let root = self.new.blocks[self.new.root].select().map(|select| select.span).unwrap_or_default();
        let message = format!("{} rows of constants stand in the SQL where base has {was}", is);
        let help = "compute them, or keep them in a seed that is reviewed as data";
        Some(("integrity/pasted-result", Severity::Error, message, help, root))
    }

    /// A column that is a constant, or a case of numbers, where base computes it.
    fn pasted(&self, name: &str, block: BlockId, node: &Node, was: &Node) -> Option<Told> {
        let computed = |node: &Node| !node.columns().is_empty() && !matches!(node.kind, Kind::Case { .. });
        if !computed(was) {
            return None;
        }
        let select = self.new.blocks[block].select()?;
        let help = "compute it: a constant is right on the day it was pasted";
        if matches!(node.literal(), Some(Literal::Number(_))) {
            let message = format!("`{name}` is the constant {} where base computes it", text(select, node));
            return Some(("integrity/pasted-result", Severity::Error, message, help, node.span));
        }
        let Kind::Case { whens, otherwise, .. } = &node.bare().kind else { return None };
        let results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
        let numbers: Vec<f64> = results.filter_map(Node::number).collect();
        let odd: BTreeSet<String> = numbers.iter().filter(|n| **n != 0.0 && **n != 1.0).map(f64::to_string).collect();
        if odd.len() < 2 {
            return None;
        }
        let message = format!("`{name}` is one of {} numbers in a CASE where base computes it", odd.len());
        Some(("integrity/pasted-result", Severity::Error, message, help, node.span))
    }

    /// The expression of base times, plus or minus a number.
    fn factor(&self, name: &str, block: BlockId, node: &Node, was: &str) -> Option<Told> {
        let select = self.new.blocks[block].select()?;
        let mut at = node;
        // `round(x * 1.02, 2)`
        while let Kind::Call(call) = &at.kind
            && matches!(call.name.as_str(), "round" | "coalesce" | "cast" | "floor" | "ceil")
            && let Some(first) = call.args.first()
        {
            at = first;
        }
        for part in at.all() {
            let Kind::Binary { operator, left, right } = &part.kind else { continue };
            if !matches!(operator.as_str(), "*" | "/" | "+" | "-") {
                continue;
            }
            let (number, rest) = match (left.number(), right.number()) {
                (Some(number), None) => (number, right),
                (None, Some(number)) => (number, left),
                _ => continue,
            };
            if UNITS.contains(&number.abs()) || !self.is_new(number) {
                continue;
            }
            let inner = canonical(self.new, block, rest);
            // Around the whole value, or around a part that is in base's expression.
            if inner == was || (was.contains(&inner) && !inner.is_empty()) {
                let message =
                    format!("`{name}` is what base has, with {} {operator} {number} around it", text(select, rest));
                let help = "find why the values are off, and mend that; name the number where it is a real rate";
                return Some(("integrity/fudge-factor", Severity::Error, message, help, part.span));
            }
        }
        None
    }

    /// Whether base does not have the number at all.
    fn is_new(&self, number: f64) -> bool {
        !self.old.selects().any(|(_, select)| {
            select.expressions().iter().any(|(_, node)| node.all().iter().any(|part| part.number() == Some(number)))
        })
    }

    /// COALESCE with a number that is no neutral one.
    fn defaults(&self) -> Vec<Told> {
        let mut found = Vec::new();
        for (_, select) in self.new.selects() {
            for (_, expression) in select.expressions() {
                for node in expression.all() {
                    found.extend(self.default(select, node));
                }
            }
        }
        found
    }

    fn default(&self, select: &Select, node: &Node) -> Option<Told> {
        let call = node.call().filter(|call| matches!(call.name.as_str(), "coalesce" | "ifnull" | "nvl" | "isnull"))?;
        let number = call.args.last()?.number()?;
        let neutral = [0.0, 1.0, -1.0, 99.0, 999.0, 9999.0, 100.0, -99.0, -999.0, -9999.0].contains(&number);
        if neutral || call.args.len() < 2 || call.args[0].literal().is_some() || !self.is_new(number) {
            return None;
        }
        let message = format!("{} puts a number from the SQL where a value is missing", text(select, node));
        let help = "leave it NULL, or take the value from where it is known";
        Some(("integrity/exact-value-coalesce", Severity::Error, message, help, node.span))
    }
}

/// Whether rows are left out, picked one by one, or given a number of their own by constants that are keys of rows.
fn names_rows(clause: &str, node: &Node) -> bool {
    let filters = matches!(clause, "where" | "on" | "having" | "qualify");
    match &node.kind {
        Kind::Binary { operator, left, right } if filters && operator == "<>" => compares_key(left, right),
        Kind::In { inner, list, negated } if filters => {
            is_key(inner) && list.iter().all(is_row) && (*negated || list.len() > 1)
        }
        // A name for an id is a lookup; a number for it is a result.
        Kind::Case { operand, whens, otherwise } => {
            let results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
            let numbers = results.filter_map(Node::number).any(|number| number != 0.0 && number != 1.0);
            let by_operand = operand.as_deref().is_some_and(is_key) && whens.iter().any(|(value, _)| is_row(value));
            let by_condition = whens.iter().any(|(condition, _)| {
                condition.all().into_iter().any(|part| match &part.kind {
                    Kind::Binary { operator, left, right } => operator == "=" && compares_key(left, right),
                    Kind::In { inner, list, .. } => is_key(inner) && !list.is_empty() && list.iter().all(is_row),
                    _ => false,
                })
            });
            numbers && (by_operand || by_condition)
        }
        _ => false,
    }
}

fn compares_key(left: &Node, right: &Node) -> bool {
    (is_key(left) && is_row(right)) || (is_key(right) && is_row(left))
}

/// Whether a column names rows, by its name: ids of kinds and places name groups of them.
fn is_key(node: &Node) -> bool {
    let groups = [
        "type", "status", "class", "category", "country", "currency", "region", "language", "source", "event",
        "tenant", "plan", "site", "org", "role", "state", "group", "kind", "app",
    ];
    node.bare().column().is_some_and(|(_, name)| {
        let mut words = name.rsplit('_');
        let last = words.next().unwrap_or(name);
        let identifier = matches!(last, "id" | "key" | "uuid" | "guid" | "pk" | "sk" | "number" | "email");
        identifier && words.next().is_none_or(|word| !groups.contains(&word))
    })
}

/// Whether a constant can be the key of a row: placeholders for a missing one are none.
fn is_row(node: &Node) -> bool {
    match node.literal() {
        Some(Literal::Number(text)) => !matches!(text.as_str(), "0" | "1"),
        Some(Literal::Text(text)) => {
            let word = text.trim().to_lowercase();
            let placeholder = ["", "0", "-1", "1", "unknown", "n/a", "na", "none", "null", "undefined", "test", "%"];
            !placeholder.contains(&word.as_str())
        }
        _ => false,
    }
}
