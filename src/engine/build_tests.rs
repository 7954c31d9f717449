use super::*;
use crate::engine::{Cell, Engine, Limits};
use std::path::Path;

fn database(dir: &Path, sql: &str) -> Attach {
    let path = dir.join("shop.duckdb");
    let connection = duckdb::Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().map_err(|(_, e)| e).unwrap();
    Attach { alias: "shop".into(), file: path, may_be_missing: false }
}

fn query(id: &str, sql: &str, refs: &[(&str, &str)]) -> Definition {
    Definition {
        id: id.into(),
        name: id.into(),
        body: Body::Query(sql.into()),
        refs: refs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        origin: format!("models/{id}.sql"),
    }
}

fn leaf(id: &str, body: Body) -> Definition {
    Definition { id: id.into(), name: id.into(), body, refs: BTreeMap::new(), origin: String::new() }
}

fn plan(definitions: Vec<Definition>) -> SidePlan {
    let names = definitions.iter().map(|d| (d.name.clone(), d.id.clone())).collect();
    SidePlan { definitions: definitions.into_iter().map(|d| (d.id.clone(), d)).collect(), names, ..SidePlan::default() }
}

fn workspace(databases: &[Attach], base: Vec<Definition>, head: Vec<Definition>) -> Workspace {
    let scratch = Scratch::open(databases, Limits::default()).unwrap();
    Workspace::new(scratch, plan(base), plan(head), Dialect::DuckDb).unwrap()
}

fn rows(w: &Workspace, sql: &str) -> Vec<Vec<Cell>> {
    w.engine().query(sql).unwrap().rows
}

const RAW: (&str, &str) = ("\"shop\".\"raw\".\"orders\"", "raw");

fn raw() -> Definition {
    Definition { name: "orders".into(), ..leaf("raw", Body::External("prod".into(), "RAW".into(), "Orders".into())) }
}

fn shop(dir: &Path) -> Attach {
    database(dir, "create schema raw; create table raw.orders as select i as id, i % 3 as g from range(9) t(i)")
}

#[test]
fn what_is_alike_on_both_sides_is_built_once() {
    let dir = tempfile::tempdir().unwrap();
    let stg = query("stg", "select id, g from \"shop\".\"raw\".\"orders\"", &[RAW]);
    let base = query(
        "mart",
        "select stg.g, count(*) n from \"db\".\"s\".\"stg\" group by 1",
        &[("\"db\".\"s\".\"stg\"", "stg")],
    );
    let head = query(
        "mart",
        "select stg.g, sum(id) n from \"db\".\"s\".\"stg\" group by 1",
        &[("\"db\".\"s\".\"stg\"", "stg")],
    );
    let w = workspace(&[shop(dir.path())], vec![raw(), stg.clone(), base], vec![raw(), stg, head]);
    let (b, h) = (w.relation(Side::Base, "mart").unwrap(), w.relation(Side::Head, "mart").unwrap());
    assert_ne!(b, h);
    assert_eq!(w.relation(Side::Base, "stg").unwrap(), w.relation(Side::Head, "stg").unwrap());
    assert_eq!(rows(&w, &format!("select sum(n) from {b}")), [[Cell::Int(9)]]);
    assert_eq!(rows(&w, &format!("select sum(n) from {h}")), [[Cell::Int(36)]]);
    assert_eq!(w.relation(Side::Base, "raw").unwrap(), "\"shop\".\"raw\".\"orders\"");
}

#[test]
fn seeds_have_their_declared_types_whatever_the_case() {
    let types = BTreeMap::from([("ZIP".to_owned(), "varchar".to_owned()), ("gone".to_owned(), "int".to_owned())]);
    let csv = |text: &str, types: &BTreeMap<_, _>| Body::Csv {
        bytes: text.as_bytes().into(),
        types: types.clone(),
        delimiter: ';',
    };
    let seed = leaf("zips", csv("zip;n\n00123;1\n;2\n", &types));
    let broken =
        leaf("broken", csv("a;b\n1\n2;3;4;5\n", &BTreeMap::from([("a".to_owned(), "no_such_type".to_owned())])));
    let w = workspace(&[], vec![], vec![seed, broken]);
    let name = w.relation(Side::Head, "zips").unwrap();
    assert_eq!(
        rows(&w, &format!("select zip, n from {name} order by n")),
        [[Cell::Text("00123".into()), Cell::Int(1)], [Cell::Null, Cell::Int(2)]]
    );
    let error = w.relation(Side::Head, "broken").unwrap_err().to_string();
    assert!(error.starts_with("broken: "), "{error}");
}

