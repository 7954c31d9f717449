//! What the SQL of a pull request must not be able to do.

use super::*;
use std::time::Duration;

fn attached(dir: &std::path::Path) -> Attach {
    let path = dir.join("x.duckdb");
    let connection = ::duckdb::Connection::open(&path).unwrap();
    connection.execute_batch("create table t as select 1 a; create view v as select * from t").unwrap();
    connection.close().map_err(|(_, e)| e).unwrap();
    Attach { alias: "x".into(), file: path, may_be_missing: false }
}

#[test]
fn attached_relations_stay_readable_and_everything_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let attach = attached(dir.path());
    let file = attach.file.display().to_string();
    std::fs::write(dir.path().join("a.csv"), "a\n1\n").unwrap();
    let csv = dir.path().join("a.csv").display().to_string();
    let scratch = Scratch::open(&[attach], Limits::default()).unwrap();
    let key = ("x".to_owned(), "main".to_owned(), "v".to_owned());
    assert_eq!(scratch.columns()[&key], [("a".to_owned(), "INTEGER".to_owned())]);
    let db = scratch.lock().unwrap();
    assert_eq!(db.query("select a from x.main.v").unwrap().rows, [[Cell::Int(1)]]);
    let refused = [
        format!("select * from read_csv('{csv}')"),
        format!("select * from '{csv}'"),
        "select * from read_text('/etc/passwd')".to_owned(),
        "select * from read_blob('/etc/passwd')".to_owned(),
        "select * from read_json('/etc/passwd')".to_owned(),
        "select * from read_parquet('https://example.com/x.parquet')".to_owned(),
        "select * from glob('/etc/*')".to_owned(),
        "select getenv('HOME')".to_owned(),
    ];
    for sql in &refused {
        assert!(db.query(sql).is_err(), "{sql}");
    }
    // Statements other than a query: through the front door, and again past it, by the engine itself.
    let statements = [
        format!("attach '{}'", dir.path().join("new.duckdb").display()),
        format!("copy (select 1) to '{csv}'"),
        "install httpfs".to_owned(),
        "load httpfs".to_owned(),
        "set enable_external_access = true".to_owned(),
        "set lock_configuration = false".to_owned(),
        "set threads = 1".to_owned(),
        "pragma memory_limit = '1GB'".to_owned(),
        "insert into x.main.t values (2)".to_owned(),
        "create table x.main.z as select 1".to_owned(),
        "drop table x.main.t".to_owned(),
    ];
    for sql in &statements {
        assert!(db.query(sql).is_err(), "{sql}");
        assert!(db.execute(sql).is_err(), "{sql}");
    }
    assert!(db.query(&format!("attach '{file}' as again (read_only)")).is_err());
    assert!(db.query("select 1; select 2").is_err());
    assert!(db.query("select 1) union all (select 2").is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_database_that_cannot_be_attached_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: std::path::PathBuf| {
        Scratch::open(&[Attach { alias: "x".into(), file: path, may_be_missing: false }], Limits::default())
            .err()
            .unwrap()
            .to_string()
    };
    let missing = open(dir.path().join("none.duckdb"));
    assert!(missing.contains("none.duckdb cannot be opened") && missing.contains("profiles.yml"), "{missing}");
    let wrong = dir.path().join("wrong.duckdb");
    std::fs::write(&wrong, vec![7u8; 20_000]).unwrap();
    let text = open(wrong);
    assert!(text.contains("wrong.duckdb") && text.contains("DuckDB wrote"), "{text}");
    assert!(open(dir.path().to_owned()).contains("is no file"));
}

#[test]
fn a_database_with_a_write_ahead_log_is_read_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (path, wal) = (dir.path().join("x.duckdb"), dir.path().join("x.duckdb.wal"));
    let connection = ::duckdb::Connection::open(dir.path().join("w.duckdb")).unwrap();
    connection
        .execute_batch(
            "set wal_autocheckpoint = '1GB'; create table t as select 1 a; checkpoint; insert into t values (2)",
        )
        .unwrap();
    std::fs::copy(dir.path().join("w.duckdb"), &path).unwrap();
    std::fs::copy(dir.path().join("w.duckdb.wal"), &wal).unwrap();
    let before = (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap());
    let db =
        Scratch::open(&[Attach { alias: "x".into(), file: path.clone(), may_be_missing: false }], Limits::default())
            .unwrap()
            .lock()
            .unwrap();
    assert_eq!(db.query("select sum(a) from x.main.t").unwrap().rows, [[Cell::Int(3)]]);
    drop(db);
    assert!(before == (std::fs::read(&path).unwrap(), std::fs::read(&wal).unwrap()));
}

#[test]
fn a_query_that_does_not_end_is_stopped_and_the_next_one_runs() {
    let limits = Limits { timeout: Duration::from_millis(300), ..Limits::default() };
    let db = Scratch::open(&[], limits).unwrap().lock().unwrap();
    let error =
        db.query("with recursive r as (select 1 a union all select a + 1 from r) select max(a) from r").unwrap_err();
    assert!(error.to_string().contains("time limit"), "{error}");
    assert_eq!(db.query("select 1").unwrap().rows, [[Cell::Int(1)]]);
}

#[test]
fn every_type_is_read() {
    let db = Locked::open().unwrap();
    let sql = "select 1::decimal(10,2) a, [1, 2] b, {'x': 1} a, 170141183460469231731687303715884105727::hugeint d, \
               interval 1 day e, date '2026-01-02' f, 'x'::blob g, true h, null i, 'é' j, 1.5::float k, \
               timestamptz '2026-01-02 03:04:05+00' l, 'u'::enum('u') m, 3::uhugeint n, map {1: 2} o";
    let rows = db.query(sql).unwrap();
    assert_eq!(rows.columns[1].1, "INTEGER[]");
    let shown: Vec<String> = rows.rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(
        shown[..11],
        [
            "1",
            "[1, 2]",
            "{'x': 1}",
            "170141183460469231731687303715884105727",
            "1 day",
            "2026-01-02",
            "x",
            "true",
            "NULL",
            "é",
            "1.5"
        ]
    );
    assert_eq!(shown[13..], ["3", "{1=2}"]);
}
