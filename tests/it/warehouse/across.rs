//! `rowproof reconcile` over warehouses, and over two engines: the same rows are equal whichever engine holds them, and
//! every difference is counted where it is.

use super::postgres::{Postgres, driver};
use super::spark::Spark;
use super::{of_spark, skipped};
use crate::sandbox::Sandbox;
use serde_json::Value;

/// Rows with what engines write differently, as DuckDB, PostgreSQL and Spark make them.
const DUCKDB: &str = "create table traps as
select g::integer as id, (g / 8.0)::decimal(12, 3) as n, nullif(g / 7.0::double, 1) as d, (g / 3.0)::float as f,
    case g % 4 when 0 then null when 1 then '' else 'é' || g || '👍 \\ ''' end as t, unhex(md5(g::varchar)) as b, nullif(g % 3, 0) = 1 as ok,
    date '2026-01-01' + (g % 400)::integer as day, timestamp '2026-01-01 00:00:00.000001' + g * interval 1 second as ts,
    timestamptz '2026-01-01 00:00:00.5+02' + g * interval 1 minute as moment, md5(g::varchar)::uuid as u, g * 1000000007 as big
from range(1, 3001) r(g);
insert into traps select id + 9000, n, d, f, t, b, ok, day, ts, moment, u, big from traps where id <= 6;
update traps set d = case id when 9001 then 'nan'::double when 9002 then -0.0::double when 9003 then 'inf'::double
    when 9004 then 1e22 when 9005 then 1.5e-7 else 123456789.125 end where id > 9000;";

const POSTGRES: &str = "create table traps as
select g::integer as id, g::numeric / 8 as n, nullif(g::float8 / 7, 1) as d, (g::float8 / 3)::real as f,
    case g % 4 when 0 then null when 1 then '' else 'é' || g || E'👍 \\\\ \\'' end as t, decode(md5(g::text), 'hex') as b, nullif(g % 3, 0) = 1 as ok,
    date '2026-01-01' + g % 400 as day, timestamp '2026-01-01 00:00:00.000001' + g * interval '1 second' as ts,
    timestamptz '2026-01-01 00:00:00.5+02' + g * interval '1 minute' as moment, md5(g::text)::uuid as u, g::bigint * 1000000007 as big
from generate_series(1, 3000) g;
insert into traps select id + 9000, n, d, f, t, b, ok, day, ts, moment, u, big from traps where id <= 6;
update traps set d = case id when 9001 then 'nan'::float8 when 9002 then '-0'::float8 when 9003 then 'infinity'::float8
    when 9004 then 1e22 when 9005 then 1.5e-7 else 123456789.125 end where id > 9000;
grant select on traps to reader;";

const SPARK: &str = "create table traps.traps as
select * except (d), case id when 9001 then double('NaN') when 9002 then -0.0D when 9003 then double('Infinity')
    when 9004 then 1e22D when 9005 then 1.5e-7D when 9006 then 123456789.125D else d end as d from (
select cast(id + more as int) as id, n, d, f, t, b, ok, day, ts, moment, u, big from (
select id, cast(id / 8.0D as decimal(20, 5)) as n, nullif(id / 7.0D, 1) as d, float(id / 3.0D) as f,
    case id % 4 when 0 then null when 1 then '' else concat('é', id, '👍 \\\\ \\'') end as t, unhex(md5(string(id))) as b, nullif(id % 3, 0) = 1 as ok,
    date_add(date'2026-01-01', cast(id % 400 as int)) as day,
    timestamp_ntz'2026-01-01 00:00:00.000001' + make_dt_interval(0, 0, 0, id) as ts,
    timestamp'2026-01-01 00:00:00.5+02:00' + make_dt_interval(0, 0, id, 0) as moment,
    regexp_replace(md5(string(id)), '(.{8})(.{4})(.{4})(.{4})(.{12})', '$1-$2-$3-$4-$5') as u, id * 1000000007 as big
from range(1, 3001)) as rows cross join (select explode(array(0, 9000)) as more) as twice where more = 0 or id <= 6) as whole";

/// A change to the rows of DuckDB, and what must be found: rows missing, unexpected, differing, and the column that differs.
const CHANGES: &[(&str, [u64; 3], &str)] = &[
    ("select * from traps", [0, 0, 0], ""),
    ("select * replace (case when id in (5, 77) then n + 0.001 else n end as n) from traps", [0, 0, 2], "n"),
    ("select * replace (d * (1 + 1e-13) as d) from traps", [0, 0, 0], ""),
    ("select * replace (case when id = 50 then d * (1 + 1e-7) else d end as d) from traps", [0, 0, 1], "d"),
    ("select * replace (case when id = 9001 then null else d end as d) from traps", [0, 0, 1], "d"),
    ("select * replace (case when id = 9003 then 5 else d end as d) from traps", [0, 0, 1], "d"),
    ("select * replace (coalesce(t, '') as t) from traps where id <= 8 or id >= 20", [11, 0, 749], "t"),
    ("select * replace (case when id = 6 then encode('x') else b end as b) from traps", [0, 0, 1], "b"),
    ("select * replace (coalesce(ok, false) as ok) from traps where id < 4 or id > 6", [3, 0, 1001], "ok"),
    ("select * replace (moment + interval 1 microsecond as moment) from traps where id <> 3", [1, 0, 3005], "moment"),
    (
        "select * replace (case when id = 30 then ts + interval 1 microsecond else ts end as ts) from traps",
        [0, 0, 1],
        "ts",
    ),
    ("select * from traps union all select * from traps where id = 8", [0, 1, 0], ""),
    (
        "select * replace (lead(big, 1, 1000000007) over (order by id) as big) from traps where id <= 3000",
        [6, 0, 3000],
        "big",
    ),
];

struct Asked<'a> {
    sandbox: &'a Sandbox,
    variables: Vec<(&'a str, &'a str)>,
}

