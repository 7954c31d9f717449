//! The LLM-assisted pull requests by what they have in common.

use super::Rules;
use super::bounds;
use super::count::Counted;
use super::result::Group;
use std::collections::BTreeMap;

/// Most SQL models that are shown.
const MODELS: usize = 50;
/// Pull requests that touch no layer.
const NONE: &str = "none";

/// By the strictest layer, in the order of the policy.
pub(super) fn by_layer(rules: &Rules<'_>, pulls: &[&Counted<'_>]) -> Vec<Group> {
    let groups = grouped(pulls, |c| vec![c.placed.layer(rules).unwrap_or_else(|| NONE.to_owned())]);
    let place = |name: &str| rules.policy.layers.iter().position(|l| l.name == name).unwrap_or(usize::MAX);
    let mut groups = shown(groups);
    groups.sort_by_key(|g| (g.name == NONE, place(&g.name)));
    groups
}

/// By tool and language model, the most used first.
pub(super) fn by_assistant(pulls: &[&Counted<'_>]) -> Vec<Group> {
    let mut groups = shown(grouped(pulls, |c| c.placed.assistants()));
    groups.sort_by_key(|g| std::cmp::Reverse(g.rollback.of));
    groups
}

/// By SQL model, those that went wrong first.
pub(super) fn by_model(pulls: &[&Counted<'_>]) -> Vec<Group> {
    let mut groups = shown(grouped(pulls, |c| c.placed.models()));
    groups.sort_by_key(|g| std::cmp::Reverse((g.rollback.count + g.escape.count, g.rollback.of)));
    groups.truncate(MODELS);
    groups
}

/// Pull requests, rolled back, escaped, by name.
fn grouped(pulls: &[&Counted<'_>], names: impl Fn(&Counted<'_>) -> Vec<String>) -> BTreeMap<String, [u64; 3]> {
    let mut groups: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for counted in pulls {
        for name in names(counted) {
            let group = groups.entry(name).or_default();
            group[0] += 1;
            group[1] += u64::from(counted.rolled_back.is_some());
            group[2] += u64::from(counted.escaped.is_some());
        }
    }
    groups
}

fn shown(groups: BTreeMap<String, [u64; 3]>) -> Vec<Group> {
    let one = |(name, [of, rolled_back, escaped]): (String, [u64; 3])| Group {
        name,
        rollback: bounds::rate(rolled_back, of, None),
        escape: bounds::rate(escaped, of, None),
    };
    groups.into_iter().map(one).collect()
}
