//! The joins of a model, judged by what the data says of their keys.

use super::{Options, RULES};
use crate::engine::Side;
use crate::finding::{Finding, Severity};
use crate::gates::join_profile::{Profile, Profiles};
use crate::gates::{Change, Context, Data};
use crate::project::Model;
use crate::reconcile::thousands;
use crate::sql::{Analysis, JoinLink, JoinShape};

/// What was asked of the joins of head.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    /// Joins of head, and those that the data could not be asked about.
    pub(super) joins: usize,
    pub(super) unknown: usize,
    /// Joins of head without keys, whatever their size: the plan shows them again.
    pub(super) unkeyed: usize,
    /// Rows that meet in all joins, on both sides; `None` when a join could not be asked.
    pub(super) meet: [Option<f64>; 2],
}

/// What a join is judged with.
struct Judge<'a> {
    options: &'a Options,
    model: &'a Model,
    cx: &'a Context<'a>,
    /// How many times as many rows the model has as on base. The model is built for it, so it is asked only where it
    /// decides: one whose rows explode may not be built at all.
    grew: &'a dyn Fn() -> f64,
}

/// Judges every join of head.
pub(super) fn look(
    change: &Change<'_>,
    cx: &Context<'_>,
    data: &dyn Data,
    options: &Options,
    sides: (Option<&Analysis>, &Analysis),
    grew: &dyn Fn() -> f64,
) -> Looked {
    let profiles = Profiles::default();
    let judge = Judge { options, model: change.model(), cx, grew };
    let head = &sides.1.joins;
    let base: &[JoinShape] = sides.0.map_or(&[], |analysis| &analysis.joins);
    let mut looked = Looked { joins: head.len(), ..Looked::default() };
    looked.meet = [total(base, Side::Base, data, &profiles), total(head, Side::Head, data, &profiles)];
    for join in head {
        if join.link != JoinLink::Equal {
            looked.unkeyed += 1;
        }
        if matches!(
            join.kind.as_str(),
            "semi" | "anti" | "right semi" | "right anti" | "asof" | "lateral" | "left lateral"
        ) {
            continue;
        }
        let now = match profiles.asked(join, Side::Head, data) {
            Ok(now) => now,
            Err(why) => {
                looked.unknown += 1;
                looked.findings.extend(judge.unknown(join, sides.0, &why));
                continue;
            }
        };
        let before = counterpart(join, base).and_then(|old| Some((old, profiles.of(old, Side::Base, data)?)));
        looked.findings.extend(judge.join(join, now, before));
    }
    looked
}

fn total(joins: &[JoinShape], side: Side, data: &dyn Data, profiles: &Profiles) -> Option<f64> {
    joins.iter().map(|join| Some(profiles.of(join, side, data)?.meet)).sum()
}

/// The join of base that stands where this one stands: the same right side, at best with the same keys.
fn counterpart<'a>(join: &JoinShape, base: &'a [JoinShape]) -> Option<&'a JoinShape> {
    let same = |old: &&JoinShape| old.right.tables == join.right.tables;
    let keys = |old: &&JoinShape| same(old) && old.right.keys == join.right.keys && old.link == join.link;
    base.iter().find(keys).or_else(|| base.iter().find(same))
}

