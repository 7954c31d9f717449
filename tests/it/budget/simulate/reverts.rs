//! Reverts in the forms that are met in the wild, each undoing a pull request in time, in part, or too late.

use super::{DAY, HOUR, Method, Plan, Push, WINDOW, number};

/// Title and body of a revert, of what it undoes.
type Text = &'static dyn Fn(&Plan, usize) -> (String, String);

impl Plan {
    /// A pull request that takes back what `of` changed, merged at `at`.
    pub fn undoing(&mut self, of: usize, at: i64, title: String, body: String) -> usize {
        let id = self.pull(at);
        let swapped = self.pulls[of].files.iter().map(|(p, a, d)| (p.clone(), *d, *a)).collect();
        // It is opened after what it reverts was merged.
        let opened = self.pulls[of].merged.unwrap().min(at);
        let created = self.dice.between(opened, at);
        let pull = &mut self.pulls[id];
        (pull.title, pull.body, pull.files) = (title, body, swapped);
        pull.method = Method::Squash;
        pull.commits.truncate(1);
        pull.landed.truncate(1);
        pull.commits[0].1 = "take it back".to_owned();
        (pull.created, pull.start) = (created, created);
        (pull.first_review, pull.approval) = (None, None);
        pull.draft_events.clear();
        pull.reviews.clear();
        id
    }

    /// A target, and when it is undone in time.
    fn pair(&mut self) -> (usize, i64) {
        let merged = self.some_time();
        let target = self.target(merged);
        let at = merged + self.soon();
        (target, at)
    }

    /// One pull request for each of these titles and bodies; gives the planned ids. `{N}` stands for its number, `{S}` for
    /// its commit, `{T}` for its title.
    pub fn each_undone_by(&mut self, texts: &[(&str, &str)]) -> Vec<usize> {
        let undo = |(title, body): &(&str, &str)| {
            let (target, at) = self.landed_by(Method::Squash, 1);
            let (own, sha) = (self.pulls[target].title.clone(), self.pulls[target].landed[0].clone());
            let put = |text: &str| {
                text.replace("{N}", &number(target)).replace("{S}", &sha).replace("{s}", &sha[..9]).replace("{T}", &own)
            };
            let id = self.undoing(target, at, put(title), put(body));
            self.pulls[id].files[0].1 += 1;
            target
        };
        texts.iter().map(undo).collect()
    }

    /// A target that landed in a way.
    pub fn landed_by(&mut self, method: Method, commits: usize) -> (usize, i64) {
        let (target, at) = self.pair();
        let title = self.pulls[target].title.clone();
        self.pulls[target].method = method;
        self.pulls[target].commits = (0..commits).map(|i| (self.dice.sha(), format!("{title}, part {i}"))).collect();
        self.pulls[target].landed = self.landing(method, commits);
        (target, at)
    }

    pub fn revert_title(&self, id: usize) -> String {
        format!("Revert \"{}\"", self.pulls[id].title)
    }

    /// Undoes a fresh target with a title and a body made from it; it counts.
    fn undone(&mut self, evidence: &'static str, text: Text) {
        let (target, at) = self.pair();
        let (title, body) = text(self, target);
        self.undoing(target, at, title, body);
        self.rolled(target, Some(evidence).filter(|e| !e.is_empty()));
    }

    pub fn reverts(&mut self) {
        self.by_number();
        self.by_title();
        self.by_commit();
        self.of_several_commits();
        self.pushed();
        self.in_messages();
        self.through_a_release();
        self.in_part();
        self.at_the_edge();
        self.of_the_same_title();
    }

