//! Which pull requests were reverted, by what, and whether they came back.

use super::changes::{self, Change, Id};
use super::commits::{Commits, Found};
use super::mention::{Kind, Mention, Named, Target};
use super::title;
use crate::history::{History, MergedPull};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A time for which a pull request was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Episode {
    /// When the revert was merged.
    pub at: Timestamp,
    /// What reverted it.
    pub by: Id,
    /// What tells so.
    pub evidence: BTreeSet<&'static str>,
    /// When and by what it came back.
    pub relanded: Option<(Timestamp, Id)>,
}

/// All that was undone in a history.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// By pull request, oldest first.
    pub episodes: BTreeMap<u64, Vec<Episode>>,
    /// Pull requests of which a part was reverted: when, by what, why it is a part.
    pub partial: Vec<(u64, Timestamp, Id, &'static str)>,
    /// Reverts whose target nobody can tell, and what they say.
    pub unknown: Vec<(Id, Timestamp, String)>,
    /// Fixes by the pull request that they name as cause.
    pub caused: BTreeMap<u64, Vec<Id>>,
}

/// Commit ids that must be asked for before [`undone`] can tell; empty when it can.
pub fn unknown_ids(history: &History) -> Vec<String> {
    let commits = Commits::of(history);
    let mut ids = changes::unknown(history, &commits);
    for change in changes::all(history, &commits) {
        let named =
            change.mentions.iter().filter_map(|m| if let Target::Sha(id) = &m.target { Some(id) } else { None });
        for id in named.chain(&change.picked_from) {
            if let Found::Unknown(id) = commits.find(id) {
                ids.insert(id);
            }
        }
    }
    ids.into_iter().collect()
}

/// Follows the branch from its oldest change to its newest.
pub(super) fn undone(history: &History) -> Undone {
    let commits = Commits::of(history);
    let changes = changes::all(history, &commits);
    let mut walk =
        Walk { history, commits: &commits, changes: &changes, effects: BTreeMap::new(), done: Undone::default() };
    for at in 0..changes.len() {
        walk.step(at);
    }
    for change in &changes {
        for cause in &change.caused_by {
            if history.pulls.get(cause).is_some_and(|p| p.merged_at <= change.at) {
                walk.done.caused.entry(*cause).or_default().push(change.id.clone());
            }
        }
    }
    walk.done
}

/// What one change does to pull requests.
#[derive(Debug, Clone, Default)]
struct Effects {
    undoes: BTreeSet<u64>,
    redoes: BTreeSet<u64>,
}

/// How one change names one other.
#[derive(Debug, Default)]
struct Naming {
    kinds: BTreeSet<Kind>,
    evidence: BTreeSet<&'static str>,
    partial: bool,
    /// Its number or its title, or a commit that holds all of it.
    whole: bool,
    /// Commits of it that are named one by one.
    shas: BTreeSet<String>,
}

struct Walk<'h> {
    history: &'h History,
    commits: &'h Commits<'h>,
    changes: &'h [Change],
    effects: BTreeMap<Id, Effects>,
    done: Undone,
}

