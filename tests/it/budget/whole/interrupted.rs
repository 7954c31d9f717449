//! What goes wrong on the way is waited out, or costs only what was not read yet.

use super::{YEAR, counted};
use crate::budget::github::{Fault, Simulated};
use crate::budget::simulate::{NOW, history};
use crate::sandbox::Sandbox;
use serde_json::{Value, json};

type Calls = Vec<(String, String, Value)>;

/// A limit that lasts longer than anybody waits.
fn for_ever(from: usize) -> Fault {
    let headers = vec![("retry-after", "90000".to_owned())];
    let body = json!({"message": "You have exceeded a secondary rate limit."});
    Fault { from, times: usize::MAX, status: 403, headers, body }
}

struct Scene {
    server: Simulated,
    place: Sandbox,
    /// What an undisturbed run printed.
    bytes: String,
    code: i32,
    calls: usize,
}

impl Scene {
    fn new(seed: u64, size: usize) -> Self {
        let server = Simulated::start(history(seed, size).world);
        let place = Sandbox::new();
        let ran = server.budget(&place, "undisturbed", NOW, &YEAR);
        counted(&ran);
        let calls = server.taken().len();
        Self { server, place, bytes: ran.stdout, code: ran.code, calls }
    }

    fn fault(&self, fault: Fault) {
        self.server.state.lock().unwrap().faults.push(fault);
    }

    /// Runs, and takes the faults away.
    fn run(&self, cache: &str) -> (crate::sandbox::Ran, Calls, Calls) {
        let ran = self.server.budget(&self.place, cache, NOW, &YEAR);
        let mut state = self.server.state.lock().unwrap();
        state.faults.clear();
        state.meanwhile.clear();
        let answered = std::mem::take(&mut state.answered);
        (ran, std::mem::take(&mut state.calls), answered)
    }

    fn assert_undisturbed(&self, ran: &crate::sandbox::Ran, when: &str) {
        assert_eq!(ran.code, self.code, "{when}: {}", ran.stderr);
        assert!(ran.stdout == self.bytes, "{when}: other bytes\n{}", difference(&self.bytes, &ran.stdout));
    }
}

fn difference(one: &str, other: &str) -> String {
    similar::TextDiff::from_lines(one, other).unified_diff().context_radius(2).to_string().chars().take(3_000).collect()
}

#[test]
fn interrupted_at_any_call_and_resumed_gives_the_same_bytes_and_asks_no_page_twice() {
    let scene = Scene::new(61, 700);
    assert!(scene.calls > 6, "{}", scene.calls);
    for at in 1..=scene.calls {
        let cache = format!("cut-{at}");
        scene.fault(for_ever(at));
        let (ran, _, answered) = scene.run(&cache);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "cut off at call {at}: {}", ran.stderr);
        assert_eq!(answered.len(), at - 1);
        let (ran, calls, _) = scene.run(&cache);
        scene.assert_undisturbed(&ran, &format!("cut off at call {at}"));
        // Pages after a cursor are never asked for again.
        let pages = |all: &Calls| -> Vec<String> {
            all.iter().map(|c| c.2.to_string()).filter(|b| b.contains("Y3Vyc29y")).collect()
        };
        let before = pages(&answered);
        let twice: Vec<String> = pages(&calls).into_iter().filter(|p| before.contains(p)).collect();
        assert!(twice.is_empty(), "cut off at call {at}: asked again: {twice:#?}");
        // Asked for again are only what a run begins with (policy, ledger), the front of the walk, and ids that nothing had.
        assert!(
            calls.len() + at - 1 <= scene.calls + 8,
            "cut off at call {at} of {}: {} and then {} calls\n{}\nthen\n{}",
            scene.calls,
            at - 1,
            calls.len(),
            super::summary(&answered),
            super::summary(&calls)
        );
    }
    scene.server.assert_valid();
}

#[test]
fn a_server_that_stays_broken_costs_nothing_that_was_read() {
    let scene = Scene::new(62, 300);
    for at in [2, scene.calls] {
        let cache = format!("broken-{at}");
        scene.fault(Fault { status: 500, ..Fault::broken(at, usize::MAX) });
        let (ran, _, _) = scene.run(&cache);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{at}: {}", ran.stderr);
        assert!(ran.stderr.contains("500"), "{}", ran.stderr);
        scene.assert_undisturbed(&scene.run(&cache).0, &format!("broken at {at}"));
    }
}

