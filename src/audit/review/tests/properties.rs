//! What holds for every pull request.

use super::super::*;
use super::script::{POLICY, facts, policy};
use crate::policy::Policy;
use proptest::prelude::*;
use std::sync::LazyLock;

static RULES: LazyLock<Policy> = LazyLock::new(|| policy(POLICY));

const LAYERS: &[&str] = &["staging", "pair", "marts", "team", "mixed", "lost", "mixed-pair", "metrics", "trio"];
const PEOPLE: &[&str] = &["ann", "bob", "cat", "dan", "eve", "fay", "gil", "rea", "robot"];

fn word() -> impl Strategy<Value = String> {
    let person = proptest::sample::select(PEOPLE);
    prop_oneof![
        6 => (proptest::sample::select(&["+", "-", "~", "x"][..]), person.clone(), any::<bool>())
            .prop_map(|(sign, who, old)| format!("{sign}{who}{}", if old { "@old" } else { "" })),
        6 => person.clone().prop_map(|who| format!("+{who}")),
        1 => person.clone().prop_map(|who| format!("committer:{who}")),
        1 => person.clone().prop_map(|who| format!("perm:{who}!403")),
        1 => person.clone().prop_map(|who| format!("perm:{who}=read")),
        1 => person.prop_map(|who| format!("team:acme/platform={who}")),
        1 => Just("team:acme/crew!404".to_owned()),
        1 => Just("llm".to_owned()),
    ]
}

fn pull() -> impl Strategy<Value = (String, Vec<String>)> {
    (proptest::collection::vec(proptest::sample::select(LAYERS), 1..3), proptest::collection::vec(word(), 0..12))
        .prop_map(|(layers, words)| (layers.join(" "), words))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_approval_more_never_takes_a_pass_away((layers, mut words) in pull(), who in proptest::sample::select(PEOPLE)) {
        let before = judge(&RULES, &facts(&layers, &words.join(";")));
        words.push(format!("+{who}"));
        let after = judge(&RULES, &facts(&layers, &words.join(";")));
        prop_assert!(before.verdict != Ruling::Pass || after.verdict == Ruling::Pass, "{}", after.summary);
    }

    #[test]
    fn a_person_less_never_gives_a_pass((layers, words) in pull(), who in proptest::sample::select(PEOPLE)) {
        let before = facts(&layers, &words.join(";"));
        // Who asks for changes holds the change back; taking that person away may well let it go.
        let mut held = before.reviews.iter().filter(|r| r.state == ReviewState::ChangesRequested);
        prop_assume!(!held.any(|r| r.login.as_deref() == Some(who)));
        let mut after = before.clone();
        after.reviews.retain(|r| r.login.as_deref() != Some(who));
        let (before, after) = (judge(&RULES, &before), judge(&RULES, &after));
        prop_assert!(before.verdict == Ruling::Pass || after.verdict != Ruling::Pass, "{}", before.summary);
    }

    #[test]
    fn the_order_of_what_is_read_does_not_matter((layers, words) in pull(), seed in any::<u64>()) {
        let one = facts(&layers, &words.join(";"));
        let mut other = one.clone();
        other.reviews.sort_by_key(|r| (r.id.wrapping_mul(seed | 1)).rotate_left(17));
        other.commits.reverse();
        let (one, other) = (judge(&RULES, &one), judge(&RULES, &other));
        prop_assert_eq!(one.verdict, other.verdict);
        prop_assert_eq!(one.seats, other.seats);
        prop_assert_eq!(one.findings, other.findings);
    }

    #[test]
    fn nobody_fills_two_seats_and_nobody_with_a_part_fills_one((layers, words) in pull()) {
        let facts = facts(&layers, &words.join(";"));
        let judgement = judge(&RULES, &facts);
        let mut people: Vec<String> = judgement.seats.iter().filter_map(|s| s.person.clone()).collect();
        prop_assert!(!people.iter().any(|p| p == "ann" || p == "robot" || p == "rea"), "{:?}", people);
        let count = people.len();
        people.sort();
        people.dedup();
        prop_assert_eq!(people.len(), count);
        prop_assert_eq!(judgement.verdict == Ruling::Pass, judgement.findings.is_empty());
    }
}