    fn by_number(&mut self) {
        self.undone("reverts-number", &|p, t| (p.revert_title(t), format!("Reverts acme/shop#{}", number(t))));
        self.undone("reverts-number", &|p, t| {
            (p.revert_title(t), format!("Reverts acme/shop#{}\r\n\r\nIt broke finance.", number(t)))
        });
        self.undone("reverts-number", &|_, t| {
            (format!("Back out the change of yesterday {t}"), format!("It broke.\n\nReverts #{}\n", number(t)))
        });
        // GitHub cuts long titles off.
        self.undone("reverts-number", &|p, t| {
            (format!("Revert \"{}…", &p.pulls[t].title[..8]), format!("Reverts acme/shop#{}", number(t)))
        });
        // Two at once.
        let (one, at) = self.landed_by(Method::Squash, 1);
        let (two, _) = self.landed_by(Method::Squash, 1);
        self.pulls[two].merged = self.pulls[one].merged.map(|m| m - 3 * HOUR);
        self.shift(two);
        let body = format!("Reverts #{}\nReverts #{}\n", number(one), number(two));
        let id =
            self.undoing(one, at.min(self.pulls[one].merged.unwrap() + 28 * DAY), "Back to Monday".to_owned(), body);
        let more: Vec<_> = self.pulls[two].files.iter().map(|(p, a, d)| (p.clone(), *d, *a)).collect();
        self.pulls[id].files.extend(more);
        self.rolled(one, Some("reverts-number"));
        self.rolled(two, Some("reverts-number"));
        // It changes another file as well.
        let (target, at) = self.pair();
        let (title, body) = (self.revert_title(target), format!("Reverts acme/shop#{}", number(target)));
        let id = self.undoing(target, at, title, body);
        self.pulls[id].files.push(("models/marts/extra.sql".to_owned(), 4, 0));
        self.rolled(target, None);
    }

    fn by_title(&mut self) {
        self.undone("title", &|p, t| (p.revert_title(t), String::new()));
        self.undone("", &|p, t| (format!("Revert \"{} (#{})\" (#99999)", p.pulls[t].title, number(t)), String::new()));
        self.undone("", &|p, t| (format!("revert: {} (#{})", p.pulls[t].title, number(t)), String::new()));
        self.undone("", &|_, t| (format!("Revert #{}", number(t)), "It was wrong.".to_owned()));
        self.undone("", &|_, t| (format!("Revert PR #{}", number(t)), String::new()));
        self.undone("title", &|p, t| (format!("revert \"{}\"", p.pulls[t].title), String::new()));
        self.undone("title", &|p, t| (format!("Revert “{}”", p.pulls[t].title), String::new()));
        let (target, at) = self.pair();
        let title = format!("Use \"net\" price {}", self.titles);
        self.titles += 1;
        self.pulls[target].title = title;
        let title = self.revert_title(target);
        self.undoing(target, at, title, String::new());
        self.rolled(target, Some("title"));
    }

    fn by_commit(&mut self) {
        for short in [40, 12, 8] {
            let (target, at) = self.landed_by(Method::Squash, 1);
            let sha = self.pulls[target].landed[0][..short].to_owned();
            let title = if short == 8 { format!("Undo something {target}") } else { self.revert_title(target) };
            self.undoing(target, at, title, format!("This reverts commit {sha}.\n"));
            self.rolled(target, None);
        }
        // The commit of the branch, which never was on main.
        let (target, at) = self.landed_by(Method::Squash, 1);
        let sha = self.pulls[target].commits[0].0.clone();
        self.undoing(target, at, format!("Go back {target}"), format!("This reverts commit {sha}."));
        self.rolled(target, Some("reverts-commit"));
        // git revert -m 1 of a merge commit, which names the commit before as well: that one is not reverted.
        let (bystander, _) = self.landed_by(Method::Squash, 1);
        let (target, at) = self.landed_by(Method::Merge, 2);
        let merge = self.pulls[target].landed[0].clone();
        let before = self.pulls[bystander].landed[0].clone();
        let merged = self.pulls[target].merged.unwrap();
        self.pulls[bystander].merged = Some(merged - 1);
        let body = format!("This reverts commit {merge}, reversing\nchanges made to {before}.");
        self.shift(bystander);
        self.undoing(target, at, format!("Undo the merge {target}"), body);
        self.rolled(target, Some("reverts-commit"));
    }

    /// After its merge was moved: everything else of it moves along.
    pub fn shift(&mut self, id: usize) {
        let pull = &mut self.pulls[id];
        let merged = pull.merged.unwrap();
        (pull.created, pull.start) = (merged - HOUR, merged - HOUR);
        (pull.first_review, pull.approval) = (None, None);
        pull.draft_events.clear();
        pull.reviews.clear();
        for event in &mut pull.label_events {
            event.0 = merged - HOUR + 5;
        }
    }

