//! A GitHub for unit tests of what the commands do on it: fixed answers, and what was written.

use super::Site;
use crate::github::{Client, Event, Repository, Settings};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The login that the stage calls ours.
pub(in crate::commands) const US: &str = "github-actions[bot]";

/// The repository `acme/shop`, in which nothing is found but what is put there.
pub(in crate::commands) struct Stage {
    server: MockServer,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// An empty one.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(MockServer::start());
        let viewer = ResponseTemplate::new(200).set_body_json(json!({"data": {"viewer": {"login": US}}}));
        runtime.block_on(Mock::given(path("/graphql")).respond_with(viewer).mount(&server));
        Self { server, runtime }
    }

    /// What a GET below the repository is answered.
    pub fn has(self, below: &str, body: &Value) -> Self {
        let found = ResponseTemplate::new(200).set_body_json(body);
        let mock = Mock::given(method("GET")).and(path(format!("/repos/acme/shop/{below}"))).respond_with(found);
        self.runtime.block_on(mock.mount(&self.server));
        self
    }

    /// What a request that writes is answered, where its path ends like that.
    pub fn answers(self, verb: &str, ending: &str, status: u16, body: &Value) -> Self {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        let mock = Mock::given(method(verb)).and(path_regex(format!("{ending}$"))).respond_with(answer);
        self.runtime.block_on(mock.mount(&self.server));
        self
    }

    /// GitHub as a run reaches it.
    pub fn site(&self) -> Site {
        let settings = Settings {
            api_url: self.server.uri(),
            graphql_url: format!("{}/graphql", self.server.uri()),
            token: None,
            patience: Duration::ZERO,
        };
        let repository = Repository::new("acme/shop").unwrap();
        let client = Client::new(&settings).unwrap();
        Site { client, api_url: settings.api_url, repository, event: Event::default(), run_url: None }
    }

    /// What was written, in order: method, path below the repository, body.
    pub fn writes(&self) -> Vec<String> {
        let all = self.runtime.block_on(self.server.received_requests()).unwrap();
        let wrote = all.iter().filter(|r| r.method.as_str() != "GET" && r.url.path() != "/graphql");
        let one = |r: &Request| {
            let below = r.url.path().trim_start_matches("/repos/acme/shop/");
            format!("{} {below} {}", r.method, String::from_utf8_lossy(&r.body)).trim_end().to_owned()
        };
        wrote.map(one).collect()
    }
}
