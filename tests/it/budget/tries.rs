//! The engine and the server, asked in the ways in which different programs might ask.

use super::github::{Fault, Simulated};
use super::graphql;
use super::simulate::{Cohort, history};
use super::world::World;
use serde_json::{Value, json};

fn ask(world: &World, query: &str, variables: Value) -> Value {
    let answer = graphql::answer(world, &json!({"query": query, "variables": variables}));
    assert_eq!(answer.violations, Vec::<String>::new(), "{query}");
    answer.body
}

#[test]
fn the_schema_is_there_where_it_is_required() {
    if std::env::var("ROWPROOF_REQUIRE_CONTRACT").is_ok_and(|v| v == "1") {
        let schema = graphql::schema().expect("ROWPROOF_GITHUB_GRAPHQL names GitHub's GraphQL schema");
        assert!(schema.types.len() > 1_000, "{} types", schema.types.len());
    }
    if graphql::schema().is_some() {
        let world = history(1, 10).world;
        for wrong in [
            "{ repository(owner: \"acme\", name: \"shop\") { pullRequests(first: 1) { nodes { nummer } } } }",
            "{ repository(owner: \"acme\") { id } }",
            "query($n: Int!) { repository(owner: \"acme\", name: \"shop\") { id } }",
            "{ repository(owner: \"acme\", name: \"shop\") { pullRequests(first: 1, states: [GONE]) { totalCount } } }",
        ] {
            let answer = graphql::answer(&world, &json!({"query": wrong, "variables": {}}));
            assert!(answer.body["data"].is_null() && !answer.violations.is_empty(), "{wrong}");
        }
    }
}

