//! Who must look: the bar of the strictest layer touched, and what a language model adds to it.

use super::layers::{LayerAsked, calendars};
use crate::policy::{Layer, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// The role that everybody has who may approve at all.
pub const ANY_PEER: &str = "any-peer";

/// What must be read beside the pull request itself to judge it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Teams (`organisation/team`) whose members matter, for the bar or for who may lift a window.
    pub teams: BTreeSet<String>,
    /// Calendar file by window, from the repository's root on the base side; `None` = the policy names one outside.
    pub calendars: BTreeMap<String, Option<String>>,
    /// Labels of which it matters who set them last, and when.
    pub labels: BTreeSet<String>,
}

/// What must be read to judge a pull request that touches these layers.
pub fn asked(policy: &Policy, layers: &[LayerAsked], llm_assisted: bool) -> Asked {
    let mut roles: BTreeSet<String> = seats(policy, layers, llm_assisted).into_iter().map(|s| s.0).collect();
    let mut asked = Asked::default();
    let files = calendars(policy);
    for name in windows(policy, layers).into_keys() {
        if let Some(file) = files.get(&name) {
            asked.calendars.insert(name.clone(), file.clone());
        }
        if let Some(exception) = policy.windows.get(&name).and_then(|w| w.exception.as_ref()) {
            roles.insert(exception.by.clone());
            asked.labels.insert(exception.label.clone());
        }
    }
    let known = roles.iter().filter_map(|role| policy.roles.get(role));
    asked.teams = known.flat_map(|role| &role.teams).map(|team| plain(team).to_owned()).collect();
    asked
}

/// A user or team without the sign that mentions it.
pub(super) fn plain(name: &str) -> &str {
    name.trim().trim_start_matches('@')
}

/// The layer whose bar holds: with the most reviewers, then the most named roles, then the most gates, then the last in
/// the policy.
pub fn strictest<'p>(policy: &'p Policy, layers: &[LayerAsked]) -> Option<&'p Layer> {
    let rank = |layer: &&Layer| {
        let named = layer.review.iter().filter(|r| *r != ANY_PEER).count();
        let place = policy.layers.iter().position(|l| l.name == layer.name).unwrap_or(policy.layers.len());
        (layer.review.len(), named, layer.gates.len(), place)
    };
    layers.iter().map(|asked| asked.layer(policy)).max_by_key(rank)
}

/// Role by seat, and whether only a language model asks for it. What it adds is a union: a role that is asked for
/// already is not asked for twice.
pub(super) fn seats(policy: &Policy, layers: &[LayerAsked], llm_assisted: bool) -> Vec<(String, bool)> {
    let Some(layer) = strictest(policy, layers) else { return Vec::new() };
    let mut seats: Vec<(String, bool)> = layer.review.iter().map(|role| (role.clone(), false)).collect();
    if llm_assisted {
        let mut left: Vec<&String> = layer.review.iter().collect();
        for role in &policy.llm.extra_review {
            match left.iter().position(|have| *have == role) {
                Some(at) => drop(left.remove(at)),
                None => seats.push((role.clone(), true)),
            }
        }
    }
    seats
}

/// The windows of the layers touched, `any` left out, with the layers that ask for each.
pub(super) fn windows(policy: &Policy, layers: &[LayerAsked]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for layer in layers.iter().map(|asked| asked.layer(policy)).filter(|l| l.merge_window != "any") {
        let names = found.entry(layer.merge_window.clone()).or_default();
        if !names.contains(&layer.name) {
            names.push(layer.name.clone());
        }
    }
    found
}
