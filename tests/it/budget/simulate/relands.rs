//! Reverts of reverts: back within a day, the rollback does not count; later, it does.

use super::{DAY, HOUR, Method, Plan, Push, number};

/// How the work comes back.
const WAYS: usize = 11;

impl Plan {
    /// A target and its revert.
    fn reverted(&mut self) -> (usize, usize, i64) {
        let merged = self.some_time();
        let target = self.target(merged);
        self.pulls[target].method = Method::Squash;
        self.pulls[target].commits.truncate(1);
        self.pulls[target].landed.truncate(1);
        let at = merged + self.dice.between(HOUR, 20 * DAY);
        let (title, body) = (self.revert_title(target), format!("Reverts acme/shop#{}", number(target)));
        let revert = self.undoing(target, at, title, body);
        (target, revert, at)
    }

    /// Brings back what `revert` undid, in one of the ways.
    fn bring_back(&mut self, way: usize, target: usize, revert: usize, at: i64) -> usize {
        let title = self.pulls[target].title.clone();
        let sha = self.pulls[revert].landed[0].clone();
        let (back, body) = match way {
            0 => (self.revert_title(revert), format!("Reverts acme/shop#{}", number(revert))),
            1 => (format!("Reapply \"{title}\""), format!("This reverts commit {sha}.")),
            2 => (format!("Reland \"{title}\""), String::new()),
            3 => (format!("Reapply \"{title}\""), format!("Reverts acme/shop#{}", number(revert))),
            4 => (format!("The margin again {target}"), format!("This reverts commit {sha}.")),
            5 => (self.revert_title(revert), String::new()),
            // As git names commits that were squashed, with numbers in them.
            6 => (
                format!("Revert \"Revert \"{title} (#{})\" (#{})\"", number(target), number(revert)),
                format!("This reverts commit {sha}."),
            ),
            7 => (format!("Revert \"Revert \"{title} (#{})\" (#{})\"", number(target), number(revert)), String::new()),
            8 => (format!("Reapply \"{title} (#{})\" (#{})", number(target), number(revert)), String::new()),
            9 => (format!("Reland #{}", number(target)), String::new()),
            _ => (format!("{title} (again)"), "This time with tests.".to_owned()),
        };
        let id = self.undoing(revert, at, back.clone(), body);
        if way == WAYS - 1 {
            let first = self.pulls[target].landed[0].clone();
            let message = format!("{title}\n\n(cherry picked from commit {first})");
            self.pulls[id].commits[0].1.clone_from(&message);
            self.pulls[id].message = Some(message);
        }
        id
    }

    pub fn relands(&mut self) {
        for way in 0..WAYS {
            // Soon.
            let (target, revert, at) = self.reverted();
            let wait = self.dice.between(300, 23 * HOUR);
            self.bring_back(way, target, revert, at + wait);
            self.list(target, "relanded");
            // Too late to be forgotten.
            let (target, revert, at) = self.reverted();
            let wait = self.dice.between(25 * HOUR, 20 * DAY);
            self.bring_back(way, target, revert, at + wait);
            self.rolled(target, None);
        }
        for (wait, counts) in [(DAY, false), (DAY + 1, true)] {
            let (target, revert, at) = self.reverted();
            self.bring_back(0, target, revert, at + wait);
            if counts {
                self.rolled(target, None);
            } else {
                self.list(target, "relanded");
            }
        }
        self.third_order();
        self.pushed_back();
    }

    /// The revert, or what takes it back, is pushed straight to main.
    fn pushed_back(&mut self) {
        for (wait, counts) in [(HOUR, false), (3 * DAY, true)] {
            let merged = self.some_time();
            let first = self.target(merged);
            let at = merged + self.dice.between(HOUR, 20 * DAY);
            let sha = self.dice.sha();
            let message = format!("{}\n\nReverts #{}", self.revert_title(first), number(first));
            self.pushes.push(Push { branch: "main".to_owned(), at, sha: sha.clone(), message });
            let title = format!("Reapply \"{}\"", self.pulls[first].title);
            self.undoing(first, at + wait, title, format!("This reverts commit {sha}."));
            let (second, revert, at) = self.reverted();
            let message = format!("Hotfix\n\nThis reverts commit {}.", self.pulls[revert].landed[0]);
            let sha = self.dice.sha();
            self.pushes.push(Push { branch: "main".to_owned(), at: at + wait, sha, message });
            for target in [first, second] {
                if counts {
                    self.rolled(target, None);
                } else {
                    self.list(target, "relanded");
                }
            }
        }
    }

    /// Reverted, brought back at once, and reverted again: of the first as well as of what brought it back.
    fn third_order(&mut self) {
        for way in [0, 1] {
            let (target, revert, at) = self.reverted();
            let again = self.bring_back(way, target, revert, at + 2 * HOUR);
            let (title, body) = (self.revert_title(again), format!("Reverts acme/shop#{}", number(again)));
            self.undoing(again, at + 2 * DAY, title, body);
            self.free.insert(target);
            self.rolled(target, None);
            self.rolled(again, None);
        }
        // And brought back at once a second time: neither counts.
        let (target, revert, at) = self.reverted();
        let again = self.bring_back(0, target, revert, at + 2 * HOUR);
        let (title, body) = (self.revert_title(again), format!("Reverts acme/shop#{}", number(again)));
        let third = self.undoing(again, at + 2 * DAY, title, body);
        let (title, body) = (self.revert_title(third), format!("Reverts acme/shop#{}", number(third)));
        self.undoing(third, at + 2 * DAY + HOUR, title, body);
        self.free.insert(target);
        self.list(again, "relanded");
    }
}