impl Walk<'_> {
    fn step(&mut self, at: usize) {
        let change = &self.changes[at];
        let namings = self.namings(at);
        if namings.is_empty() && change.names_something() && !self.is_elsewhere(change) {
            self.done.unknown.push((change.id.clone(), change.at, said(change)));
        }
        let mut effects = Effects::default();
        let mut evidence = BTreeSet::new();
        let alone = namings.len() == 1;
        for (target, naming) in namings {
            evidence.extend(naming.evidence.iter().copied());
            if let Some(why) = self.part(change, &target, &naming, alone) {
                if let Id::Pull(number) = target {
                    self.done.partial.push((number, change.at, change.id.clone(), why));
                }
                continue;
            }
            self.add(&mut effects, &target, &naming);
        }
        for source in &change.picked_from {
            if let Found::Pull { number, .. } = self.commits.find(source)
                && self.is_out(number)
                && change.id != Id::Pull(number)
            {
                effects.redoes.insert(number);
            }
        }
        // A revert of a revert repeats what the first one said.
        effects.undoes = effects.undoes.difference(&effects.redoes).copied().collect();
        self.apply(change, &effects, &evidence);
        self.effects.insert(change.id.clone(), effects);
    }

    /// What a change names, the surest way first: titles count only where it names nothing else that is known.
    fn namings(&self, at: usize) -> BTreeMap<Id, Naming> {
        let change = &self.changes[at];
        let mut found: BTreeMap<Id, Naming> = BTreeMap::new();
        for mention in &change.mentions {
            let (id, evidence, whole, sha) = match &mention.target {
                Target::Number(number) if self.is_meant(change, *number, mention) => {
                    (Id::Pull(*number), "reverts-number", true, None)
                }
                Target::Sha(id) => match self.commits.find(id) {
                    Found::Pull { number, sha, whole } if self.before(change, number) => {
                        (Id::Pull(number), "reverts-commit", whole, Some(sha))
                    }
                    Found::Direct(sha) => (Id::Commit(sha), "reverts-commit", true, None),
                    _ => continue,
                },
                _ => continue,
            };
            let naming = found.entry(id).or_default();
            naming.kinds.insert(mention.kind);
            naming.evidence.insert(evidence);
            naming.partial |= mention.partial;
            naming.whole |= whole;
            naming.shas.extend(sha);
        }
        let partial = change.mentions.iter().any(|m| m.partial);
        if found.is_empty() {
            for mention in &change.mentions {
                let Target::Title(title) = &mention.target else { continue };
                let Some(id) = self.titled(at, title, mention.kind) else { continue };
                let naming = found.entry(id).or_default();
                naming.kinds.insert(mention.kind);
                naming.evidence.insert("title");
                naming.whole = true;
            }
        } else if let [id] = found.keys().cloned().collect::<Vec<_>>().as_slice() {
            // `Reapply "X"` over `This reverts commit ...`, which names the revert: both say the same.
            let titles = change.mentions.iter().filter(|m| matches!(m.target, Target::Title(_)));
            if let Some(naming) = found.get_mut(id)
                && titles.clone().any(|m| m.kind == Kind::Redo)
                && self.effects.get(id).is_none_or(|e| e.undoes.is_empty())
            {
                naming.kinds.insert(Kind::Redo);
            }
        }
        if partial && found.len() == 1 {
            found.values_mut().for_each(|n| n.partial = true);
        }
        found
    }

    /// Whether a number is a pull request that was merged before; behind a title without quotation marks it may be anything.
    fn is_meant(&self, change: &Change, number: u64, mention: &Mention) -> bool {
        let titled = || {
            let title = self.history.pulls.get(&number).map(|p| title::plain(&p.title));
            change.mentions.iter().any(|m| matches!((&m.target, &title), (Target::Title(said), Some(is)) if said == is))
        };
        self.before(change, number) && (mention.named != Named::Words || titled())
    }

    fn before(&self, change: &Change, number: u64) -> bool {
        change.id != Id::Pull(number) && self.history.pulls.get(&number).is_some_and(|p| p.merged_at <= change.at)
    }

    /// The newest change before with that title; one that is in, to be undone, or one that is out, to be done again.
    fn titled(&self, at: usize, said: &str, kind: Kind) -> Option<Id> {
        let cut =
            said.strip_suffix('…').or_else(|| said.strip_suffix("...")).map(str::trim_end).filter(|s| s.len() >= 20);
        let fits = |title: &str| title == said || cut.is_some_and(|cut| title.starts_with(cut));
        let mut all = self.changes[..at].iter().rev().filter(|c| fits(&c.title)).map(|c| &c.id);
        let first = all.clone().next()?;
        let wanted = all.find(|id| match id {
            Id::Pull(number) => self.is_out(*number) == (kind == Kind::Redo),
            Id::Commit(_) => kind == Kind::Undo,
        });
        Some(wanted.unwrap_or(first).clone())
    }

    /// Why only a part is undone; `None` where all of it is.
    fn part(&self, change: &Change, target: &Id, naming: &Naming, alone: bool) -> Option<&'static str> {
        if naming.partial {
            return Some("it says so itself");
        }
        let Id::Pull(number) = target else { return None };
        let pull = self.history.pulls.get(number)?;
        if !naming.whole && naming.shas.len() < pull.commits.len() {
            return Some("it names only some of the commits");
        }
        let Id::Pull(by) = change.id else { return None };
        let revert = self.history.pulls.get(&by)?;
        (alone && change.is_revert && touches_less(revert, pull)).then_some("it touches only some of the files")
    }

    /// What undoing or redoing a change does to pull requests.
    fn add(&self, effects: &mut Effects, target: &Id, naming: &Naming) {
        let own = self.effects.get(target).cloned().unwrap_or_default();
        let redone = naming.kinds.contains(&Kind::Redo);
        if redone && own.undoes.is_empty() {
            if let Id::Pull(number) = target {
                effects.redoes.insert(*number);
            }
            return;
        }
        effects.redoes.extend(&own.undoes);
        effects.undoes.extend(&own.redoes);
        let only_reverts = !own.undoes.is_empty() && self.changes.iter().any(|c| c.id == *target && c.is_revert);
        if let Id::Pull(number) = target
            && !only_reverts
            && !redone
        {
            effects.undoes.insert(*number);
        }
    }

    fn apply(&mut self, change: &Change, effects: &Effects, evidence: &BTreeSet<&'static str>) {
        for number in &effects.redoes {
            if let Some(open) = self.done.episodes.get_mut(number).and_then(|e| e.last_mut())
                && open.relanded.is_none()
            {
                open.relanded = Some((change.at, change.id.clone()));
            }
        }
        for number in &effects.undoes {
            let episodes = self.done.episodes.entry(*number).or_default();
            match episodes.last_mut() {
                Some(open) if open.relanded.is_none() => open.evidence.extend(evidence),
                _ => episodes.push(Episode {
                    at: change.at,
                    by: change.id.clone(),
                    evidence: evidence.clone(),
                    relanded: None,
                }),
            }
        }
    }

    /// Whether a pull request is undone as far as the walk has come.
    fn is_out(&self, number: u64) -> bool {
        self.done.episodes.get(&number).and_then(|e| e.last()).is_some_and(|e| e.relanded.is_none())
    }

    /// Whether what a change names is known to be something else: older than the history, or of another branch.
    fn is_elsewhere(&self, change: &Change) -> bool {
        change.mentions.iter().any(|m| match &m.target {
            Target::Number(_) => m.named != Named::Words,
            Target::Sha(id) => self.history.resolved.get(id).is_some_and(Option::is_some),
            Target::Title(_) => false,
        })
    }
}

