//! The labelled edits of `tests/pairs`, run: what is called the same gives the same rows on every data, and what is
//! called changed gives others on some.

#[path = "../pairs/read.rs"]
mod read;

use duckdb::Connection;
use read::{Edit, Label, pairs};

/// Sets of data, until one shows a difference: small, with NULLs, duplicates and keys without a partner.
const SETS: u64 = 60;
/// Of these a pair that is called the same is run on the first ones.
const SAME: usize = 12;

/// A column with its type, and the values that it may have.
type Column = (&'static str, &'static [&'static str]);

const TABLES: &[(&str, &[Column])] = &[
    (
        "orders",
        &[
            ("id integer", &["1", "2", "3", "4", "5", "null"]),
            ("customer_id integer", &["1", "2", "3", "null"]),
            ("amount integer", &["-2", "0", "1", "3", "4", "7", "null"]),
            ("status varchar", &["'done'", "'lost'", "'placed'", "'Done'", "'old'", "'a'", "null"]),
            ("created_at timestamp", &["'2024-01-01'", "'2024-01-02'", "'2024-02-01'", "null"]),
        ],
    ),
    (
        "customers",
        &[
            ("id integer", &["1", "2", "3", "4", "null"]),
            ("name varchar", &["'ann'", "'bob'", "null"]),
            ("email varchar", &["'a@x'", "'b@x'", "null"]),
            ("region varchar", &["'eu'", "'us'", "null"]),
        ],
    ),
    (
        "payments",
        &[
            ("id integer", &["1", "2", "3", "null"]),
            ("order_id integer", &["1", "2", "3", "4", "null"]),
            ("amount integer", &["0", "1", "2", "5", "null"]),
            ("method varchar", &["'card'", "'cash'", "'voucher'", "null"]),
        ],
    ),
    (
        "items",
        &[
            ("order_id integer", &["1", "2", "3", "null"]),
            ("sku varchar", &["'s'", "'t'", "null"]),
            ("qty integer", &["0", "1", "2", "100", "101", "null"]),
            ("price decimal(10, 2)", &["0.50", "1.25", "3", "null"]),
        ],
    ),
    (
        "tree",
        &[
            ("id integer", &["1", "2", "3", "null"]),
            ("parent_id integer", &["1", "2", "3", "null"]),
            ("label varchar", &["'x'", "'y'", "'z'", "null"]),
        ],
    ),
    (
        "events",
        &[
            ("id integer", &["1", "2", "3", "4"]),
            ("user_id integer", &["1", "2", "null"]),
            ("ts timestamp", &["'2024-01-01'", "'2024-01-15'", "'2024-03-01'", "null"]),
            ("payload varchar", &["'a'", "'b'", "null"]),
            ("tags varchar[]", &["['u']", "null"]),
            ("addr varchar", &["'q'", "null"]),
        ],
    ),
];

/// A generator that gives the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

impl Dice {
    /// One of the values; NULL, the last of most, half as often as the others.
    fn pick<'v>(&mut self, values: &[&'v str]) -> &'v str {
        let at = self.below(values.len());
        let again = at + 1 == values.len() && self.below(2) == 0;
        values[if again { self.below(values.len()) } else { at }]
    }
}

fn data(set: u64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let mut dice = Dice(set);
    for (table, columns) in TABLES {
        let types: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
        connection.execute_batch(&format!("create table {table} ({})", types.join(", "))).unwrap();
        // The first set has no rows at all.
        let count = if set == 0 { 0 } else { 5 + dice.below(16) };
        let mut rows: Vec<String> = Vec::new();
        for _ in 0..count {
            let cells: Vec<&str> = columns.iter().map(|(_, values)| dice.pick(values)).collect();
            rows.push(format!("({})", cells.join(", ")));
            if dice.below(4) == 0 {
                rows.push(rows[dice.below(rows.len())].clone());
            }
        }
        if !rows.is_empty() {
            connection.execute_batch(&format!("insert into {table} values {}", rows.join(", "))).unwrap();
        }
    }
    connection
}

/// Columns with their types.
fn columns(connection: &Connection, sql: &str) -> Result<Vec<String>, duckdb::Error> {
    list(connection, &format!("select column_name || ' ' || column_type from (describe {sql}\n)"))
}

/// The rows as a multiset.
fn rows(connection: &Connection, sql: &str) -> Result<Vec<String>, duckdb::Error> {
    list(connection, &format!("select to_json(row_of)::varchar as shown from (\n{sql}\n) as row_of order by all"))
}

fn list(connection: &Connection, sql: &str) -> Result<Vec<String>, duckdb::Error> {
    connection.prepare(sql)?.query_map([], |row| row.get::<_, String>(0))?.collect()
}

fn differs(edit: &Edit, connections: &[Connection]) -> bool {
    type Ask = fn(&Connection, &str) -> Result<Vec<String>, duckdb::Error>;
    let differs = |connection: &Connection, ask: Ask| {
        let run = |sql: &str| ask(connection, sql).unwrap_or_else(|e| panic!("{}: {e}\n{sql}", edit.name));
        run(&edit.base) != run(&edit.head)
    };
    differs(&connections[0], columns) || connections.iter().any(|connection| differs(connection, rows))
}

#[test]
fn labels_are_true_of_data() {
    let connections: Vec<Connection> = (0..SETS).map(data).collect();
    let mut wrong = Vec::new();
    for edit in pairs().iter().filter(|edit| edit.runs) {
        let sets = if edit.label == Label::Changed { &connections } else { &connections[..SAME] };
        match (differs(edit, sets), edit.label) {
            (true, Label::Same | Label::SameNotProved) => wrong.push(format!("{} differs:\n{}", edit.name, edit.head)),
            (false, Label::Changed) => wrong.push(format!("{} differs nowhere:\n{}", edit.name, edit.head)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
