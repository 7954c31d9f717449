//! Who is counted where: records against labels, agents, bots, documentation.

use super::{Actor, Cohort, DAY, HOUR, Plan, Said};

const LABEL: &str = "assisted-by:llm";

impl Plan {
    fn some(&mut self) -> usize {
        let at = self.some_time();
        self.pull(at)
    }

    fn said(&mut self, id: usize, assisted: bool, ledger: bool) {
        self.pulls[id].said.push(Said { assisted, knows: true, ledger, ..Said::default() });
    }

    pub fn cohort_stories(&mut self) {
        self.records();
        self.declarations();
        self.agents();
        self.documents();
    }

    fn records(&mut self) {
        for ledger in [true, false] {
            // A record and no label.
            let id = self.some();
            self.said(id, true, ledger);
            self.pulls[id].cohort = Cohort::Llm;
            self.disagree.insert(id);
            // A label, and a record that knows of no language model.
            let id = self.some();
            let at = self.pulls[id].created + 1;
            self.set_label(id, LABEL, at);
            self.said(id, false, ledger);
            self.disagree.insert(id);
            // Both say no.
            let id = self.some();
            self.said(id, false, ledger);
            // A record that was written without the policy knows nothing.
            let id = self.some();
            let at = self.pulls[id].created + 1;
            self.set_label(id, LABEL, at);
            self.pulls[id].said.push(Said { ledger, ..Said::default() });
            self.pulls[id].cohort = Cohort::Llm;
        }
        // A check run that bears our name and is not ours.
        let id = self.some();
        self.pulls[id].forged = true;
    }

    fn declarations(&mut self) {
        // However it is spelt.
        let id = self.some();
        let at = self.pulls[id].created + 1;
        self.set_label(id, "Assisted-By:LLM", at);
        self.pulls[id].cohort = Cohort::Llm;
        // Taken away after the merge, and before it.
        for after in [DAY, -1] {
            let id = self.some();
            let (created, merged) = (self.pulls[id].created, self.pulls[id].merged.unwrap());
            self.set_label(id, LABEL, created + 1);
            self.take_label(id, LABEL, merged + after);
            if after > 0 {
                self.list(id, "no-longer-declared");
            }
        }
        // Set long after the merge.
        let id = self.some();
        let merged = self.pulls[id].merged.unwrap();
        self.set_label(id, LABEL, merged + 3 * HOUR);
        self.pulls[id].cohort = Cohort::Llm;
    }

    fn agents(&mut self) {
        for login in ["copilot-swe-agent", "devin-ai-integration"] {
            let agent = Actor { login: login.to_owned(), bot: true };
            let id = self.some();
            self.authored(id, Some(agent.clone()));
            self.declare(id);
            let id = self.some();
            self.authored(id, Some(agent));
            self.bots(id);
            self.undeclared.insert(id);
        }
        // A bot that is no agent stays one, label or not.
        let id = self.some();
        self.authored(id, Some(Actor { login: "dependabot".to_owned(), bot: true }));
        self.declare(id);
        self.bots(id);
        let id = self.some();
        self.authored(id, Some(Actor { login: "shop-sync[bot]".to_owned(), bot: false }));
        self.bots(id);
        // Accounts that are gone.
        let id = self.some();
        self.authored(id, None);
        self.declare(id);
    }

    fn documents(&mut self) {
        let id = self.some();
        self.declare(id);
        self.documented(id);
        // A bot's documentation is a bot's.
        let id = self.some();
        self.authored(id, Some(Actor { login: "renovate".to_owned(), bot: true }));
        self.documented(id);
        self.bots(id);
        // Some documentation is not only that; nothing is no documentation.
        let id = self.some();
        self.pulls[id].files = vec![("README.md".to_owned(), 1, 1), ("models/marts/a.sql".to_owned(), 1, 0)];
        let id = self.some();
        self.pulls[id].files.clear();
        // Only its name speaks of documents.
        let id = self.some();
        self.pulls[id].files = vec![("models/docs_orders.sql".to_owned(), 2, 0)];
    }
}