/// Whether a revert touches some of the files only; the numbers of lines tell where all was undone and files differ.
fn touches_less(revert: &MergedPull, pull: &MergedPull) -> bool {
    if revert.files_cut || pull.files_cut || revert.files.is_empty() {
        return false;
    }
    let mirrored = (revert.additions, revert.deletions) == (pull.deletions, pull.additions);
    let (theirs, all): (BTreeSet<&String>, BTreeSet<&String>) =
        (revert.files.iter().collect(), pull.files.iter().collect());
    !mirrored && theirs.len() < all.len() && theirs.is_subset(&all)
}

/// What a revert says it reverts.
fn said(change: &Change) -> String {
    let one = |m: &Mention| match &m.target {
        Target::Number(number) => format!("#{number}"),
        Target::Sha(id) => format!("commit {}", id.get(..12).unwrap_or(id)),
        Target::Title(title) => format!("\"{title}\""),
    };
    change.mentions.iter().filter(|m| m.named != Named::Words).map(one).collect::<Vec<_>>().join(", ")
}

/// What a merged pull request did to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// It reverted these.
    pub rolled_back: Vec<u64>,
    /// It brought these back within 24 hours of their revert.
    pub restored: Vec<u64>,
}

/// What one pull request of a history did to others.
pub fn effects_of(history: &History, number: u64) -> Effect {
    let done = undone(history);
    let ours = |id: &Id| *id == Id::Pull(number);
    let mut effect = Effect::default();
    for (pull, episodes) in &done.episodes {
        if episodes.iter().any(|e| ours(&e.by)) {
            effect.rolled_back.push(*pull);
        }
        let soon = |e: &Episode| {
            e.relanded.as_ref().is_some_and(|(at, by)| ours(by) && at.duration_since(e.at) <= super::later::RELAND)
        };
        if episodes.iter().any(soon) {
            effect.restored.push(*pull);
        }
    }
    effect
}
