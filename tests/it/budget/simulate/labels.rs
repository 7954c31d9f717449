//! The label `rollback`: set in time, late, before the merge, taken away, set again, overruled.

use super::{Cohort, DAY, HOUR, Plan, Said, WINDOW, number};

const LABEL: &str = "rollback";

impl Plan {
    fn labelled(&mut self) -> (usize, i64) {
        let merged = self.some_time();
        let id = self.target(merged);
        // Work takes an hour at least, so that something can be set before the merge.
        self.pulls[id].created = self.pulls[id].created.min(merged - 2 * HOUR);
        if self.pulls[id].draft_events.is_empty() || !self.pulls[id].draft_events[0].1 {
            self.pulls[id].start = self.pulls[id].created;
        }
        (id, merged)
    }

    pub fn label_stories(&mut self) {
        self.in_time();
        self.not_in_time();
        self.overruled();
        self.together();
        self.by_record();
    }

    fn in_time(&mut self) {
        for after in [60, 3 * DAY, WINDOW] {
            let (id, merged) = self.labelled();
            self.set_label(id, LABEL, merged + after);
            self.rolled(id, Some("label"));
        }
        // Set, taken away, set again.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + HOUR);
        self.take_label(id, LABEL, merged + 2 * HOUR);
        self.set_label(id, LABEL, merged + 3 * DAY);
        self.rolled(id, Some("label"));
        // By its revert too: counted once.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + HOUR);
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        self.undoing(id, merged + 2 * DAY, title, body);
        self.rolled(id, Some("label"));
    }

    fn not_in_time(&mut self) {
        for after in [WINDOW + 1, WINDOW + 9 * DAY] {
            let (id, merged) = self.labelled();
            self.set_label(id, LABEL, merged + after);
            self.list(id, "late-label");
        }
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged - HOUR);
        self.list(id, "late-label");
        // In time first, but the setting in force is late.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + DAY);
        self.take_label(id, LABEL, merged + 2 * DAY);
        self.set_label(id, LABEL, merged + WINDOW + DAY);
        self.list(id, "late-label");
        // Taken away for good.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + HOUR);
        self.take_label(id, LABEL, merged + 5 * DAY);
        self.list(id, "label-withdrawn");
    }

    fn overruled(&mut self) {
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + HOUR);
        self.set_label(id, "rollback:not", merged + DAY);
        self.list(id, "overridden");
        let (id, merged) = self.labelled();
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        self.undoing(id, merged + 2 * DAY, title, body);
        self.set_label(id, "rollback:not", merged + 3 * DAY);
        self.list(id, "overridden");
    }

    /// Several things at once.
    fn together(&mut self) {
        // In part first, and then all of it.
        let (id, merged) = self.labelled();
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        let part = self.undoing(id, merged + DAY, format!("Partially revert #{}", number(id)), String::new());
        self.pulls[part].files[0].1 += 1;
        self.undoing(id, merged + 3 * DAY, title, body);
        self.free.insert(id);
        self.rolled(id, None);
        // Reverted late, and labelled in time.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + DAY);
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        self.undoing(id, merged + WINDOW + DAY, title, body);
        self.free.insert(id);
        self.rolled(id, Some("label"));
        // Labelled late, and reverted in time.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + WINDOW + DAY);
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        self.undoing(id, merged + DAY, title, body);
        self.free.insert(id);
        self.rolled(id, Some("reverts-number"));
        // Overruled, and that taken away again.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + DAY);
        self.set_label(id, "rollback:not", merged + 2 * DAY);
        self.take_label(id, "rollback:not", merged + 3 * DAY);
        self.rolled(id, Some("label"));
        // Back within a day, but the label says that it was rolled back.
        let (id, merged) = self.labelled();
        let (title, body) = (self.revert_title(id), format!("Reverts acme/shop#{}", number(id)));
        let revert = self.undoing(id, merged + DAY, title, body);
        let (title, body) = (self.revert_title(revert), format!("Reverts acme/shop#{}", number(revert)));
        self.undoing(revert, merged + DAY + HOUR, title, body);
        self.set_label(id, LABEL, merged + DAY + 60);
        self.free.insert(id);
        self.rolled(id, Some("label"));
    }

    /// A record says so; a label does not overrule it.
    fn by_record(&mut self) {
        for ledger in [true, false] {
            let (id, merged) = self.labelled();
            let assisted = self.pulls[id].cohort == Cohort::Llm;
            self.pulls[id].said.clear();
            let said = Said { assisted, knows: true, rollback: Some("by hand".to_owned()), escape: None, ledger };
            self.pulls[id].said.push(said);
            if ledger {
                self.set_label(id, "rollback:not", merged + DAY);
                self.free.insert(id);
            }
            self.rolled(id, Some("record"));
        }
    }

    /// Few, and too big for one page of anything.
    pub fn big_ones(&mut self) {
        // The label was set among the first of very many events.
        let (id, merged) = self.labelled();
        self.set_label(id, LABEL, merged + 60);
        for i in 0..70 {
            self.set_label(id, "triage", merged + 100 + i * 20);
            self.take_label(id, "triage", merged + 110 + i * 20);
        }
        self.rolled(id, Some("label"));
        // More commits than a page holds; the one that tells of the revert stands at either side of its end.
        for place in [3, 105] {
            let (id, merged) = self.labelled();
            let sha = self.pulls[id].landed[0].clone();
            self.pulls[id].landed.truncate(1);
            self.pulls[id].commits.truncate(1);
            self.pulls[id].method = super::Method::Squash;
            let title = format!("Many small steps back {id}");
            let revert = self.undoing(id, merged + 2 * DAY, title, String::new());
            self.pulls[revert].commits = (0..120).map(|i| (self.dice.sha(), format!("step {i}"))).collect();
            self.pulls[revert].commits[place].1 = format!("step back\n\nThis reverts commit {sha}.");
            self.pulls[revert].message = Some(format!("Many small steps back (#{})", number(revert)));
            self.rolled(id, Some("reverts-commit"));
        }
        // Nothing but documentation in more than a page of files, and one model among them.
        for model in [false, true] {
            let merged = self.some_time();
            let id = self.pull(merged);
            self.pulls[id].files = (0..130).map(|i| (format!("docs/page{i:03}.md"), 2, 1)).collect();
            if model {
                self.pulls[id].files.push(("models/zz.sql".to_owned(), 1, 0));
                self.declare(id);
            } else {
                self.pulls[id].cohort = Cohort::Docs;
            }
        }
    }
}