#[test]
fn all_pages_are_walked_by_cursors() {
    let made = history(5, 150);
    let query = "query($after: String) { repository(owner: \"acme\", name: \"shop\") {
        pullRequests(first: 40, after: $after, states: MERGED, baseRefName: \"main\", orderBy: {field: UPDATED_AT, direction: DESC}) {
          totalCount pageInfo { hasNextPage endCursor }
          nodes { number title author { __typename login ... on Bot { id } } mergedAt headRef { name } mergeCommit { oid message }
            labels(first: 20) { nodes { name } }
            events: timelineItems(first: 50, itemTypes: [LABELED_EVENT, READY_FOR_REVIEW_EVENT]) { totalCount nodes {
              __typename ... on LabeledEvent { createdAt actor { login } label { name } } ...Ready } }
            commits(last: 1) { totalCount nodes { commit { oid checkSuites(first: 5, filterBy: {checkName: \"rowproof report\"}) { nodes {
              checkRuns(first: 5, filterBy: {checkName: \"rowproof report\"}) { nodes { name text externalId } } } } } } }
            files(first: 100) { totalCount nodes { path } } reviews(first: 10) { nodes { state submittedAt author { login } } } } } }
        rateLimit { cost remaining } }
      fragment Ready on ReadyForReviewEvent { createdAt }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = ask(&made.world, query, json!({"after": after}));
        assert!(answer["errors"].is_null(), "{answer}");
        let page = &answer["data"]["repository"]["pullRequests"];
        let nodes = page["nodes"].as_array().unwrap();
        assert!(nodes.len() <= 40 && !nodes.is_empty());
        seen.extend(nodes.iter().map(|n| n["number"].as_u64().unwrap()));
        for event in nodes.iter().flat_map(|n| n["events"]["nodes"].as_array().unwrap()) {
            assert!(
                event["createdAt"].is_string()
                    && event["actor"].is_object()
                        == (event["__typename"] == "LabeledEvent" && !event["actor"].is_null())
            );
        }
        if page["pageInfo"]["hasNextPage"] != true {
            assert_eq!(page["totalCount"], seen.len());
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), seen.len());
    let merged = made.world.pulls.values().filter(|p| p["state"] == "MERGED" && p["baseRefName"] == "main").count();
    assert_eq!(seen.len(), merged);
    for cohort in [Cohort::Llm, Cohort::Other, Cohort::Bots, Cohort::Docs] {
        assert!(made.truth.of(cohort).iter().all(|n| seen.contains(n)));
    }
}

#[test]
fn history_objects_and_search_are_answered() {
    let world = history(6, 120).world;
    let query = "query($since: GitTimestamp, $oid: GitObjectID!, $short: String!) { repository(owner: \"acme\", name: \"shop\") {
        defaultBranchRef { name target { oid ... on Commit { history(first: 100, since: $since) { totalCount edges { cursor node { oid message committedDate
          associatedPullRequests(first: 2) { nodes { number baseRefName mergedAt } } } } } } } }
        whole: object(oid: $oid) { __typename ... on Commit { message parents(first: 2) { nodes { oid } } } }
        short: object(expression: $short) { oid }
        none: object(expression: \"fffffff\") { oid }
        policy: object(expression: \"main:rowproof.yml\") { ... on Blob { text byteSize isTruncated } }
        ref(qualifiedName: \"refs/heads/nowhere\") { name } label(name: \"rollback\") { name } }
      search(type: ISSUE, first: 3, query: \"repo:acme/shop is:pr is:merged base:main merged:2026-02-01..2026-02-28 sort:created-asc\") {
        issueCount nodes { ... on PullRequest { number mergedAt } } } viewer { login } }";
    let tip = &world.branches["main"].commits[3];
    let variables = json!({"since": "2026-06-01T00:00:00Z", "oid": tip, "short": &tip[..9]});
    let answer = ask(&world, query, variables);
    assert!(answer["errors"].is_null(), "{}", answer["errors"]);
    let repository = &answer["data"]["repository"];
    let edges = repository["defaultBranchRef"]["target"]["history"]["edges"].as_array().unwrap();
    assert!(edges.len() > 50);
    assert!(edges.iter().all(|e| e["node"]["committedDate"].as_str().unwrap() >= "2026-06-01T00:00:00Z"));
    assert_eq!(repository["short"]["oid"], **tip);
    assert_eq!(repository["whole"]["__typename"], "Commit");
    assert!(repository["none"].is_null() && repository["ref"].is_null());
    assert_eq!(repository["policy"]["text"], "version: 1\nextends: default\n");
    assert!(answer["data"]["search"]["issueCount"].as_u64().unwrap() >= 3);
}

#[test]
fn what_github_refuses_is_refused() {
    let world = history(7, 10).world;
    let refused = |fields: &str| {
        let query = format!("{{ repository(owner: \"acme\", name: \"shop\") {{ {fields} }} }}");
        graphql::answer(&world, &json!({"query": query})).body["errors"].to_string()
    };
    assert!(refused("pullRequests(first: 101) { totalCount }").contains("101 records"));
    assert!(refused("pullRequests { totalCount }").contains("You must provide a `first` or `last`"));
    let deep = "pullRequests(first: 100) { nodes { files(first: 100) { nodes { path } } reviewThreads(first: 100) { nodes { comments(first: 100) { nodes { body } } } } } }";
    assert!(refused(deep).contains("possible nodes"));
    let none = refused("pullRequest(number: 1) { title }");
    assert!(none.contains("NOT_FOUND") && none.contains("[\"repository\",\"pullRequest\"]"), "{none}");
    let other = graphql::answer(&world, &json!({"query": "{ repository(owner: \"acme\", name: \"x\") { id } }"}));
    assert!(other.body["data"]["repository"].is_null() && other.body["errors"][0]["type"] == "NOT_FOUND");
}

#[test]
fn nodes_and_points_are_counted_as_github_counts_them() {
    let world = history(8, 10).world;
    // GitHub's own example in its documentation of limits, with other names: 50 + 50 x 10 = 550 nodes, (1 + 50) / 100 points.
    let query = "{ repository(owner: \"acme\", name: \"shop\") { pullRequests(first: 50) { nodes { labels(first: 10) { nodes { name } } } } } }";
    let answer = graphql::answer(&world, &json!({"query": query}));
    assert_eq!((answer.nodes, answer.cost), (550, 1));
}

#[test]
fn a_pull_request_that_is_updated_during_a_walk_is_not_skipped_by_its_cursor() {
    let mut world = history(9, 60).world;
    let query = "query($after: String) { repository(owner: \"acme\", name: \"shop\") { pullRequests(first: 20, after: $after, orderBy: {field: UPDATED_AT, direction: ASC}) {
        pageInfo { endCursor hasNextPage } nodes { number } } } }";
    let numbers = |answer: &Value| -> Vec<u64> {
        let nodes = answer["data"]["repository"]["pullRequests"]["nodes"].as_array().unwrap();
        nodes.iter().map(|n| n["number"].as_u64().unwrap()).collect()
    };
    let first = ask(&world, query, json!({"after": null}));
    let cursor = first["data"]["repository"]["pullRequests"]["pageInfo"]["endCursor"].clone();
    let expected = numbers(&ask(&world, query, json!({"after": cursor})));
    // Even the one whose cursor it is.
    let moved = *numbers(&first).last().unwrap();
    world.pulls.get_mut(&moved).unwrap()["updatedAt"] = "2027-03-09T00:00:00Z".into();
    assert_eq!(numbers(&ask(&world, query, json!({"after": cursor}))), expected);
}

#[test]
fn rest_is_answered_and_faults_come_when_they_are_due() {
    let world = history(10, 20).world;
    let (number, tip) = (*world.pulls.keys().next().unwrap(), world.branches["main"].commits[0].clone());
    let server = Simulated::start(world);
    server.state.lock().unwrap().faults.push(Fault::broken(2, 1));
    let get = |path: &str| -> (u16, Value) {
        let out = std::process::Command::new("curl")
            .args(["-s", "-w", "\n%{http_code}", &format!("{}{path}", server.url())])
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    };
    assert_eq!(get("/repos/acme/shop").1["default_branch"], "main");
    assert_eq!(get("/repos/acme/shop").0, 502);
    assert_eq!(get(&format!("/repos/acme/shop/pulls/{number}")).1["number"], number);
    assert_eq!(get(&format!("/repos/acme/shop/commits/{}", &tip[..10])).1["sha"], tip);
    assert_eq!(get("/repos/acme/shop/git/ref/heads/rowproof-ledger").0, 200);
    assert_eq!(get("/repos/acme/shop/git/ref/heads/none").0, 404);
    assert_eq!(get("/repos/acme/shop/contents/rowproof.yml?ref=main").1["encoding"], "base64");
    assert!(get(&format!("/repos/acme/shop/issues/{number}/timeline?per_page=100")).1.is_array());
    assert!(get(&format!("/repos/acme/shop/commits/{tip}/pulls")).1.is_array());
    assert_eq!(server.taken().len(), 9);
    server.assert_valid();
}