impl Judge<'_> {
    fn join(&self, join: &JoinShape, now: Profile, before: Option<(&JoinShape, Profile)>) -> Option<Finding> {
        match join.link {
            JoinLink::None | JoinLink::OneSided => self.product(join, now, before),
            JoinLink::Condition => self.nested_loop(join, now, before),
            JoinLink::Equal => self.keyed(join, now, before.map(|(_, profile)| profile)),
            JoinLink::Unknown => None,
        }
    }

    /// A join that the data could not be asked about; one that stands on base alike is no news.
    fn unknown(&self, join: &JoinShape, base: Option<&Analysis>, why: &str) -> Option<Finding> {
        let alike = |old: &JoinShape| {
            (&old.left, &old.right, &old.condition, old.link) == (&join.left, &join.right, &join.condition, join.link)
        };
        if base.is_some_and(|analysis| analysis.joins.iter().any(alike)) {
            return None;
        }
        let text = format!("{} could not be asked for in the data: {}", self.named(join), short(why));
        let place = self.model.locate(&join.span);
        Some(super::finding("explain_plan/not-asked", text, Severity::Note).at(place))
    }

    /// Every row meets every row.
    fn product(&self, join: &JoinShape, now: Profile, before: Option<(&JoinShape, Profile)>) -> Option<Finding> {
        // A half of one row (parameters, totals) adds columns, not rows.
        if now.left <= 1.0 || now.right <= 1.0 {
            return None;
        }
        if before.is_some_and(|(old, old_profile)| unkeyed(old) && now.meet < self.options.explode * old_profile.meet) {
            return None;
        }
        let made = join.left.tables.is_empty() || join.right.tables.is_empty();
        let meant = join.link == JoinLink::None && (join.kind == "cross" || made);
        let floor = if meant { self.options.cross_join_rows } else { self.options.accidental_rows };
        let severity = if now.meet >= floor as f64 { Severity::Error } else { Severity::Note };
        let why = match join.link {
            JoinLink::OneSided => format!("its condition `{}` names one side only", short(&join.condition)),
            _ if join.kind == "comma" => "no condition ties the two sides".to_owned(),
            _ if join.kind == "cross" => "it is a cross join".to_owned(),
            _ => "its condition is always true".to_owned(),
        };
        let text = format!(
            "{} pairs every row with every row, {} x {} = {} rows: {why}",
            self.named(join),
            count(now.left),
            count(now.right),
            count(now.meet)
        );
        Some(self.finding("explain_plan/cartesian-product", text, severity, join, now))
    }

    /// Every row is compared with every row.
    fn nested_loop(&self, join: &JoinShape, now: Profile, before: Option<(&JoinShape, Profile)>) -> Option<Finding> {
        let pairs = now.left * now.right;
        let old = before.filter(|(old, _)| old.link != JoinLink::Equal).map(|(_, old)| old.left * old.right);
        if pairs < self.options.nested_loop_rows as f64 || old.is_some_and(|old| pairs < self.options.explode * old) {
            return None;
        }
        let text = format!(
            "{} compares every row with every row, {} x {} = {} pairs: no equality ties the two sides in `{}`",
            self.named(join),
            count(now.left),
            count(now.right),
            count(pairs),
            short(&join.condition)
        );
        Some(self.finding("explain_plan/nested-loop", text, Severity::Error, join, now))
    }

    /// Keys that stand more than once on the right side multiply rows.
    fn keyed(&self, join: &JoinShape, now: Profile, before: Option<Profile>) -> Option<Finding> {
        let (severity, note) = exploding(&now, before.as_ref(), self.grew, self.options)?;
        let text = format!(
            "{} multiplies rows: {} x {} rows meet in {} pairs, {} rows for each key of the right side on average and {} at most{note}",
            self.named(join),
            count(now.left),
            count(now.right),
            count(now.meet),
            rounded(now.right_mean),
            count(now.right_most)
        );
        Some(self.finding("explain_plan/exploding-join", text, severity, join, now))
    }

    fn named(&self, join: &JoinShape) -> String {
        let names: Vec<String> = join.right.tables.iter().map(|id| self.cx.head.display_name(id)).collect();
        let with = if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) };
        let on = if join.right.keys.is_empty() { String::new() } else { format!(" on {}", join.right.keys.join(", ")) };
        format!("join{with}{on} at line {}", self.model.locate(&join.span).line)
    }

    fn finding(&self, rule: &str, text: String, severity: Severity, join: &JoinShape, now: Profile) -> Finding {
        let help = RULES.iter().find(|r| r.id == rule).map_or("", |r| r.help);
        let finding = Finding::new(rule, text, help).severity(severity).at(self.model.locate(&join.span));
        finding.evidence("left_rows", now.left).evidence("right_rows", now.right)
    }
}

/// Whether rows are multiplied more than they may be, and what else is to be said; `None`: they are not.
pub(super) fn exploding(
    now: &Profile,
    before: Option<&Profile>,
    grew: &dyn Fn() -> f64,
    options: &Options,
) -> Option<(Severity, String)> {
    let more = now.meet - now.left.max(now.right);
    if now.right_most <= 1.0 || (before.is_none() && more.max(now.meet - now.left) < options.min_rows as f64) {
        return None;
    }
    if let Some(old) = before {
        let growth = now.spread() / old.spread().max(f64::MIN_POSITIVE);
        let grown = now.meet - old.spread() * now.left >= options.min_rows as f64;
        return match old.right_most <= 1.0 {
            true if grown => {
                let severity = if growth >= options.explode { Severity::Error } else { Severity::Warning };
                Some((severity, "; the key is unique on base".to_owned()))
            }
            false if grown && growth >= options.explode => {
                let times = rounded(growth);
                Some((Severity::Error, format!("; {times} times as many for each row as on base")))
            }
            _ => None,
        };
    }
    let wide = now.meet / now.left.max(now.right).max(1.0);
    if now.many_to_many() && wide >= options.explode {
        let severity = if wide >= options.explode_fail { Severity::Error } else { Severity::Warning };
        let severity = if grew() >= options.explode { Severity::Error } else { severity };
        return Some((severity, "; the key is unique on neither side".to_owned()));
    }
    // One row with many: meant, where the model's own rows do not grow by it (it is grouped, say).
    match grew() {
        grew if grew >= options.explode => Some((Severity::Error, "; the model's rows grow as much".to_owned())),
        grew if grew > 1.01 => Some((Severity::Warning, "; the model's rows grow with it".to_owned())),
        _ => None,
    }
}

fn unkeyed(join: &JoinShape) -> bool {
    matches!(join.link, JoinLink::None | JoinLink::OneSided)
}

/// A count of rows, rounded to whole ones.
pub(super) fn count(rows: f64) -> String {
    if rows.is_finite() && rows < 1e15 { thousands(rows.max(0.0) as u64) } else { format!("{rows:.2e}") }
}

/// A factor.
pub(super) fn rounded(factor: f64) -> String {
    if factor < 100.0 { format!("{factor:.1}") } else { count(factor) }
}

fn short(text: &str) -> String {
    const MOST: usize = 100;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
