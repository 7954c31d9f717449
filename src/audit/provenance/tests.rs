mod negatives;
mod positives;
mod rules;

use super::*;

/// Where a text of the tables stands.
#[derive(Debug, Clone, Copy)]
enum In {
    /// A commit message.
    Commit(&'static str),
    /// The body of a pull request.
    Body(&'static str),
    /// The author of a commit: name, address.
    Author(&'static str, &'static str),
    /// The committer.
    Committer(&'static str, &'static str),
    /// The author of the pull request.
    Login(&'static str),
    /// A label.
    Label(&'static str),
    /// A branch.
    Branch(&'static str),
    /// A note in refs/notes/ai.
    Note(&'static str),
    /// An Agent Trace file.
    Trace(&'static str),
}

fn person(name: &str, email: &str) -> Person {
    Person { name: name.to_owned(), email: email.to_owned(), login: None }
}

fn jane() -> Person {
    person("Jane Doe", "jane@corp.com")
}

fn judge(what: In) -> Provenance {
    let mut commit = CommitText {
        sha: "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d".to_owned(),
        author: jane(),
        committer: person("GitHub", "noreply@github.com"),
        message: "Add the orders model".to_owned(),
        note: None,
    };
    let mut pull = PullText { title: "Orders".to_owned(), branch: "orders".to_owned(), ..PullText::default() };
    let mut traces = Vec::new();
    match what {
        In::Commit(message) => commit.message = message.to_owned(),
        In::Body(body) => pull.body = body.to_owned(),
        In::Author(name, email) => commit.author = person(name, email),
        In::Committer(name, email) => commit.committer = person(name, email),
        In::Login(login) => pull.author = Some(login.to_owned()),
        In::Label(label) => pull.labels = vec![label.to_owned()],
        In::Branch(branch) => pull.branch = branch.to_owned(),
        In::Note(note) => commit.note = Some(note.to_owned()),
        In::Trace(text) => traces.push((".agent-trace/1.json".to_owned(), text.to_owned())),
    }
    provenance(&Evidence {
        commits: &[commit],
        pull: Some(&pull),
        label: Some("assisted-by:llm"),
        traces: &traces,
        prompt_file: &|_, _| Ok(None),
    })
}