impl Asked<'_> {
    fn reconcile(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = ["reconcile", "--format", "json", "--key", "id"].iter().chain(args).copied().collect();
        self.sandbox.rowproof_with(&self.variables, &args).json()
    }

    fn changes(&self, reference: &[&str], wrong: &mut String) {
        for (sql, [missing, unexpected, differing], column) in CHANGES {
            let own = ["--candidate-warehouse", "dev", "--candidate", sql];
            let found = self.reconcile(&[reference, &own].concat());
            check(&found, sql, [*missing, *unexpected, *differing], column, wrong);
        }
    }
}

fn check(found: &Value, what: &str, counts: [u64; 3], column: &str, wrong: &mut String) {
    let names = ["rows_missing", "rows_unexpected", "rows_differing"];
    let differ: Vec<&str> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["differing"] != 0)
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    let wanted: Vec<&str> = if column.is_empty() { Vec::new() } else { vec![column] };
    if names.map(|name| found[name].as_u64().unwrap()) != counts || differ != wanted {
        wrong.push_str(&format!(
            "{what}:\n  {} {differ:?} {}\n",
            names.map(|n| found[n].to_string()).join(" "),
            found["notes"]
        ));
    }
}

fn sandbox(prod: &str, warehouse: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("dbt_project.yml", "name: traps\nprofile: traps\n");
    sandbox.write(
        "profiles.yml",
        &format!(
            "traps:\n  target: prod\n  outputs:\n    dev: {{type: duckdb, path: traps.duckdb}}\n    prod: {{{prod}}}\n"
        ),
    );
    sandbox.write("rowproof.yml", &format!("version: 1\nextends: default\n{warehouse}"));
    sandbox.commit("base");
    sandbox.database("traps.duckdb", &[DUCKDB]);
    sandbox
}

#[test]
fn the_same_rows_in_duckdb_and_postgres_are_equal_and_every_difference_is_counted() {
    let ready = driver().and_then(|driver| Ok((driver, Postgres::start()?)));
    let (driver, server) = match ready {
        Ok(ready) => ready,
        Err(why) => {
            skipped(&why);
            return;
        }
    };
    server.sql("postgres", "create role reader login password 'sesame'");
    server.sql("postgres", POSTGRES);
    let prod = format!(
        "type: postgres, host: 127.0.0.1, port: {}, user: reader, password: sesame, dbname: postgres, schema: public",
        server.port
    );
    let sandbox = sandbox(&prod, &format!("warehouse: {{driver: {driver}}}\n"));
    let asked = Asked { sandbox: &sandbox, variables: Vec::new() };
    let mut wrong = String::new();
    asked.changes(&["--reference-warehouse", "prod", "--reference", "public.traps"], &mut wrong);
    assert!(wrong.is_empty(), "{wrong}");
    let equal = asked.reconcile(&[
        "--reference-warehouse",
        "prod",
        "--reference",
        "traps",
        "--candidate-warehouse",
        "dev",
        "--candidate",
        "traps",
    ]);
    assert_eq!(equal["equal"], true, "{equal:#}");
    // Every type has a form that both write alike, so that nothing travels.
    assert_eq!(equal["across"]["fetched"], serde_json::json!([0, 0]), "{equal:#}");
    assert_eq!(equal["across"]["columns"][1]["compared_as"], "exact number");
    // Files are sides too, and without a key one is found in what was fetched.
    let file = sandbox.root().join("traps.parquet");
    let connection = duckdb::Connection::open(sandbox.root().join("traps.duckdb")).unwrap();
    connection.execute_batch(&format!("copy (select * from traps where id <> 12) to '{}'", file.display())).unwrap();
    drop(connection);
    let args = [
        "reconcile",
        "--format",
        "json",
        "--reference-warehouse",
        "policy",
        "--reference",
        "traps",
        "--candidate",
        "traps.parquet",
    ];
    let found = sandbox.rowproof(&args);
    assert_eq!((found.code, found.json()["rows_missing"].as_u64()), (1, Some(1)), "{} {}", found.stdout, found.stderr);
    // Both in the warehouse.
    let both = ["--reference-warehouse", "prod", "--candidate-warehouse", "prod", "--reference", "traps"];
    let found = asked.reconcile(&[&both[..], &["--candidate", "select * from traps where id <> 4"]].concat());
    check(&found, "within PostgreSQL", [1, 0, 0], "", &mut wrong);
    assert!(wrong.is_empty(), "{wrong}");
    for (args, told) in [
        (["--reference-warehouse", "prod", "--reference", "drop table traps"], "no relation's name"),
        (["--reference-warehouse", "nowhere", "--reference", "traps"], "nowhere"),
        (["--reference-warehouse", "prod", "--reference", "select pg_read_file('x')"], "reads files"),
    ] {
        let ran = sandbox.rowproof(&[&["reconcile", "--candidate", "traps.parquet"], &args[..]].concat());
        assert!(ran.code == 2 && ran.stderr.contains(told) && !ran.stderr.contains("sesame"), "{}", ran.stderr);
    }
}

