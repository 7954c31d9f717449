//! What was counted against what was made.

use crate::budget::simulate::{Cohort, Truth};
use crate::budget::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fails with everything in which the budget and the truth differ.
pub fn compare(budget: &Value, truth: &Truth, world: &World) {
    let mut wrong = Vec::new();
    for (cohort, name) in [(Cohort::Llm, "llm"), (Cohort::Other, "other")] {
        let part = &budget[name];
        same(&mut wrong, &format!("{name} pulls"), &part["pulls"], truth.of(cohort).len());
        for (what, list, members) in
            [("rollback", "rollbacks", truth.rolled(cohort)), ("escape", "escapes", truth.escaped(cohort))]
        {
            let found = numbers(&budget[list], &|r| r["cohort"] == name);
            differ(&mut wrong, &format!("{name} {list}"), &found, &members, world);
            same(&mut wrong, &format!("{name} {what} count"), &part[what]["count"], members.len());
            same(&mut wrong, &format!("{name} {what} of"), &part[what]["of"], truth.of(cohort).len());
            bounded(&mut wrong, &format!("{name} {what}"), &part[what]);
        }
        for (spread, (count, median, p90)) in
            ["to_first_review", "to_approval", "to_merge"].into_iter().zip(truth.spreads(cohort))
        {
            let found = &part["cycle"][spread];
            same(&mut wrong, &format!("{name} {spread} count"), &found["count"], count);
            close(&mut wrong, &format!("{name} {spread} median"), &found["median_seconds"], median);
            close(&mut wrong, &format!("{name} {spread} p90"), &found["p90_seconds"], p90);
        }
    }
    adoption(&mut wrong, &budget["adoption"], truth, world);
    let both = truth.both();
    evidence(&mut wrong, &budget["rollbacks"], &truth.rolled, &both);
    evidence(&mut wrong, &budget["escapes"], &truth.escaped, &both);
    listed(&mut wrong, budget, truth, world);
    let disagree = numbers(&budget["disagreements"], &|d| d["about"] == "assisted");
    let expected = truth.disagree.intersection(&both).copied().collect();
    differ(&mut wrong, "disagreements", &disagree, &expected, world);
    let asked = whole(&budget["caught"]["changes_requested"]);
    let expected = truth.asked.intersection(&truth.of(Cohort::Llm)).copied().collect();
    differ(&mut wrong, "changes requested", &asked, &expected, world);
    assert!(wrong.is_empty(), "{} differences:\n{}\nnotices: {}", wrong.len(), wrong.join("\n"), budget["notices"]);
}

fn adoption(wrong: &mut Vec<String>, found: &Value, truth: &Truth, world: &World) {
    let (llm, other) = (truth.of(Cohort::Llm).len(), truth.of(Cohort::Other).len());
    same(wrong, "adoption llm", &found["llm"], llm);
    same(wrong, "adoption of", &found["of"], llm + other);
    close(wrong, "adoption rate", &found["rate"], Some(llm as f64 / (llm + other) as f64));
    same(wrong, "bots", &found["bots"], truth.of(Cohort::Bots).len());
    same(wrong, "docs only", &found["docs_only"], truth.of(Cohort::Docs).len());
    let bots = truth.of(Cohort::Bots);
    let expected = truth.undeclared.intersection(&bots).copied().collect();
    differ(wrong, "undeclared", &whole(&found["undeclared"]), &expected, world);
}

fn evidence(
    wrong: &mut Vec<String>,
    found: &Value,
    expected: &BTreeMap<u64, Option<&'static str>>,
    counted: &BTreeSet<u64>,
) {
    for entry in found.as_array().unwrap() {
        let number = entry["number"].as_u64().unwrap();
        let Some(Some(evidence)) = expected.get(&number).filter(|_| counted.contains(&number)) else { continue };
        if !entry["evidence"].as_array().unwrap().iter().any(|e| e == evidence) {
            wrong.push(format!("#{number}: no evidence `{evidence}` in {}", entry["evidence"]));
        }
    }
}

