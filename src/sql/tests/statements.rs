//! Statements, named relations, called functions and equal text.

use super::super::{
    Dialect, Equivalence, StatementKind, analyze, compare, functions, relations, same_text, statements,
};
use super::Shop;

fn kinds(sql: &str, dialect: Dialect) -> String {
    let all = statements(sql, dialect).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let one = |info: &super::super::StatementInfo| {
        let target = info.target.as_deref().map(|target| format!(" {target}")).unwrap_or_default();
        format!("{:?}{target}{}", info.kind, if info.read_only { " ro" } else { "" })
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn statement_kinds() {
    for (sql, expected) in [
        ("select 1", "Query ro"),
        ("select 1;", "Query ro"),
        (";; -- nothing\n select 1 ; /* end */ ;", "Query ro"),
        ("select 1; drop table x", "Query ro; Drop x"),
        ("with a as (select 1) select * from a", "Query ro"),
        ("values (1)", "Query ro"),
        ("insert into t select 1", "Insert t"),
        ("update t set a = 1", "Update t"),
        ("delete from t where a = 1", "Delete t"),
        ("truncate table t", "Truncate t"),
        ("create table t as select 1", "Create t"),
        ("create view v as select 1", "Create v"),
        ("create schema s", "Create"),
        ("alter table t add column x int", "Alter t"),
        ("drop view v", "Drop v"),
        ("copy t to 'x.csv'", "Copy"),
        ("attach 'x.db' as y", "Attach 'x.db'"),
        ("install httpfs", "Attach httpfs"),
        ("set memory_limit = '1GB'", "Set"),
        ("pragma database_list", "Set"),
        ("", ""),
        ("-- only a comment", ""),
    ] {
        assert_eq!(kinds(sql, Dialect::DuckDb), expected, "{sql}");
    }
    let dialect = Dialect::Postgres;
    assert_eq!(kinds("with gone as (delete from t returning *) select * from gone", dialect), "Query");
    assert_eq!(kinds("select * into t2 from t", dialect), "Query");
    assert_eq!(kinds("select * from t for update", dialect), "Query");
    assert_eq!(kinds("grant select on t to someone", dialect), "Grant");
    assert_eq!(kinds("merge into t using s on t.id = s.id when matched then delete", dialect), "Merge t");
}

#[test]
fn statement_places_and_errors() {
    let sql = "select 1;\nselect\n  2";
    let all = statements(sql, Dialect::DuckDb).expect("both parse");
    assert_eq!((all[1].span.line, all[1].span.column, &sql[all[1].span.start..all[1].span.end]), (2, 1, "select\n  2"));
    let error = statements("select a,\n from (", Dialect::Postgres).expect_err("no SQL");
    assert_eq!(error.span.map(|span| span.line), Some(2), "{error}");
    let error = analyze("select 1; select 2", Dialect::DuckDb, &Shop).expect_err("two statements");
    assert_eq!(error.message, "2 statements where one query is expected");
    let error = analyze("drop table x", Dialect::DuckDb, &Shop).expect_err("no query");
    assert_eq!(error.message, "a `drop` statement where a query is expected");
    assert!(analyze("", Dialect::DuckDb, &Shop).is_err());
    assert_eq!(all[0].kind, StatementKind::Query);
}

#[test]
fn what_is_said_before_a_query_belongs_to_it() {
    let after = |prelude: &str| {
        let sql = format!("{prelude} select f(id) as x from orders");
        analyze(&sql, Dialect::BigQuery, &Shop)
    };
    let one = after("create temp function f(x int64) as (x + 1);").expect("one query");
    let again = after("create temp function f(x int64)\n  as (x + 1);").expect("one query");
    let other = after("create temp function f(x int64) as (x + 2);").expect("one query");
    assert_eq!(compare(&one, &again), Equivalence::Equivalent);
    assert_eq!(compare(&one, &other), Equivalence::Changed);
    assert!(after("create temp table t as select 1;").is_err());
    assert!(after("delete from orders where true;").is_err());
}

#[test]
fn long_lists_are_read() {
    let list = |count| format!("select id from orders where status in ({})", vec!["'a'"; count].join(", "));
    assert!(analyze(&list(200_000), Dialect::Snowflake, &Shop).is_ok());
    assert!(analyze(&list(1_000_000), Dialect::Snowflake, &Shop).is_err());
    let chain = format!("select {} from orders", vec!["id"; 100_000].join(" + "));
    assert!(analyze(&chain, Dialect::Snowflake, &Shop).is_err());
}

#[test]
fn relations_outside_with() {
    let cases = [
        ("select * from a join b.c on true", "a b.c"),
        ("with a as (select * from a) select * from a", "a"),
        ("with a as (select * from x), b as (select * from a) select * from b, y", "x y"),
        ("with recursive a as (select 1 union all select * from a) select * from a", ""),
        ("select (select max(i) from s) from t where x in (select y from u) and exists (select 1 from v)", "s t u v"),
        ("with a as (select 1) select * from (with a as (select * from z) select * from a), a", "z"),
        ("select * from (with q as (select 1) select * from q), q", "q"),
        ("select * from a union all select * from b", "a b"),
        ("select * from range(3), t", "t"),
        ("insert into t select * from s", "t s"),
        ("select * from 'data.csv'", "data.csv"),
    ];
    for (sql, expected) in cases {
        let found = relations(sql, Dialect::DuckDb).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let names: Vec<_> = found.iter().map(|one| one.parts.join(".")).collect();
        assert_eq!(names.join(" "), expected, "{sql}");
    }
    let sql = "select é, x from \"my schema\".\"t\" where y in (select z from deep.u)";
    let found = relations(sql, Dialect::Postgres).expect("parses");
    let texts: Vec<_> = found.iter().map(|one| &sql[one.span.start..one.span.end]).collect();
    assert_eq!(texts, ["\"my schema\".\"t\"", "deep.u"]);
}

#[test]
fn analysis_and_relations_name_the_same() {
    for sql in [
        "with a as (select * from orders), b as (select * from a join customers c on c.id = a.customer_id) select * from b, payments",
        "select (select max(id) from items i join orders o on o.id = i.order_id) from customers where id in (select customer_id from orders)",
    ] {
        let own: Vec<_> = super::analysis(sql, Dialect::DuckDb).relations.iter().map(|one| one.span).collect();
        let listed: Vec<_> = relations(sql, Dialect::DuckDb).expect("parses").iter().map(|one| one.span).collect();
        assert_eq!(own, listed, "{sql}");
    }
}

#[test]
fn called_functions() {
    let found = functions(
        "select Lower(x), s.f('a', ['b', 'c']) from read_csv('/etc/passwd', header = true) r, 'file.parquet' \
         where y = (select getenv('HOME')) and z in (select * from \"https://x/y.csv\")",
        Dialect::DuckDb,
    )
    .expect("parses");
    let shown: Vec<_> = found
        .iter()
        .map(|one| format!("{}{}{:?}", one.name, if one.table_function { "!" } else { "" }, one.string_args))
        .collect();
    assert_eq!(
        shown,
        [
            "lower[]",
            "s.f[\"a\", \"b\", \"c\"]",
            "read_csv![\"/etc/passwd\"]",
            "<file>![\"file.parquet\"]",
            "getenv[\"HOME\"]",
            "<file>![\"https://x/y.csv\"]",
        ]
    );
    let found = functions("select * from table(flatten(x))", Dialect::Snowflake).expect("parses");
    assert!(found.iter().any(|one| one.name == "flatten" && one.table_function), "{found:?}");
}

#[test]
fn texts() {
    let same = |a, b| same_text(a, b, Dialect::DuckDb);
    assert!(same("select a from b", "select  a -- why\nfrom /* here */ b\n;"));
    assert!(!same("select a from b", "select a from c"));
    assert!(!same("select 'a'", "select 'A'"));
    assert!(!same("select a from b", "select /*+ hint(b) */ a from b"));
    assert!(same("select 'unterminated", " select 'unterminated "));
    assert!(!same("select 'unterminated", "select 'unterminated  --"));
    assert!(!same("select \"a\"", "select a"));
}

#[test]
fn adapters() {
    for name in [
        "duckdb",
        "postgres",
        "redshift",
        "snowflake",
        "bigquery",
        "databricks",
        "spark",
        "trino",
        "athena",
        "sqlserver",
        "fabric",
        "mysql",
        "sqlite",
        "clickhouse",
        "hive",
    ] {
        let dialect = Dialect::from_adapter(name).unwrap_or_else(|| panic!("{name} is known"));
        assert_eq!(Dialect::from_adapter(dialect.name()), Some(dialect));
    }
    assert_eq!(Dialect::from_adapter("nonesuch"), None);
    assert_eq!(Dialect::Snowflake.fold_key("Abc", false), "ABC");
    assert_eq!(Dialect::Snowflake.fold_key("Abc", true), "Abc");
    assert_eq!(Dialect::Postgres.fold_key("Abc", false), "abc");
    assert_eq!(Dialect::DuckDb.fold_key("Abc", true), "abc");
}