/// What a comparison within Spark must find: the candidate, the counts, the column.
const WITHIN: &[(&str, [u64; 3], &str)] = &[
    ("traps.traps", [0, 0, 0], ""),
    (
        "select * except (big), case when id in (1, 2, 3) then big + 1 else big end as big from traps.traps",
        [0, 0, 3],
        "big",
    ),
    ("select * except (d), d * (1 + 1e-13) as d from traps.traps", [0, 0, 0], ""),
    ("select * except (d), case when id = 50 then d * (1 + 1e-7) else d end as d from traps.traps", [0, 0, 1], "d"),
    ("select * except (d), case when id = 50 then null else d end as d from traps.traps", [0, 0, 1], "d"),
    (
        "select * except (d), case when id = 9001 then 5 when id = 9003 then 5 else d end as d from traps.traps",
        [0, 0, 2],
        "d",
    ),
    ("select * except (d), case when id = 9002 then double(0) else d end as d from traps.traps", [0, 0, 0], ""),
    ("select * except (t), coalesce(t, '') as t from traps.traps", [0, 0, 751], "t"),
    ("select * except (big), cast(big as double) as big from traps.traps", [0, 0, 0], ""),
    ("select * from traps.traps union all select * from traps.traps where id in (8, 9)", [0, 2, 0], ""),
    (
        "select * from traps.traps where id <> 77 union all select -1 as id, * except (id) from traps.traps where id = 8",
        [1, 1, 0],
        "",
    ),
    ("select * except (u), lead(u, 1, 'x') over (order by id) as u from traps.traps", [0, 0, 3006], "u"),
];

/// The same on Spark, and within it.
pub fn on_spark(spark: &Spark) {
    let tables = ["create schema if not exists traps", "drop table if exists traps.traps", SPARK];
    spark.sql(&tables.map(str::to_owned));
    let warehouse = format!("project: {{dialect: spark}}\n{}", of_spark(spark));
    let sandbox = sandbox("type: spark, method: session, host: unused, schema: traps", &warehouse);
    let asked = Asked { sandbox: &sandbox, variables: vec![("SPARK_REMOTE", spark.remote.as_str())] };
    let mut wrong = String::new();
    asked.changes(&["--reference-warehouse", "policy", "--reference", "traps.traps"], &mut wrong);
    let equal = asked.reconcile(&[
        "--reference-warehouse",
        "policy",
        "--reference",
        "traps.traps",
        "--candidate-warehouse",
        "dev",
        "--candidate",
        "traps",
    ]);
    assert_eq!(equal["across"]["fetched"], serde_json::json!([0, 0]), "{equal:#}");
    let both = ["--reference-warehouse", "policy", "--candidate-warehouse", "policy", "--reference", "traps.traps"];
    for (sql, counts, column) in WITHIN {
        let found = asked.reconcile(&[&both[..], &["--candidate", sql]].concat());
        check(&found, sql, *counts, column, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Exactly the tolerance, and one step beyond.
    for (x, equal) in [("2", true), ("2.0000000000000004", false)] {
        let found = asked.reconcile(
            &[
                &both[..4],
                &[
                    "--tolerance",
                    "0.5",
                    "--reference",
                    "select 1 as id, double(1) as x",
                    "--candidate",
                    &format!("select 1 as id, double('{x}') as x"),
                ],
            ]
            .concat(),
        );
        assert_eq!(found["equal"], equal, "{found:#}");
    }
}
