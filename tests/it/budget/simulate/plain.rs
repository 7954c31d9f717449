//! Ordinary pull requests: authors, drafts, reviews, files.

use super::{Actor, Cohort, DAY, HOUR, Method, Plan, Pull, Reviewed, Said};
use std::collections::BTreeSet;

const PEOPLE: &[&str] = &["alice", "bob", "chloe", "dan", "eve", "farid", "gus", "robot-fan", "abbot"];
const VERBS: &[&str] =
    &["Add", "Fix", "Rename", "Drop", "Tidy", "Speed up", "fix: correct", "feat: compute", "Backfill"];
const THINGS: &[&str] =
    &["gross margin", "orders by day", "customer churn", "the tax rate", "stg_payments", "dim_dates", "refund logic"];
const WORDS: &[&str] = &[
    "Closes the gap between finance and sales.\n\n- [x] tests pass\n- [ ] docs",
    "See the ticket.\r\nNothing else changes.\r\n",
    "",
    "| a | b |\n|---|---|\n| `x` | <b>y</b> |\n\n<!-- describe your change -->\n",
    "Größere Änderung \u{1f680} — \"quoted\" text & <script>alert(1)</script>",
    "```sql\nselect 1\n```\n> quoted\n\nDone.",
];

impl Plan {
    pub fn person(&mut self) -> Actor {
        Actor { login: self.dice.pick(PEOPLE).to_owned(), bot: false }
    }

    /// A person who is not the author.
    fn other_than(&mut self, author: Option<&Actor>) -> Actor {
        loop {
            let person = self.person();
            if Some(&person) != author {
                return person;
            }
        }
    }

    /// A title that no other pull request has.
    pub fn title(&mut self) -> String {
        self.titles += 1;
        format!("{} {} {}", self.dice.pick(VERBS), self.dice.pick(THINGS), self.titles)
    }

    /// A merged pull request of people's own work, without a label.
    pub fn pull(&mut self, merged: i64) -> usize {
        let title = self.title();
        let method = self.dice.pick(&[
            Method::Squash,
            Method::Squash,
            Method::Squash,
            Method::Squash,
            Method::Rebase,
            Method::Merge,
        ]);
        let author = Some(self.person());
        let took =
            if self.dice.one_in(3) { self.dice.between(300, 6 * HOUR) } else { self.dice.between(6 * HOUR, 12 * DAY) };
        let count = if method == Method::Squash { self.dice.between(1, 2) } else { self.dice.between(1, 3) };
        let commits = (0..count).map(|i| (self.dice.sha(), format!("{title}, step {i}"))).collect();
        let files = (0..self.dice.between(1, 4)).map(|_| self.file()).collect();
        let mut pull = Pull {
            title,
            body: self.dice.pick(WORDS).to_owned(),
            author,
            base: "main".to_owned(),
            created: merged - took,
            merged: Some(merged),
            open: false,
            method,
            commits,
            landed: Vec::new(),
            message: None,
            files,
            labels: BTreeSet::new(),
            label_events: Vec::new(),
            draft_events: Vec::new(),
            reviews: Vec::new(),
            said: Vec::new(),
            forged: false,
            cohort: Cohort::Other,
            start: merged - took,
            first_review: None,
            approval: None,
        };
        pull.landed = self.landing(method, pull.commits.len());
        if self.dice.one_in(20) {
            pull.labels.insert("documentation".to_owned());
        }
        self.drafted(&mut pull, merged);
        self.reviewed(&mut pull, merged);
        self.pulls.push(pull);
        self.pulls.len() - 1
    }

    /// New ids for what a merge makes.
    pub fn landing(&mut self, method: Method, commits: usize) -> Vec<String> {
        let made = if method == Method::Rebase { commits } else { 1 };
        (0..made).map(|_| self.dice.sha()).collect()
    }

    fn file(&mut self) -> (String, u64, u64) {
        let path =
            format!("models/{}/m{}.sql", self.dice.pick(&["staging", "marts", "metrics"]), self.dice.next() % 100_000);
        // Never as many lines added as removed in all: a revert is told by their exchange.
        let removed = self.dice.between(0, 20) as u64;
        (path, removed + self.dice.between(1, 40) as u64, removed)
    }

    fn drafted(&mut self, pull: &mut Pull, merged: i64) {
        let created = pull.created;
        let mut after = |from: i64| self.dice.between(from, merged - 1);
        match created % 10 {
            // Opened as a draft.
            0 | 1 => {
                let ready = after(created);
                pull.draft_events.push((ready, true));
                pull.start = ready;
                if created % 3 == 0 {
                    let back = after(ready);
                    let again = after(back);
                    pull.draft_events.extend([(back, false), (again, true)]);
                }
            }
            // Opened ready, and made a draft for a while.
            2 => {
                let back = after(created);
                let again = after(back);
                pull.draft_events.extend([(back, false), (again, true)]);
            }
            _ => {}
        }
    }