#[test]
fn short_troubles_are_waited_out() {
    let scene = Scene::new(63, 300);
    let middle = (scene.calls / 2).max(2);
    let troubles: [(&str, Fault); 6] = [
        ("a 502 in the middle", Fault::broken(middle, 1)),
        ("two 502 at the end", Fault::broken(scene.calls, 2)),
        ("429", Fault::limited(middle, 429, 1)),
        ("403 with retry-after", Fault::limited(middle, 403, 1)),
        ("RATE_LIMITED in GraphQL's own way", Fault::graphql_limited(middle, 2)),
        ("RATE_LIMITED at the first call", Fault::graphql_limited(1, 1)),
    ];
    for (index, (what, fault)) in troubles.into_iter().enumerate() {
        scene.fault(fault);
        scene.assert_undisturbed(&scene.run(&format!("trouble-{index}")).0, what);
    }
    // GraphQL gives up on a query now and then, with an answer that has errors and no data.
    for (index, body) in [
        json!({"data": null, "errors": [{"message": "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."}]}),
        json!({"message": "We couldn't respond to your request in time. Sorry about that."}),
    ]
    .into_iter()
    .enumerate()
    {
        scene.fault(Fault { status: [200, 502][index], body, ..Fault::broken(middle, 1) });
        let (ran, _, _) = scene.run(&format!("timeout-{index}"));
        if ran.code == 2 {
            assert_eq!(ran.stdout, "", "a number from half the data");
            scene.assert_undisturbed(&scene.run(&format!("timeout-{index}")).0, "after a timeout");
        } else {
            scene.assert_undisturbed(&ran, "a timeout");
        }
    }
}

#[test]
fn queries_that_are_too_heavy_become_lighter() {
    let scene = Scene::new(66, 200);
    scene.server.state.lock().unwrap().too_heavy = Some(20_000);
    scene.assert_undisturbed(&scene.run("heavy").0, "GitHub gives up on heavy queries");
    assert!(scene.server.state.lock().unwrap().most_nodes > 20_000, "nothing was too heavy");
}

#[test]
fn what_is_updated_during_the_walk_is_not_lost() {
    let scene = Scene::new(64, 700);
    let world = scene.server.state.lock().unwrap().world.clone();
    for at in 2..=scene.calls.min(12) {
        scene.server.state.lock().unwrap().world = world.clone();
        let part = at as u64;
        scene.server.state.lock().unwrap().meanwhile.push((
            at,
            Box::new(move |world| {
                for (number, pull) in &mut world.pulls {
                    if number % 5 == part % 5 {
                        pull["updatedAt"] = "2027-03-10T11:59:30Z".into();
                    }
                }
            }),
        ));
        let (ran, _, _) = scene.run(&format!("moved-{at}"));
        scene.assert_undisturbed(&ran, &format!("updated before call {at}"));
    }
}

#[test]
fn a_second_run_asks_for_what_changed_alone_and_sees_it() {
    let scene = Scene::new(65, 700);
    let (ran, calls, _) = scene.run("undisturbed");
    scene.assert_undisturbed(&ran, "a second run");
    assert!(calls.len() * 2 <= scene.calls, "{} calls, and {} for the first run", calls.len(), scene.calls);
    let budget: Value = serde_json::from_str(&scene.bytes).unwrap();
    let before = budget["escapes"].as_array().unwrap().len();
    {
        let mut state = scene.server.state.lock().unwrap();
        let done: Vec<u64> =
            budget["escapes"].as_array().unwrap().iter().map(|e| e["number"].as_u64().unwrap()).collect();
        let fresh = state.world.pulls.iter_mut().find(|(n, p)| {
            let labels = p["labels"].to_string();
            p["state"] == "MERGED"
                && p["baseRefName"] == "main"
                && p["author"]["__typename"] == "User"
                && labels.contains("\"assisted-by:llm\"")
                && p["mergedAt"].as_str().unwrap() > "2026-02"
                && p["mergedAt"].as_str().unwrap() < "2026-06"
                && !labels.contains("escape")
                && !done.contains(n)
                && p["files"].to_string().contains(".sql")
        });
        let (_, pull) = fresh.unwrap();
        pull["labels"].as_array_mut().unwrap().push("escape".into());
        pull["timelineItems"].as_array_mut().unwrap().push(json!({"__typename": "LabeledEvent", "label": "escape", "actor": {"__typename": "User", "login": "bob"}, "createdAt": "2027-03-10T12:30:00Z"}));
        pull["updatedAt"] = "2027-03-10T12:30:00Z".into();
    }
    for cache in ["undisturbed", "new"] {
        let ran = scene.server.budget(&scene.place, cache, "2027-03-10T13:00:00Z", &YEAR);
        assert_eq!(counted(&ran)["escapes"].as_array().unwrap().len(), before + 1, "{cache}");
    }
    let args: Vec<&str> = YEAR.into_iter().chain(["--fresh"]).collect();
    scene.server.taken();
    counted(&scene.server.budget(&scene.place, "undisturbed", NOW, &args));
    assert!(scene.server.taken().len() + 2 >= scene.calls);
}
