//! Output columns, base against head.

use super::wording::{clip, difference, from_to, shown_expression, without_rows};
use super::{origins, reach, rows};
use crate::finding::{Finding, Location, Severity};
use crate::gates::texts::Text;
use crate::gates::{Change, Checked, Context};
use crate::project::Model;
use crate::project::bind::ColumnId;
use crate::sql::{self, Analysis, Output, OutputKind, Reason, Role};
use std::collections::{BTreeMap, BTreeSet};

/// One text of a model on both sides.
pub(super) struct Pair<'a> {
    pub(super) base_model: &'a Model,
    pub(super) head_model: &'a Model,
    pub(super) base: &'a Analysis,
    pub(super) head: &'a Analysis,
    /// The head text that `head` was read from.
    pub(super) text: Text<'a>,
    pub(super) cx: &'a Context<'a>,
}

/// `13 columns`, and that there may be more.
pub(super) fn count(analysis: &Analysis) -> String {
    let more = if analysis.open.is_empty() { "" } else { " and a star over columns that are not known" };
    match analysis.outputs.len() {
        1 => format!("1 column{more}"),
        n => format!("{n} columns{more}"),
    }
}

fn find<'o>(outputs: &'o [Output], name: &str) -> Option<&'o Output> {
    outputs.iter().find(|o| o.name.eq_ignore_ascii_case(name))
}

