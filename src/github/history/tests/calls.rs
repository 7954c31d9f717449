//! The same through the real client, on loopback: limits that come with a success, and a 502 in between.

use super::fake::{Fake, world};
use super::{asked, bytes, repository, whole};
use crate::github::history::{Memory, read};
use crate::github::{Client, Settings};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::mpsc;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

/// Answers out of a list, each once.
struct Player(Mutex<std::vec::IntoIter<ResponseTemplate>>, Mutex<mpsc::Sender<Value>>);

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        self.1.lock().expect("the lock").send(body).expect("sent");
        let answer = self.0.lock().expect("the lock").next();
        answer.unwrap_or_else(|| ResponseTemplate::new(500))
    }
}

fn limited(reset: &str) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", reset)
        .set_body_json(
            json!({"data": null, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}),
        )
}

/// Reads with these answers put in before the second; gives the history and how many requests there were.
fn read_with(faults: Vec<ResponseTemplate>) -> (anyhow::Result<String>, usize) {
    let fake = Fake::new(world(250));
    whole(&fake);
    let calls = fake.calls.borrow().clone();
    let good = calls.iter().map(|(text, variables)| fake.answer(text, variables).expect("an answer"));
    let mut answers: Vec<ResponseTemplate> =
        good.map(|data| ResponseTemplate::new(200).set_body_json(json!({"data": data}))).collect();
    answers.splice(1..1, faults);
    let (sender, requests) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let player = Player(Mutex::new(answers.into_iter()), Mutex::new(sender));
    let server = runtime.block_on(async {
        let server = MockServer::start().await;
        Mock::given(matchers::path("/graphql")).respond_with(player).mount(&server).await;
        server
    });
    let settings = Settings {
        api_url: server.uri(),
        graphql_url: format!("{}/graphql", server.uri()),
        token: Some("t".to_owned()),
        patience: std::time::Duration::from_secs(5),
    };
    let client = Client::new(&settings).expect("a client");
    let result = read(&client, &repository(), &asked(), &mut Memory::default(), &|_| {});
    (result.map(|r| bytes(&r)), requests.try_iter().count())
}

#[test]
fn limits_and_a_502_are_waited_out() {
    let expected = bytes(&whole(&Fake::new(world(250))));
    let gave_up = json!({"errors": [{"message": "Something went wrong while executing your query."}]});
    for (fault, name) in [
        (limited("1"), "a limit with a success"),
        (
            ResponseTemplate::new(403).insert_header("retry-after", "1").set_body_json(json!({"message": "slow down"})),
            "403",
        ),
        (ResponseTemplate::new(502), "502"),
        (ResponseTemplate::new(200).set_body_json(gave_up), "an error that passes"),
    ] {
        let (read, requests) = read_with(vec![fault]);
        assert_eq!(read.expect(name), expected, "{name}");
        assert_eq!(requests, 5, "{name}");
    }
}

#[test]
fn a_limit_beyond_our_patience_is_an_error() {
    let (read, requests) = read_with(vec![limited("99999999999")]);
    let error = format!("{:#}", read.expect_err("too long"));
    assert!(error.contains("rate limit") && error.contains("of 5 s of waiting are left"), "{error}");
    assert_eq!(requests, 2);
}