/// What is listed of the members of both cohorts; reverts of things that nobody knows are listed beside them.
fn listed(wrong: &mut Vec<String>, budget: &Value, truth: &Truth, world: &World) {
    let both = truth.both();
    let judged = |n: &u64| both.contains(n) && !truth.free.contains(n);
    let mut found: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for entry in budget["listed"].as_array().unwrap() {
        let reason = entry["reason"].as_str().unwrap();
        if let Some(number) = entry["number"].as_u64().filter(judged) {
            found.entry(reason.to_owned()).or_default().insert(number);
        }
    }
    let mut expected: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for (number, reason) in truth.listed.iter().filter(|(n, _)| judged(n)) {
        expected.entry(reason.clone()).or_default().insert(*number);
    }
    let reasons: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    for reason in reasons {
        let none = BTreeSet::new();
        let (found, expected) = (found.get(reason).unwrap_or(&none), expected.get(reason).unwrap_or(&none));
        differ(wrong, &format!("listed as {reason}"), found, expected, world);
    }
}

fn numbers(list: &Value, fits: &dyn Fn(&Value) -> bool) -> BTreeSet<u64> {
    let all = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    all.iter().filter(|e| fits(e)).map(|e| e["number"].as_u64().unwrap()).collect()
}

fn whole(list: &Value) -> BTreeSet<u64> {
    list.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
}

fn same(wrong: &mut Vec<String>, what: &str, found: &Value, expected: usize) {
    if found.as_u64() != Some(expected as u64) {
        wrong.push(format!("{what}: {found}, but {expected} were made"));
    }
}

fn close(wrong: &mut Vec<String>, what: &str, found: &Value, expected: Option<f64>) {
    let close = match (found.as_f64(), expected) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-6,
        (None, None) => true,
        _ => false,
    };
    if !close {
        wrong.push(format!("{what}: {found}, but it is {expected:?}"));
    }
}

fn differ(wrong: &mut Vec<String>, what: &str, found: &BTreeSet<u64>, expected: &BTreeSet<u64>, world: &World) {
    let named = |n: &u64| {
        let pull = &world.pulls[n];
        let talk: Vec<String> = world
            .pulls
            .values()
            .filter(|p| p["body"].as_str().unwrap().contains(&format!("#{n}")))
            .map(|p| {
                format!(
                    "#{} {} {:?} merged {} body {}",
                    p["number"], p["title"], p["baseRefName"], p["mergedAt"], p["body"]
                )
            })
            .collect();
        format!(
            "    #{n} {} merged {} labels {}\n      named by {talk:?}",
            pull["title"], pull["mergedAt"], pull["labels"]
        )
    };
    for (word, which) in [("invented", found.difference(expected)), ("missed", expected.difference(found))] {
        let which: Vec<String> = which.map(named).collect();
        if !which.is_empty() {
            wrong.push(format!("{what}, {word}:\n{}", which.join("\n")));
        }
    }
}

/// The one-sided bounds are those at which the binomial tail has 5%.
fn bounded(wrong: &mut Vec<String>, what: &str, rate: &Value) {
    let (k, n) = (rate["count"].as_u64().unwrap(), rate["of"].as_u64().unwrap());
    let [low, high] = ["low", "high"].map(|end| rate["bounds"][end].as_f64().unwrap());
    let tails = [
        ("low", if k == 0 { low } else { 1.0 - at_most(k - 1, n, low) - 0.05 }),
        ("high", if k == n { 1.0 - high } else { at_most(k, n, high) - 0.05 }),
    ];
    for (end, off) in tails {
        if off.abs() > 1e-6 {
            wrong.push(format!("{what}: the {end} bound {} of {k} in {n} is off by {off}", rate["bounds"][end]));
        }
    }
}

/// Chance of at most `k` of `n`, summed up by itself.
fn at_most(k: u64, n: u64, p: f64) -> f64 {
    let mut term = (n as f64 * (-p).ln_1p()).exp();
    let mut sum = term;
    for i in 0..k {
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        sum += term;
    }
    sum
}

#[test]
fn the_tail_is_that_of_the_tables() {
    // scipy.stats.binom.cdf(3, 20, 0.2) = 0.4114488...
    assert!((at_most(3, 20, 0.2) - 0.411_448_861_967_7).abs() < 1e-9);
}