impl Pair<'_> {
    /// Every difference, columns first, then rows.
    pub(super) fn compare(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut added: Vec<&Output> = Vec::new();
        for now in &self.head.outputs {
            match find(&self.base.outputs, &now.name) {
                Some(before) if !self.same(before, now) => findings.extend(self.changed(before, now)),
                Some(_) => {}
                None => added.push(now),
            }
        }
        let gone: Vec<&Output> =
            self.base.outputs.iter().filter(|o| find(&self.head.outputs, &o.name).is_none()).collect();
        let renames = self.renames(&gone, &added);
        findings.extend(renames.iter().map(|(before, now)| self.renamed(before, now)));
        let is_renamed = |name: &str| renames.iter().any(|(b, n)| b.name == name || n.name == name);
        // Under an open star a column of the other side may still be there: neither new nor gone can be told.
        if self.base.open.is_empty() {
            findings.extend(added.iter().filter(|o| !is_renamed(&o.name)).map(|o| self.added(o)));
        }
        if self.head.open.is_empty() {
            findings.extend(gone.iter().filter(|o| !is_renamed(&o.name)).map(|o| self.removed(o)));
        } else {
            findings.extend(self.opened());
        }
        findings.extend(self.reordered());
        let rows = rows::compare(self, !findings.is_empty());
        findings.extend(rows);
        findings
    }

    fn place(&self, output: &Output) -> Location {
        self.text.place_of(output)
    }

    /// Whether both sides compute the same value for a row. Which rows there are is told elsewhere, so the names
    /// of row blocks within the expressions do not count, unless nothing else can be what makes them differ.
    fn same(&self, before: &Output, now: &Output) -> bool {
        if before.expression == now.expression {
            return true;
        }
        if without_rows(&before.expression) != without_rows(&now.expression) {
            return false;
        }
        let same_rows = self.base.row_shape.is_some() && self.base.row_shape == self.head.row_shape;
        let item = |text: &str, o: &Output| text.get(o.span.start..o.span.end).unwrap_or_default().to_owned();
        let base_sql = self.base_model.compiled.as_ref().map(|c| match (self.text.incremental, &c.incremental_sql) {
            (true, Some(sql)) => sql.as_str(),
            _ => c.sql.as_str(),
        });
        let dialect = self.cx.head.project.dialect;
        let same_item =
            base_sql.is_ok_and(|sql| sql::same_text(&item(sql, before), &item(self.text.sql, now), dialect));
        !same_rows && same_item && reads(before) == reads(now)
    }

    fn changed(&self, before: &Output, now: &Output) -> Option<Finding> {
        let column = &now.name;
        let lost = !now.unresolved.is_empty() && before.unresolved.is_empty();
        if lost || (now.kind == OutputKind::Unknown && before.kind != OutputKind::Unknown) {
            let what = now.unresolved.first().map(|u| format!(": `{}` cannot be followed", u.name)).unwrap_or_default();
            let message = format!("what `{column}` is made of was known on base and is not any more{what}");
            let help = "name the columns instead of `*`, or qualify the reference";
            // A reference that is wrong is the `compile` gate's defect; here it is only why nothing more is known.
            let wrong = |reason| matches!(reason, Reason::NotInSchema | Reason::UnboundAlias | Reason::Ambiguous);
            let told = !now.unresolved.is_empty() && now.unresolved.iter().all(|u| wrong(u.reason));
            let severity = if told { Severity::Note } else { Severity::Warning };
            let finding = Finding::new("lineage_diff/lineage-lost", message, help).severity(severity);
            return Some(self.finish(finding, before, now));
        }
        let (old, new) = (sources(before), origins::as_on_base(&sources(now), self));
        let (dropped, gained): (Vec<_>, Vec<_>) = (old.difference(&new).collect(), new.difference(&old).collect());
        let replaced = !dropped.is_empty() && (!gained.is_empty() || new.is_empty());
        let finding = if replaced && origins::same_end(&old, &sources(now), self) {
            let message = format!("`{column}` has the same origin by way of {}", self.list(&gained));
            let help = "check that the model on the way keeps the same rows";
            Finding::new("lineage_diff/re-routed", message, help).severity(Severity::Note)
        } else if replaced {
            self.re_sourced(now, &dropped, &gained)
        } else if let Some((is, was)) = kind_change(before.kind, now.kind) {
            let message = format!("`{column}` is now {is} (was {was}): {}", self.words_of(before, now));
            let help = "give a column of another meaning another name, or restore the old expression";
            Finding::new("lineage_diff/kind-changed", message, help)
        } else if old == new && origins::only_renamed_upstream(before, now, self) {
            return None;
        } else {
            let message = format!("`{column}` is computed differently: {}", self.words_of(before, now));
            let help = "check that the new expression is the meant one: readers get other values under the old name";
            Finding::new("lineage_diff/transformation-changed", message, help)
        };
        Some(self.finish(finding, before, now))
    }

    fn re_sourced(&self, now: &Output, dropped: &[&ColumnId], gained: &[&ColumnId]) -> Finding {
        let column = &now.name;
        let was = self.list(dropped);
        let message = if gained.is_empty() {
            let is = clip(&shown_expression(&now.expression, self.cx), 80);
            format!("`{column}` no longer comes from {was}; it is now `{is}`")
        } else {
            format!("`{column}` now comes from {} (was {was})", self.list(gained))
        };
        let help = "restore the source, or give the column another name: readers get other values under the old one";
        Finding::new("lineage_diff/re-sourced", message, help)
            .evidence("now_from", gained.iter().map(|c| self.shown(c)).collect::<Vec<_>>())
            .evidence("was_from", dropped.iter().map(|c| self.shown(c)).collect::<Vec<_>>())
    }

    /// Place, expressions and reach: what every finding about a column has.
    fn finish(&self, finding: Finding, before: &Output, now: &Output) -> Finding {
        let reached = reach::columns(&self.head_model.unique_id, &now.name, self.cx);
        let exposures = reach::exposures(&self.head_model.unique_id, self.cx);
        let metrics = reach::metrics(&self.head_model.unique_id, &now.name, self.cx);
        let mut finding = finding.column(&now.name).at(self.place(now));
        finding.message.push_str(&reach::words(&reached, &exposures, &metrics));
        let base_place = self.base_model.locate(&before.span);
        finding
            .evidence("base", clip(&shown_expression(&before.expression, self.cx), 2000))
            .evidence("head", clip(&shown_expression(&now.expression, self.cx), 2000))
            .evidence("base_place", format!("{}:{}", base_place.path, base_place.line))
            .evidence("downstream", reached)
            .evidence("exposures", exposures)
            .evidence("metrics", metrics)
    }

    fn words_of(&self, before: &Output, now: &Output) -> String {
        let (old, new) = (shown_expression(&before.expression, self.cx), shown_expression(&now.expression, self.cx));
        if old == new { "the rows or columns under it changed".to_owned() } else { difference(&old, &new) }
    }

    fn shown(&self, id: &ColumnId) -> String {
        format!("{}.{}", self.cx.head.display_name(&id.0), id.1)
    }

    fn list(&self, ids: &[&ColumnId]) -> String {
        let all: Vec<String> = ids.iter().map(|id| self.shown(id)).collect();
        match all.as_slice() {
            [a, b, c, _, ..] => format!("{a}, {b}, {c} and {} more", all.len() - 3),
            some => some.join(" and "),
        }
    }

    fn added(&self, now: &Output) -> Finding {
        let from: Vec<ColumnId> = sources(now).into_iter().collect();
        let from = match from.is_empty() {
            true => String::new(),
            false => format!(" from {}", self.list(&from.iter().collect::<Vec<_>>())),
        };
        let finding =
            Finding::new("lineage_diff/added", format!("new column `{}`{from}", now.name), "document and test it");
        finding.severity(Severity::Note).column(&now.name).at(self.place(now))
    }

    fn removed(&self, before: &Output) -> Finding {
        let (base_id, head_id) = (&self.base_model.unique_id, &self.head_model.unique_id);
        let readers = reach::readers(head_id, &before.name, self.cx);
        let exposures = reach::exposures_of(head_id, self.cx);
        let metrics = reach::metrics(head_id, &before.name, self.cx);
        let by = match (readers.as_slice(), metrics.as_slice(), exposures.as_slice()) {
            ([first, ..], ..) => format!(", but {first} reads it"),
            ([], [first, ..], _) => format!(", but metric {first} is computed from it"),
            ([], [], [first, ..]) => format!("; exposure {first} shows this model"),
            ([], [], []) => String::new(),
        };
        let help = "keep the column until its readers have moved, or change them in this pull request";
        let finding = Finding::new("lineage_diff/removed", format!("column `{}` is gone{by}", before.name), help);
        let used = !readers.is_empty() || !metrics.is_empty() || !exposures.is_empty();
        let finding = if used { finding } else { finding.severity(Severity::Warning) };
        let place = self.neighbour(before);
        finding
            .column(&before.name)
            .at(place)
            .evidence("readers", readers)
            .evidence("exposures", exposures)
            .evidence("metrics", metrics)
            .evidence("downstream_on_base", reach::on_base(base_id, &before.name, self.cx))
    }

    /// Where a column that is gone stood: at the nearest column before it that is still there.
    fn neighbour(&self, gone: &Output) -> Location {
        let at = self.base.outputs.iter().position(|o| o.name == gone.name).unwrap_or(0);
        let near = self.base.outputs[..at].iter().rev().chain(&self.base.outputs[at..]);
        let still = near.filter_map(|o| find(&self.head.outputs, &o.name)).find(|o| o.span.line > 0);
        still.map_or_else(|| Location::file(&self.head_model.path), |o| self.place(o))
    }

    fn renames<'o>(&self, gone: &[&'o Output], added: &[&'o Output]) -> Vec<(&'o Output, &'o Output)> {
        let mut pairs = Vec::new();
        for &before in gone.iter().filter(|o| !o.edges.is_empty()) {
            let mut twins = added.iter().filter(|now| self.same(before, now));
            let mut rivals = gone.iter().filter(|other| self.same(other, before));
            if let (Some(&now), None, Some(_), None) = (twins.next(), twins.next(), rivals.next(), rivals.next()) {
                pairs.push((before, now));
            }
        }
        pairs
    }

    fn renamed(&self, before: &Output, now: &Output) -> Finding {
        let readers = reach::on_base(&self.base_model.unique_id, &before.name, self.cx);
        let used = !readers.is_empty() || !reach::exposures_of(&self.head_model.unique_id, self.cx).is_empty();
        let message = format!("column `{}` is now called `{}`", before.name, now.name);
        let help = "readers outside the project still ask for the old name";
        let severity = if used { Severity::Warning } else { Severity::Note };
        let finding = Finding::new("lineage_diff/renamed", message, help).severity(severity).column(&now.name);
        finding.at(self.place(now)).evidence("was", before.name.clone()).evidence("downstream_on_base", readers)
    }

    /// A star over unknown columns that base did not have.
    fn opened(&self) -> Option<Finding> {
        let fresh: BTreeSet<&String> = self.head.open.iter().filter(|id| !self.base.open.contains(id)).collect();
        if fresh.is_empty() {
            return None;
        }
        let names: Vec<String> = fresh.iter().map(|id| self.cx.head.display_name(id)).collect();
        let message = format!("the output columns are no longer all known: a star over {}", names.join(", "));
        let help = "name the columns, or declare those of the relation";
        let finding = Finding::new("lineage_diff/lineage-lost", message, help).severity(Severity::Warning);
        Some(finding.at(Location::file(&self.head_model.path)).evidence("relations", names))
    }

    fn reordered(&self) -> Option<Finding> {
        let shared = |of: &[Output], other: &[Output]| -> Vec<String> {
            of.iter().filter(|o| find(other, &o.name).is_some()).map(|o| o.name.to_lowercase()).collect()
        };
        let (before, now) =
            (shared(&self.base.outputs, &self.head.outputs), shared(&self.head.outputs, &self.base.outputs));
        let at = before.iter().zip(&now).position(|(b, n)| b != n)?;
        let first = find(&self.head.outputs, &now[at])?;
        let message = format!("the columns stand in another order, from `{}` on (was `{}`)", now[at], before[at]);
        let help = "it matters to readers by position: UNION, INSERT without a column list, exports";
        let finding = Finding::new("lineage_diff/order-changed", message, help).severity(Severity::Note);
        Some(finding.at(self.place(first)))
    }
}