    fn of_several_commits(&mut self) {
        // All of them, in one line, or each in a line of its own.
        let (target, at) = self.landed_by(Method::Rebase, 3);
        let all = self.pulls[target].landed.clone();
        self.undoing(
            target,
            at,
            format!("Roll back the rebase {target}"),
            format!("This reverts commits {}, {} and {}.", all[2], all[1], all[0]),
        );
        self.rolled(target, Some("reverts-commit"));
        let (target, at) = self.landed_by(Method::Rebase, 2);
        let all = self.pulls[target].landed.clone();
        let lines = format!("This reverts commit {}.\nThis reverts commit {}.\n", all[1], all[0]);
        self.undoing(target, at, format!("Roll back both {target}"), lines);
        self.rolled(target, Some("reverts-commit"));
        // All commits that a merge commit brought.
        let (target, at) = self.landed_by(Method::Merge, 2);
        let all: Vec<String> = self.pulls[target].commits.iter().map(|c| c.0.clone()).collect();
        let lines = format!("This reverts commit {}.\n\nThis reverts commit {}.", all[1], all[0]);
        self.undoing(target, at, format!("Take both steps back {target}"), lines);
        self.rolled(target, Some("reverts-commit"));
        // One of several is a part, of a rebase and of a merge commit.
        for method in [Method::Rebase, Method::Merge] {
            let (target, at) = self.landed_by(method, 3);
            let shas = match method {
                Method::Rebase => self.pulls[target].landed.clone(),
                _ => self.pulls[target].commits.iter().map(|c| c.0.clone()).collect(),
            };
            let id = self.undoing(
                target,
                at,
                format!("Revert \"a step of {target}\""),
                format!("This reverts commit {}.", shas[1]),
            );
            self.pulls[id].files = vec![("models/marts/part.sql".to_owned(), 2, 3)];
            self.pulls[target].files.push(("models/marts/part.sql".to_owned(), 9, 2));
            self.list(target, "partial-revert");
        }
    }

    fn pushed(&mut self) {
        for form in 0..3 {
            let (target, at) = self.landed_by(Method::Squash, 1);
            let sha = self.pulls[target].landed[0].clone();
            let title = self.pulls[target].title.clone();
            let message = match form {
                0 => format!("Revert \"{title} (#{})\"\n\nThis reverts commit {sha}.", number(target)),
                1 => format!("Hotfix: go back\n\nThis reverts commit {}.", &sha[..10]),
                _ => format!("Revert \"{title}\""),
            };
            let own = self.dice.sha();
            self.pushes.push(Push { branch: "main".to_owned(), at, sha: own, message });
            self.rolled(target, None);
        }
    }

    /// The body says nothing; a commit of the branch or the message of the merge does.
    fn in_messages(&mut self) {
        let (target, at) = self.landed_by(Method::Squash, 1);
        let sha = self.pulls[target].landed[0].clone();
        let id = self.undoing(target, at, format!("Restore the numbers {target}"), "As agreed.".to_owned());
        self.pulls[id].commits[0].1 = format!("Revert something\n\nThis reverts commit {sha}.");
        self.rolled(target, Some("reverts-commit"));
        let (target, at) = self.landed_by(Method::Squash, 1);
        let sha = self.pulls[target].landed[0].clone();
        let id = self.undoing(target, at, format!("Restore the old numbers {target}"), String::new());
        self.pulls[id].message =
            Some(format!("Restore the old numbers (#{})\n\nThis reverts commit {sha}.", number(id)));
        self.rolled(target, Some("reverts-commit"));
    }

    /// The reverted commit is a cherry-pick on a release branch; its trailer tells what it was on main.
    fn through_a_release(&mut self) {
        let (target, at) = self.landed_by(Method::Squash, 1);
        let (sha, merged) = (self.pulls[target].landed[0].clone(), self.pulls[target].merged.unwrap());
        let pick = self.picked(target, merged + 60, &sha);
        let picked = self.pulls[pick].landed[0].clone();
        self.undoing(
            target,
            at.max(merged + 120),
            format!("Take it out again {target}"),
            format!("This reverts commit {picked}."),
        );
        self.rolled(target, Some("reverts-commit"));
        // A revert on the release branch alone does not count.
        let (target, at) = self.landed_by(Method::Squash, 1);
        let (sha, merged) = (self.pulls[target].landed[0].clone(), self.pulls[target].merged.unwrap());
        let pick = self.picked(target, merged + 60, &sha);
        let picked = self.pulls[pick].landed[0].clone();
        let (title, body) = (self.revert_title(target), format!("This reverts commit {picked}."));
        let id = self.undoing(target, at.max(merged + 120), title, body);
        self.pulls[id].base = "release/1".to_owned();
    }

