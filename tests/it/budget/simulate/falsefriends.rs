//! What looks like a revert and is none.

use super::{HOUR, Method, Plan, Push, number};

/// A body, of the number and the commit that it speaks of.
type Text = &'static dyn Fn(String, &str) -> String;

impl Plan {
    pub fn false_friends(&mut self) {
        self.talk();
        self.elsewhere();
        self.own_affairs();
        self.never_merged();
    }

    /// Something to be named, which nothing happens to, and a later moment.
    fn bystander(&mut self) -> (usize, i64) {
        let merged = self.some_time();
        let id = self.target(merged);
        let at = merged + self.soon();
        (id, at)
    }

    fn later(&mut self, of: usize, at: i64, title: &str, body: String) -> usize {
        let id = self.undoing(of, at, title.to_owned(), body);
        self.pulls[id].files = vec![(format!("models/marts/n{id}.sql"), 5, 2)];
        id
    }

    fn talk(&mut self) {
        let quoted: [(&str, Text); 9] = [
            ("Add revert button", &|n, _| format!("People asked for it in #{n}.")),
            ("Revertible migrations", &|n, _| format!("If this goes wrong we may revert #{n} as well.")),
            ("Answer the review", &|n, _| format!("> Reverts acme/shop#{n}\n\nNo, it does not.")),
            ("Answer the review again", &|_, s| format!("> This reverts commit {s}.\n\nThat was another one.")),
            ("Explain how to go back", &|_, s| {
                format!("The message will be:\n\n```\nRevert \"x\"\n\nThis reverts commit {s}.\n```\n")
            }),
            ("Explain it in the docs", &|n, _| format!("~~~text\nReverts acme/shop#{n}\n~~~\n")),
            ("Follow the template", &|n, _| {
                format!("<!-- If this is a revert, write:\nReverts acme/shop#{n}\n-->\nA change.")
            }),
            ("Reverting made easier", &|_, s| format!("Compare with {s}, which nobody reverts.")),
            ("Do not revert", &|n, s| format!("Builds on #{n} ({s}).")),
        ];
        for (title, body) in quoted {
            let (named, at) = self.bystander();
            let sha = self.pulls[named].landed[0].clone();
            let title = format!("{title} {named}");
            self.later(named, at, &title, body(number(named), &sha));
        }
    }

    fn elsewhere(&mut self) {
        // Another repository's.
        let (named, at) = self.bystander();
        let title = format!("Revert \"something of the library {named}\"");
        let id = self.later(named, at, &title, format!("Reverts acme/library#{}", number(named)));
        self.free.insert(id);
        // Into another branch.
        let (named, at) = self.bystander();
        let (title, body) = (self.revert_title(named), format!("Reverts acme/shop#{}", number(named)));
        let id = self.undoing(named, at, title, body);
        self.pulls[id].base = "release/1".to_owned();
        // Pushed to another branch.
        let (named, at) = self.bystander();
        let message = format!("{}\n\nThis reverts commit {}.", self.revert_title(named), self.pulls[named].landed[0]);
        let sha = self.dice.sha();
        self.pushes.push(Push { branch: "release/1".to_owned(), at, sha, message });
    }

    /// Work that takes back its own steps, however it lands.
    fn own_affairs(&mut self) {
        for method in [Method::Squash, Method::Rebase, Method::Merge] {
            let (id, _) = self.landed_by(method, 3);
            let title = self.pulls[id].title.clone();
            let first = self.pulls[id].commits[0].clone();
            self.pulls[id].commits[1].1 = format!("Revert \"{}\"\n\nThis reverts commit {}.", first.1, first.0);
            if method == Method::Squash {
                let text = format!(
                    "{title} (#{})\n\n* {}\n\n* Revert \"{}\"\n\nThis reverts commit {}.",
                    number(id),
                    first.1,
                    first.1,
                    first.0
                );
                self.pulls[id].message = Some(text);
            }
        }
        // A revert in the very pull request that had the commit, told in its body.
        let (id, _) = self.landed_by(Method::Squash, 2);
        let first = self.pulls[id].commits[0].0.clone();
        self.pulls[id].body = format!("Tried it and took it back:\n\nThis reverts commit {first}.");
    }

    fn never_merged(&mut self) {
        for open in [true, false] {
            let (named, at) = self.bystander();
            let (title, body) = (self.revert_title(named), format!("Reverts acme/shop#{}", number(named)));
            let id = self.undoing(named, at, title, body);
            self.pulls[id].merged = None;
            self.pulls[id].open = open;
        }
        // Merged before what it names.
        let (named, _) = self.bystander();
        let before = self.pulls[named].merged.unwrap() - HOUR;
        let (title, body) = (self.revert_title(named), format!("Reverts acme/shop#{}", number(named)));
        let id = self.undoing(named, before, title, body);
        self.pulls[id].created = before - HOUR;
        self.pulls[id].start = before - HOUR;
        self.free.insert(id);
        self.free.insert(named);
    }
}
