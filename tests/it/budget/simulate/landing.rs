//! From the plan to what GitHub knows: numbers, commits on branches, events, check runs, the ledger.

use super::shown::{moment, record, run, shown, suite, text};
use super::truth::{Cycle, Truth};
use super::{Cohort, Made, Method, Plan, Pull, Said};
use crate::budget::world::{Branch, World};
use rowproof::audit::record::GENESIS;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The policy on `main`: what is built in, written down.
pub const POLICY: &str = "version: 1\nextends: default\n";

fn commit(sha: &str, message: &str, at: i64, parents: &[&str]) -> Value {
    let who = json!({"__typename": "GitActor", "name": "Somebody", "email": "somebody@acme.example", "date": moment(at), "user": null});
    json!({
        "__typename": "Commit", "oid": sha, "message": message, "committedDate": moment(at), "authoredDate": moment(at),
        "author": who, "committer": who, "parents": parents, "suites": []
    })
}

/// A branch as it grows.
#[derive(Default)]
struct Growing {
    /// When, and which, in the order of their landing.
    all: Vec<(i64, usize, String)>,
    tip: String,
}

impl Growing {
    fn grow(&mut self, world: &mut World, sha: &str, message: &str, at: i64, more: Option<&str>) {
        let parents: Vec<&str> = [self.tip.as_str()].into_iter().filter(|t| !t.is_empty()).chain(more).collect();
        world.commits.insert(sha.to_owned(), commit(sha, message, at, &parents));
        self.beside(at, sha);
        self.tip = sha.to_owned();
    }

    fn beside(&mut self, at: i64, sha: &str) {
        self.all.push((at, self.all.len(), sha.to_owned()));
    }

    fn branch(mut self, files: BTreeMap<String, String>) -> Branch {
        self.all.sort_unstable();
        Branch { commits: self.all.into_iter().rev().map(|(_, _, sha)| sha).collect(), files }
    }
}

impl Plan {
    pub fn finish(mut self) -> Made {
        let numbers = self.numbers();
        self.name_all(&numbers);
        let mut world = World { default_branch: "main".to_owned(), ..World::default() };
        self.land(&mut world, &numbers);
        for (id, pull) in self.pulls.iter().enumerate() {
            let json = shown(pull, numbers[id], id);
            world.pulls.insert(numbers[id], json);
            let shas = pull.commits.iter().map(|c| &c.0).chain(pull.landed.iter().filter(|_| pull.merged.is_some()));
            for sha in shas {
                world.brought.entry(sha.clone()).or_default().insert(numbers[id]);
            }
        }
        self.recorded(&mut world, &numbers);
        let truth = self.truth(&numbers);
        Made { world, truth }
    }

    /// By the time of opening, with gaps where issues are.
    fn numbers(&mut self) -> Vec<u64> {
        let mut order: Vec<usize> = (0..self.pulls.len()).collect();
        order.sort_by_key(|id| (self.pulls[*id].created, *id));
        let mut numbers = vec![0; order.len()];
        let mut next = 100;
        for id in order {
            next += if self.dice.one_in(4) { self.dice.between(2, 4) as u64 } else { 1 };
            numbers[id] = next;
        }
        numbers
    }

    fn name_all(&mut self, numbers: &[u64]) {
        let named = |text: &mut String| {
            while let Some(start) = text.find('\u{1}') {
                let end = text[start..].find('\u{2}').unwrap() + start;
                let id: usize = text[start + 1..end].parse().unwrap();
                text.replace_range(start..=end, &numbers[id].to_string());
            }
        };
        for pull in &mut self.pulls {
            named(&mut pull.title);
            named(&mut pull.body);
            pull.message.iter_mut().for_each(named);
            pull.commits.iter_mut().for_each(|c| named(&mut c.1));
        }
        self.pushes.iter_mut().for_each(|p| named(&mut p.message));
    }

    fn land(&mut self, world: &mut World, numbers: &[u64]) {
        let mut branches: BTreeMap<&str, Growing> = BTreeMap::new();
        let start = self.since - 90 * super::DAY;
        for (branch, root) in [("main", "0".repeat(39) + "1"), ("release/1", "0".repeat(39) + "2")] {
            branches.entry(branch).or_default().grow(world, &root, "Begin", start, None);
        }
        // What happens, in order: pull requests by their id, pushes after them.
        let mut events: Vec<(i64, usize)> =
            self.pulls.iter().enumerate().filter_map(|(id, p)| Some((p.merged?, id))).collect();
        events.extend(self.pushes.iter().enumerate().map(|(i, p)| (p.at, self.pulls.len() + i)));
        events.sort_unstable();
        for (at, what) in events {
            match self.pulls.get(what) {
                Some(pull) => merge(
                    world,
                    branches.get_mut(pull.base.as_str()).unwrap(),
                    pull,
                    numbers[what],
                    at - i64::from(what % 3 == 0),
                ),
                None => {
                    let push = &self.pushes[what - self.pulls.len()];
                    branches.get_mut(push.branch.as_str()).unwrap().grow(world, &push.sha, &push.message, at, None);
                }
            }
        }
        for pull in self.pulls.iter().filter(|p| p.merged.is_none()) {
            on_branch(world, pull, &branches["main"].tip, pull.created + 60);
        }
        let files = BTreeMap::from([
            ("rowproof.yml".to_owned(), POLICY.to_owned()),
            ("dbt_project.yml".to_owned(), "name: shop\n".to_owned()),
        ]);
        for (name, growing) in branches {
            world.branches.insert(name.to_owned(), growing.branch(files.clone()));
        }
    }