    /// A cherry-pick of a merged commit into the release branch.
    fn picked(&mut self, of: usize, at: i64, sha: &str) -> usize {
        let title = format!("{} (backport)", self.pulls[of].title);
        let id = self.undoing(of, at, title.clone(), String::new());
        self.pulls[id].files = self.pulls[of].files.clone();
        self.pulls[id].base = "release/1".to_owned();
        self.pulls[id].message = Some(format!("{title}\n\n(cherry picked from commit {sha})"));
        id
    }

    fn in_part(&mut self) {
        let said: [Text; 3] = [
            &|p, t| (format!("Partially revert \"{}\"", p.pulls[t].title), format!("Reverts acme/shop#{}", number(t))),
            &|p, t| {
                (
                    format!("Partial revert of \"{}\"", p.pulls[t].title),
                    format!("This reverts commit {}.", p.pulls[t].landed[0]),
                )
            },
            &|_, t| (format!("Revert part of #{}", number(t)), format!("Reverts acme/shop#{}", number(t))),
        ];
        for text in said {
            let (target, at) = self.landed_by(Method::Squash, 1);
            let (title, body) = text(self, target);
            let id = self.undoing(target, at, title, body);
            self.pulls[id].files[0].1 += 1;
            self.list(target, "partial-revert");
        }
        // By files: one of two; and its twin, which takes back every line although it lists fewer files.
        for whole in [false, true] {
            let (target, at) = self.landed_by(Method::Squash, 1);
            self.pulls[target].files =
                vec![("models/marts/a.sql".to_owned(), 30, 4), ("models/marts/b.sql".to_owned(), 9, 1)];
            let (title, body) = (self.revert_title(target), format!("Reverts acme/shop#{}", number(target)));
            let id = self.undoing(target, at, title, body);
            self.pulls[id].files = vec![("models/marts/a.sql".to_owned(), 4, 30)];
            if whole {
                self.pulls[id].files[0] = ("models/marts/a.sql".to_owned(), 5, 39);
                self.rolled(target, Some("reverts-number"));
            } else {
                self.list(target, "partial-revert");
            }
        }
    }

    fn at_the_edge(&mut self) {
        let late = [WINDOW + 1, self.dice.between(WINDOW + DAY, WINDOW + 30 * DAY)];
        for after in [WINDOW].into_iter().chain(late) {
            let merged = self.some_time();
            let target = self.target(merged);
            let (title, body) = (self.revert_title(target), format!("Reverts acme/shop#{}", number(target)));
            self.undoing(target, merged + after, title, body);
            if after > WINDOW {
                self.list(target, "late-revert");
            } else {
                self.rolled(target, None);
            }
        }
        // Merged before the period: its rollback is of no account here. Merged in it and rolled back after it: it is.
        for merged in [self.since - 2 * DAY, self.until - 2 * DAY] {
            let target = self.target(merged);
            let (title, body) = (self.revert_title(target), format!("Reverts acme/shop#{}", number(target)));
            self.undoing(target, merged + 5 * DAY, title, body);
            self.rolled(target, None);
        }
    }

    /// Two of one title: by title alone, the later one before the revert is meant.
    fn of_the_same_title(&mut self) {
        let (target, at) = self.pair();
        let title = self.pulls[target].title.clone();
        let merged = self.pulls[target].merged.unwrap();
        for when in [merged - 3 * DAY, at + 5 * DAY] {
            let twin = self.target(when);
            self.pulls[twin].title.clone_from(&title);
            // The later one is no work of the earlier one's commit, only a namesake.
        }
        self.undoing(target, at, format!("Revert \"{title}\""), String::new());
        self.rolled(target, Some("title"));
    }
}