#[test]
fn errors_name_the_model_and_no_scratch_name() {
    let dir = tempfile::tempdir().unwrap();
    let bad = query("bad", "select nope from \"shop\".\"raw\".\"orders\"", &[RAW]);
    let mart = query("mart", "select * from bad_", &[("bad_", "bad")]);
    let two = query("two", "select 1; drop table x", &[]);
    let gone = leaf("gone", Body::External(String::new(), "raw".into(), "nothing".into()));
    let circle = [query("a", "select * from b_", &[("b_", "b")]), query("b", "select * from a_", &[("a_", "a")])];
    let mut all = vec![raw(), bad, mart, two, gone, leaf("py", Body::Unbuildable("a Python model".into()))];
    all.extend(circle);
    let w = workspace(&[shop(dir.path())], vec![], all);
    let error = |id: &str| w.relation(Side::Head, id).unwrap_err().to_string();
    assert!(error("bad").starts_with("bad: Binder Error: Referenced column \"nope\" not found"), "{}", error("bad"));
    assert!(error("mart").starts_with("mart reads bad: Binder Error"), "{}", error("mart"));
    assert_eq!(error("bad"), error("bad"));
    assert_eq!(error("two"), "two: more than one statement; keep only the query");
    assert!(error("gone").contains("there is no raw.nothing in ") && error("gone").contains("shop.duckdb"));
    assert_eq!(error("py"), "py: a Python model");
    assert_eq!(error("a"), "relations read each other in a circle: a -> b -> a");
    assert!(error("none").contains("none is no relation"));
    let text = w.engine().query("select * from rp_0.t").unwrap_err().to_string();
    assert!(text.starts_with("Catalog Error"), "{text}");
}

#[test]
fn the_clock_stands_still_and_the_file_is_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let attach = shop(dir.path());
    let path = attach.file.clone();
    let before = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());
    let clock = "select now() n, current_timestamp t, current_date d, today() e, localtimestamp l, current_time c";
    let copy = query("copy", "select * from \"shop\".\"raw\".\"orders\"", &[RAW]);
    let w = workspace(
        &[attach],
        vec![raw(), query("clock", clock, &[])],
        vec![raw(), copy, query("clock", &format!("{clock}, 1 x"), &[])],
    );
    let (a, b) = (w.relation(Side::Base, "clock").unwrap(), w.relation(Side::Head, "clock").unwrap());
    std::thread::sleep(std::time::Duration::from_millis(5));
    let same =
        format!("select count(*) from {a} a join {b} b using (n, t, d, e, l, c) where n = now() and d = current_date");
    assert_eq!(rows(&w, &same), [[Cell::Int(1)]]);
    w.relation(Side::Head, "copy").unwrap();
    drop(w);
    assert!(before == (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap()));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_view_becomes_a_table_for_its_second_reader() {
    let dir = tempfile::tempdir().unwrap();
    let stg = query("stg", "select id, g from \"shop\".\"raw\".\"orders\"", &[RAW]);
    let one = query("one", "select * from s_", &[("s_", "stg")]);
    let two = query("two", "select id from s_", &[("s_", "stg")]);
    let w = workspace(&[shop(dir.path())], vec![], vec![raw(), stg, one, two]);
    let kinds = "select count(*) filter (v), count(*) filter (not v) from (select false v from duckdb_tables() \
                 where table_name = 'stg' union all select true from duckdb_views() where view_name = 'stg')";
    w.relation(Side::Head, "one").unwrap();
    assert_eq!(rows(&w, kinds), [[Cell::Int(1), Cell::Int(0)]]);
    w.relation(Side::Head, "two").unwrap();
    assert_eq!(rows(&w, kinds), [[Cell::Int(0), Cell::Int(1)]]);
    let name = w.relation(Side::Head, "stg").unwrap();
    assert_eq!(rows(&w, &format!("select count(*) from {name}")), [[Cell::Int(9)]]);
}

#[test]
fn a_view_over_files_is_copied_before_the_doors_are_shut() {
    let dir = tempfile::tempdir().unwrap();
    let csv = dir.path().join("o.csv");
    std::fs::write(&csv, "id\n1\n2\n").unwrap();
    let sql = format!("create schema raw; create view raw.orders as select * from read_csv('{}')", csv.display());
    let w = workspace(&[database(dir.path(), &sql)], vec![raw()], vec![raw()]);
    let name = w.relation(Side::Head, "raw").unwrap();
    assert_eq!(rows(&w, &format!("select count(*) from {name}")), [[Cell::Int(2)]]);
    assert!(w.engine().query("select * from shop.raw.orders").is_err());
}
