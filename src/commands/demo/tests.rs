use super::*;

/// The mart's inputs of one cell, as the raw rows have them.
struct Cell {
    users: i64,
    days: i64,
    events: Option<i64>,
    sessions: i64,
    level: String,
    score: Option<f64>,
}

fn cells() -> Vec<Cell> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(DATABASE);
    data::make(&file).unwrap();
    let connection = duckdb::Connection::open(&file).unwrap();
    let mut statement = connection
        .prepare(
            "with usage as (
                select feature_id, account_id, app_id, count(distinct visitor_id) as users,
                    count(distinct event_date) as days, sum(num_events)::bigint as events,
                    sum(num_sessions)::bigint as sessions
                from raw.feature_events group by all
            )
            select usage.users, usage.days, usage.events, usage.sessions, adoption_level, feature_health_score
            from usage join trusted.product_adoption using (feature_id, account_id, app_id)",
        )
        .unwrap();
    let rows = statement
        .query_map([], |r| {
            Ok(Cell {
                users: r.get(0)?,
                days: r.get(1)?,
                events: r.get(2)?,
                sessions: r.get(3)?,
                level: r.get(4)?,
                score: r.get(5)?,
            })
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn level(days: i64, events: Option<i64>) -> &'static str {
    match (days, events.unwrap_or(-1)) {
        (20.., 100..) => "Power Users",
        (10.., 50..) => "Regular Users",
        (5.., 20..) => "Casual Users",
        (1.., 5..) => "Trial Users",
        _ => "Minimal Users",
    }
}

fn raw_score(cell: &Cell) -> Option<f64> {
    let average = cell.events? as f64 / cell.sessions as f64;
    Some(cell.users as f64 * 2.0 + average * 5.0 + cell.days as f64 * 3.0)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[test]
fn the_trusted_answer_follows_the_definition() {
    let cells = cells();
    assert_eq!(cells.len(), 24_995);
    for cell in &cells {
        assert_eq!(cell.level, level(cell.days, cell.events));
        match (cell.score, raw_score(cell)) {
            (Some(score), Some(raw)) => assert!(close(score, raw.min(100.0)), "{score} {raw}"),
            (None, None) => {}
            other => panic!("NULL on one side only: {other:?}"),
        }
    }
}

#[test]
fn the_data_bites() {
    let cells = cells();
    let count = |of: &dyn Fn(&Cell) -> bool| cells.iter().filter(|c| of(c)).count();
    let ties: [(i64, i64); 4] = [(20, 100), (10, 50), (5, 20), (1, 5)];
    for (days, events) in ties {
        assert!(count(&|c| c.days == days && c.events >= Some(events)) > 0, "{days} days exactly");
        assert!(count(&|c| c.days >= days && c.events == Some(events)) > 0, "{events} events exactly");
        assert!(count(&|c| c.days >= days && c.events == Some(events - 1)) > 0, "one event below {events}");
    }
    assert!(count(&|c| c.events.is_none() && c.days >= 20) > 0, "busy cells without a known count");
    assert!(count(&|c| raw_score(c) > Some(100.0)) > 0, "scores over the cap");
    assert!(count(&|c| c.score.is_some_and(|s| s.fract() != 0.0)) > 0, "scores that are no integers");
}

#[test]
fn a_folder_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine"), "").unwrap();
    let error = Place::new(&DemoArgs { keep: false, dir: Some(dir.path().to_owned()) }).err().unwrap();
    assert!(error.to_string().contains("not an empty folder"), "{error}");
    assert!(dir.path().join("mine").exists());
}