/// Value sources of a column.
pub(super) fn sources(output: &Output) -> BTreeSet<ColumnId> {
    let edges = output.edges.iter().filter(|e| e.role == Role::Value);
    edges.map(|e| (e.table.clone(), e.column.to_lowercase())).collect()
}

/// All that an output reads, without places.
fn reads(output: &Output) -> BTreeMap<(String, String, Role), BTreeSet<Vec<String>>> {
    let mut all: BTreeMap<_, BTreeSet<Vec<String>>> = BTreeMap::new();
    for edge in &output.edges {
        let key = (edge.table.clone(), edge.column.to_lowercase(), edge.role);
        all.entry(key).or_default().insert(edge.via.clone());
    }
    all
}

/// In words, when a column went over between row values, aggregates and window values.
fn kind_change(before: OutputKind, now: OutputKind) -> Option<(&'static str, &'static str)> {
    let word = |kind| match kind {
        OutputKind::Aggregated => "an aggregate",
        OutputKind::Windowed => "a window value",
        _ => "a row's own value",
    };
    let constant = |kind| matches!(kind, OutputKind::Constant | OutputKind::Unknown);
    let (is, was) = (word(now), word(before));
    (is != was && !constant(before) && !constant(now)).then_some((is, was))
}

/// A seed has columns and no SQL.
pub(super) fn of_seed(change: &Change<'_>, cx: &Context<'_>) -> Checked {
    let model = change.model();
    let none: &[String] = &[];
    let before = change.base.and_then(|m| cx.base.columns(&m.unique_id)).unwrap_or(none);
    let Some(now) = cx.head.columns(&model.unique_id) else {
        return Checked::skip("the columns of the seed are not known: its first line is no header");
    };
    let lacks = |all: &[String], name: &str| !all.iter().any(|c| c.eq_ignore_ascii_case(name));
    let place = Location { end_column: 2, ..Location::file(&model.path) };
    let mut findings = Vec::new();
    for column in before.iter().filter(|c| lacks(now, c)) {
        let readers = reach::readers(&model.unique_id, column, cx);
        let by = readers.first().map(|r| format!(", but {r} reads it")).unwrap_or_default();
        let help = "keep the column, or change its readers in this pull request";
        let finding = Finding::new("lineage_diff/removed", format!("column `{column}` is gone{by}"), help);
        let finding = if readers.is_empty() { finding.severity(Severity::Warning) } else { finding };
        findings.push(finding.column(column).at(place.clone()).evidence("readers", readers));
    }
    if change.base.is_some() {
        for column in now.iter().filter(|c| lacks(before, c)) {
            let finding = Finding::new("lineage_diff/added", format!("new column `{column}`"), "document and test it");
            findings.push(finding.severity(Severity::Note).column(column).at(place.clone()));
        }
    }
    Checked::found(format!("a seed with {} columns", now.len()), findings).evidence("columns", now.len())
}

impl Pair<'_> {
    /// Canonical text of a clause in a person's words.
    pub(super) fn clause_words(&self, before: &str, now: &str) -> String {
        from_to(&shown_expression(before, self.cx), &shown_expression(now, self.cx))
    }
}
