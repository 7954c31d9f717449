//! Defects that escaped: by label, by a fix that says what caused it, by record; overruled or named wrongly.

use super::{Cohort, DAY, Plan, Push, Said, number};

impl Plan {
    fn faulty(&mut self) -> (usize, i64) {
        let merged = self.some_time();
        (self.target(merged), merged)
    }

    /// A fix with a body.
    fn fixed(&mut self, of: usize, at: i64, body: String) -> usize {
        let title = self.title();
        let id = self.undoing(of, at, title, body);
        self.pulls[id].files = vec![(format!("models/marts/fix{id}.sql"), 3, 2)];
        id
    }

    pub fn escape_stories(&mut self) {
        // At any time.
        for after in [DAY, 50 * DAY] {
            let (id, merged) = self.faulty();
            self.set_label(id, "escape", merged + after);
            self.escaped.insert(id, Some("label"));
            let (id, merged) = self.faulty();
            self.fixed(id, merged + after, format!("Wrong sign.\n\nCaused-by: #{}\n", number(id)));
            self.escaped.insert(id, Some("caused-by"));
        }
        let (one, merged) = self.faulty();
        let (two, _) = self.faulty();
        self.pulls[two].merged = Some(merged + 60);
        self.shift(two);
        self.fixed(one, merged + 4 * DAY, format!("Caused-by: acme/shop#{}, #{}\r\n", number(one), number(two)));
        self.escaped.insert(one, Some("caused-by"));
        self.escaped.insert(two, Some("caused-by"));
        // Pushed straight to main.
        let (id, merged) = self.faulty();
        let sha = self.dice.sha();
        let message = format!("Correct the sign\n\nCaused-by: #{}", number(id));
        self.pushes.push(Push { branch: "main".to_owned(), at: merged + DAY, sha, message });
        self.escaped.insert(id, Some("caused-by"));
        // By record, whatever the label says.
        let (id, merged) = self.faulty();
        let assisted = self.pulls[id].cohort == Cohort::Llm;
        self.pulls[id].said =
            vec![Said { assisted, knows: true, rollback: None, escape: Some("wrong sum".to_owned()), ledger: true }];
        self.set_label(id, "escape:not", merged + DAY);
        self.free.insert(id);
        self.escaped.insert(id, Some("record"));
        self.no_escapes();
    }

    fn no_escapes(&mut self) {
        // Overruled.
        let (id, merged) = self.faulty();
        self.set_label(id, "escape", merged + DAY);
        self.set_label(id, "escape:not", merged + 2 * DAY);
        self.list(id, "overridden");
        let (id, merged) = self.faulty();
        self.fixed(id, merged + DAY, format!("Caused-by: #{}", number(id)));
        self.set_label(id, "escape:not", merged + 2 * DAY);
        self.list(id, "overridden");
        // Another repository's, a quotation, a template, another branch, the wrong order of time, a label that is gone.
        let bodies: [&dyn Fn(String) -> String; 4] = [
            &|n| format!("Caused-by: acme/library#{n}"),
            &|n| format!("> Caused-by: #{n}\n\nNot so."),
            &|n| format!("<!--\nCaused-by: #{n}\n-->\nA fix."),
            &|n| format!("```\nCaused-by: #{n}\n```\n"),
        ];
        for body in bodies {
            let (id, merged) = self.faulty();
            self.fixed(id, merged + DAY, body(number(id)));
        }
        let (id, merged) = self.faulty();
        let fix = self.fixed(id, merged + DAY, format!("Caused-by: #{}", number(id)));
        self.pulls[fix].base = "release/1".to_owned();
        let (id, merged) = self.faulty();
        let fix = self.fixed(id, merged - DAY, format!("Caused-by: #{}", number(id)));
        self.pulls[fix].created = merged - 2 * DAY;
        self.pulls[fix].start = merged - 2 * DAY;
        let (id, merged) = self.faulty();
        self.set_label(id, "escape", merged + DAY);
        self.take_label(id, "escape", merged + 2 * DAY);
        self.free.insert(id);
    }
}