    fn reviewed(&mut self, pull: &mut Pull, merged: i64) {
        let author = pull.author.clone();
        let mut add = |by: Option<Actor>, state, at| pull.reviews.push(Reviewed { by, state, at });
        let start = pull.start;
        // What does not count: bots, the author, accounts that are gone, drafts, what comes too late.
        if self.dice.one_in(3) {
            let bot = Actor {
                login: self.dice.pick(&["copilot-pull-request-reviewer", "gemini-code-assist"]).to_owned(),
                bot: true,
            };
            add(Some(bot), self.dice.pick(&["COMMENTED", "APPROVED"]), self.dice.between(pull.created, merged + DAY));
        }
        if self.dice.one_in(8) {
            add(Some(Actor { login: "ci[bot]".to_owned(), bot: false }), "APPROVED", self.dice.between(start, merged));
        }
        if self.dice.one_in(5) {
            add(author.clone(), "COMMENTED", self.dice.between(start, merged));
        }
        if self.dice.one_in(9) {
            add(None, "APPROVED", self.dice.between(start, merged));
        }
        if start > pull.created && self.dice.one_in(2) {
            let early = self.other_than(author.as_ref());
            add(Some(early), self.dice.pick(&["COMMENTED", "APPROVED"]), self.dice.between(pull.created, start - 1));
        }
        if self.dice.one_in(6) {
            let late = self.other_than(author.as_ref());
            add(Some(late), "APPROVED", self.dice.between(merged + 1, merged + 2 * DAY));
        }
        // What counts: a first look, more looks, an approval.
        if self.dice.one_in(8) || start >= merged - 1 {
            return;
        }
        let first = self.dice.between(start, merged - 1);
        let state = self.dice.pick(&["APPROVED", "APPROVED", "COMMENTED", "CHANGES_REQUESTED", "DISMISSED"]);
        let person = self.other_than(author.as_ref());
        add(Some(person), state, first);
        pull.first_review = Some(first);
        pull.approval = (state == "APPROVED").then_some(first);
        for _ in 0..self.dice.next() % 3 {
            let at = self.dice.between(first, merged - 1);
            let person = self.other_than(author.as_ref());
            if self.dice.one_in(2) {
                add(Some(person), "APPROVED", at);
                pull.approval = Some(pull.approval.map_or(at, |a| a.min(at)));
            } else {
                add(Some(person), "COMMENTED", at);
            }
        }
    }

    /// Declares it as LLM-assisted, in one of the ways.
    pub fn declare(&mut self, id: usize) {
        if self.dice.one_in(3) {
            let ledger = self.dice.one_in(2);
            self.pulls[id].said.push(Said { assisted: true, knows: true, ledger, ..Said::default() });
        }
        let name = "assisted-by:llm";
        let at = self.pulls[id].created + 5;
        self.set_label(id, name, at);
        self.pulls[id].cohort = Cohort::Llm;
    }

    /// Sets a label as somebody.
    pub fn set_label(&mut self, id: usize, name: &str, at: i64) {
        let by = if self.dice.one_in(12) { None } else { Some(self.person()) };
        let pull = &mut self.pulls[id];
        pull.labels.insert(name.to_owned());
        pull.label_events.push((at, true, name.to_owned(), by));
    }

    /// Takes a label away.
    pub fn take_label(&mut self, id: usize, name: &str, at: i64) {
        let by = Some(self.person());
        let pull = &mut self.pulls[id];
        pull.labels.remove(name);
        pull.label_events.push((at, false, name.to_owned(), by));
    }

    /// One of either cohort: what stories are told of.
    pub fn target(&mut self, merged: i64) -> usize {
        let id = self.pull(merged);
        if self.dice.one_in(2) {
            self.declare(id);
        }
        id
    }

    /// Any day's work.
    pub fn ordinary(&mut self, merged: i64) -> usize {
        let id = self.pull(merged);
        match self.dice.next() % 100 {
            0..40 => self.declare(id),
            40..50 => {
                let login = self.dice.pick(&["dependabot", "renovate", "github-actions"]);
                self.authored(id, Some(Actor { login: login.to_owned(), bot: true }));
                self.bots(id);
            }
            50..56 => self.documented(id),
            _ => {
                if self.dice.one_in(40) {
                    self.authored(id, None);
                }
            }
        }
        id
    }

    /// Gives it another author, who also says what the one before had said.
    pub fn authored(&mut self, id: usize, author: Option<Actor>) {
        let pull = &mut self.pulls[id];
        for review in pull.reviews.iter_mut().filter(|r| r.by == pull.author) {
            review.by.clone_from(&author);
        }
        pull.author = author;
    }

    pub fn bots(&mut self, id: usize) {
        self.pulls[id].cohort = Cohort::Bots;
    }

    /// Documentation alone.
    pub fn documented(&mut self, id: usize) {
        const PAGES: &[&str] = &[
            "README.md",
            "docs/usage.md",
            "docs/img/flow.png",
            "doc/notes.txt",
            "CHANGELOG.md",
            "models/marts/orders.md",
            "guide/index.rst",
            "LICENSE",
        ];
        let count = self.dice.between(1, 3);
        let files: BTreeSet<&str> = (0..count).map(|_| self.dice.pick(PAGES)).collect();
        self.pulls[id].files = files.into_iter().map(|f| (f.to_owned(), 3, 1)).collect();
        self.pulls[id].cohort = Cohort::Docs;
    }
}