    fn recorded(&self, world: &mut World, numbers: &[u64]) {
        let mut order: Vec<usize> = (0..self.pulls.len()).collect();
        order.sort_by_key(|id| (self.pulls[*id].merged, *id));
        let (mut ledger, mut last) = (String::new(), GENESIS.to_owned());
        let mut run_id = 1_000;
        for id in order {
            let pull = &self.pulls[id];
            let head = &pull.commits.last().unwrap().0;
            let mut suites = vec![suite(vec![run(run_id, "test", "", "ok", pull.created)])];
            for said in &pull.said {
                let record = record(pull, numbers[id], said);
                if said.ledger {
                    let record = record.chained(&last);
                    ledger.push_str(&format!("{}\n", record.line()));
                    last = record.hash;
                    continue;
                }
                // An older run of the same head said otherwise.
                let older =
                    self::record(pull, numbers[id], &Said { assisted: !said.assisted, knows: true, ..Said::default() });
                for (record, at) in [(older, pull.created + 1), (record, pull.created + 2)] {
                    run_id += 1;
                    suites.push(suite(vec![run(run_id, "rowproof report", "rowproof:1", &text(record), at)]));
                }
            }
            if pull.forged {
                run_id += 1;
                let record = record(pull, numbers[id], &Said { assisted: true, knows: true, ..Said::default() });
                suites.push(suite(vec![run(run_id, "rowproof report", "somebody", &text(record), pull.created)]));
            }
            run_id += 1;
            world.commits.get_mut(head).unwrap()["suites"] = suites.into();
        }
        let root = "0".repeat(39) + "3";
        world.commits.insert(root.clone(), commit(&root, "Record", self.until, &[]));
        let files = BTreeMap::from([("ledger.jsonl".to_owned(), ledger)]);
        world.branches.insert("rowproof-ledger".to_owned(), Branch { commits: vec![root], files });
    }

    fn truth(&self, numbers: &[u64]) -> Truth {
        let mut truth = Truth { period: self.since..self.until, ..Truth::default() };
        for (id, pull) in self.pulls.iter().enumerate() {
            let Some(merged) = pull.merged.filter(|_| pull.base == "main") else {
                continue;
            };
            let number = numbers[id];
            truth.cohorts.insert(number, pull.cohort);
            truth.merged.insert(number, merged);
            let since = |at: i64| at - pull.start;
            let to_merge = since(merged);
            truth.cycles.insert(
                number,
                Cycle {
                    to_first_review: pull.first_review.map(since),
                    to_approval: pull.approval.map(since),
                    to_merge,
                },
            );
            let mut note = |from: &BTreeMap<usize, Option<&'static str>>, rolled: bool| {
                if let Some(evidence) = from.get(&id) {
                    if rolled { &mut truth.rolled } else { &mut truth.escaped }.insert(number, *evidence);
                }
            };
            note(&self.rolled, true);
            note(&self.escaped, false);
            if matches!(pull.cohort, Cohort::Llm | Cohort::Other) {
                let reasons = self.listed.range((id, "")..(id + 1, "")).map(|(_, r)| (number, (*r).to_owned()));
                truth.listed.extend(reasons);
            }
            let asked = |r: &super::Reviewed| r.state == "CHANGES_REQUESTED" && r.at < merged;
            for (set, is) in [
                (&mut truth.free, self.free.contains(&id)),
                (&mut truth.undeclared, self.undeclared.contains(&id)),
                (&mut truth.disagree, self.disagree.contains(&id)),
                (&mut truth.asked, pull.reviews.iter().any(asked)),
            ] {
                if is {
                    set.insert(number);
                }
            }
        }
        truth
    }
}

/// The commits of a pull request's branch; gives its head.
fn on_branch(world: &mut World, pull: &Pull, from: &str, until: i64) -> Vec<(i64, String)> {
    let mut parent = from.to_owned();
    let count = pull.commits.len() as i64;
    let mut made = Vec::new();
    for (i, (sha, message)) in pull.commits.iter().enumerate() {
        let at = pull.created + (until - pull.created) * i as i64 / count;
        world.commits.insert(sha.clone(), commit(sha, message, at, &[&parent]));
        parent.clone_from(sha);
        made.push((at, sha.clone()));
    }
    made
}

fn merge(world: &mut World, branch: &mut Growing, pull: &Pull, number: u64, at: i64) {
    let own = on_branch(world, pull, &branch.tip, at);
    match pull.method {
        Method::Squash => {
            let steps: String = pull.commits.iter().map(|c| format!("* {}\n\n", c.1)).collect();
            let message = pull.message.clone().unwrap_or_else(|| match number % 4 {
                0 => format!("{} (#{number})\n\n{}", pull.title, pull.body),
                1 if pull.commits.len() > 1 => format!("{} (#{number})\n\n{steps}", pull.title),
                _ => format!("{} (#{number})", pull.title),
            });
            branch.grow(world, &pull.landed[0], &message, at, None);
        }
        Method::Rebase => {
            for (sha, (_, message)) in pull.landed.iter().zip(&pull.commits) {
                branch.grow(world, sha, message, at, None);
            }
        }
        Method::Merge => {
            for (when, sha) in &own {
                branch.beside(*when, sha);
            }
            let message = format!("Merge pull request #{number} from acme/change-{number}\n\n{}", pull.title);
            let message = pull.message.clone().unwrap_or(message);
            branch.grow(world, &pull.landed[0], &message, at, own.last().map(|(_, sha)| sha.as_str()));
        }
    }
}
