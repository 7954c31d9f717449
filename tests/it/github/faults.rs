//! What the network and GitHub's limits do to `rowproof post`.

use super::fake::Fault;
use super::scene::{HEAD, Scene, report};

const MART: &str = "models/marts/orders.sql";

fn fault(method: &'static str, path: &'static str, status: u16) -> Fault {
    Fault { method, path, status, headers: Vec::new(), message: "something", carried_out: false }
}

fn with(faults: Vec<Fault>, findings: usize) -> (Scene, crate::sandbox::Ran) {
    let scene = Scene::new(MART);
    scene.fake.memory.lock().unwrap().faults = faults.into();
    scene.report(&report(findings));
    let ran = scene.post();
    (scene, ran)
}

#[test]
fn a_502_after_the_comment_was_made_does_not_double_it() {
    for carried_out in [true, false] {
        let faults = vec![Fault { carried_out, ..fault("POST", "/comments", 502) }];
        let (scene, ran) = with(faults, 1);
        assert_eq!((ran.code, scene.comments().len()), (1, 1), "{}", ran.stderr);
        scene.fake.assert_valid();
    }
}

#[test]
fn a_502_after_the_check_run_was_made_does_not_double_it() {
    for carried_out in [true, false] {
        for method in ["POST", "PATCH"] {
            let faults = vec![Fault { carried_out, ..fault(method, "/check-runs", 502) }];
            let (scene, ran) = with(faults, 120);
            let checks = scene.checks("rowproof report", HEAD);
            assert_eq!((ran.code, checks.len()), (1, 1), "{}", ran.stderr);
            assert_eq!(checks[0]["all_annotations"].as_array().unwrap().len(), 120, "{method} {carried_out}");
            scene.fake.assert_valid();
        }
    }
}

#[test]
fn limits_are_waited_out() {
    let limited = |status, headers: &[(&'static str, &str)], message| Fault {
        headers: headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect(),
        message,
        ..fault("POST", "/comments", status)
    };
    for fault in [
        limited(429, &[("retry-after", "1")], "slow down"),
        limited(403, &[("retry-after", "1")], "You have exceeded a secondary rate limit"),
        limited(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")], "API rate limit exceeded"),
    ] {
        let (scene, ran) = with(vec![fault], 1);
        assert_eq!((ran.code, scene.comments().len()), (1, 1), "{}", ran.stderr);
    }
}

#[test]
fn patience_ends() {
    let limited = Fault { headers: vec![("retry-after", "3600".to_owned())], ..fault("POST", "/comments", 429) };
    let start = std::time::Instant::now();
    let (scene, ran) = with(vec![limited], 1);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("asks for 3600 s"), "{}", ran.stderr);
    assert!(start.elapsed().as_secs() < 60);
    // What could be published is published all the same.
    assert_eq!(scene.checks("rowproof report", HEAD).len(), 1);
}

#[test]
fn a_server_that_stays_down_is_an_error_never_a_pass() {
    let down = (0..40).map(|_| fault("GET", "/pulls/7", 500)).collect();
    let (scene, ran) = with(down, 0);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("500"), "{}", ran.stderr);
    assert!(scene.comments().is_empty());
}
