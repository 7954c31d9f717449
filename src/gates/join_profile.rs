//! What the data says of one join: how many rows each half has, and how often its keys stand there.

use crate::engine::{Cell, Side};
use crate::gates::Data;
use crate::sql::{JoinHalf, JoinLink, JoinShape};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The numbers of one join. Conditions that read one half only narrow it before anything is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Profile {
    /// Rows of the left half.
    pub(crate) left: f64,
    /// Rows of the right half.
    pub(crate) right: f64,
    /// Most rows of the left half that share one key.
    pub(crate) left_most: f64,
    /// Most rows of the right half that share one key.
    pub(crate) right_most: f64,
    /// Rows of the right half for each of its keys, on average.
    pub(crate) right_mean: f64,
    /// Keys of both halves that stand more than once in the right one.
    pub(crate) repeated: f64,
    /// Keys of both halves.
    pub(crate) shared: f64,
    /// Most rows of the right half that meet one row of the left one.
    pub(crate) times: f64,
    /// Rows of the left half that meet none.
    pub(crate) unmatched: f64,
    /// Pairs of rows that meet; without keys, that are compared.
    pub(crate) meet: f64,
}

impl Profile {
    /// Pairs for each row of the left half.
    pub(crate) fn spread(&self) -> f64 {
        if self.left > 0.0 { self.meet / self.left } else { 0.0 }
    }

    /// Whether the keys of neither half are unique.
    pub(crate) fn many_to_many(&self) -> bool {
        self.left_most > 1.0 && self.right_most > 1.0
    }
}

/// Answers by the query that asked: joins that both sides share are asked once.
#[derive(Default)]
pub(crate) struct Profiles(Mutex<BTreeMap<String, Result<Profile, String>>>);

impl Profiles {
    /// The profile of a join on a side; `None` when it cannot be asked.
    pub(crate) fn of(&self, shape: &JoinShape, side: Side, data: &dyn Data) -> Option<Profile> {
        self.asked(shape, side, data).ok()
    }

    /// The same.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub(crate) fn asked(&self, shape: &JoinShape, side: Side, data: &dyn Data) -> Result<Profile, String> {
        let sql = match shape.link {
            JoinLink::Equal => keyed(shape),
            JoinLink::Condition | JoinLink::OneSided | JoinLink::None => counts(shape),
            JoinLink::Unknown => return Err("its condition reads columns whose relation is not known".to_owned()),
        };
        let sql = data.rewrite(side, &sql).map_err(|e| format!("{e:#}"))?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profile) = known.get(&sql) {
            return profile.clone();
        }
        let profile = ask(&sql, shape.link, data).map_err(|e| format!("{e:#}"));
        known.insert(sql, profile.clone());
        profile
    }
}

fn ask(sql: &str, link: JoinLink, data: &dyn Data) -> Result<Profile> {
    let rows = data.engine().query(sql)?.rows;
    let [row] = rows.as_slice() else { bail!("a profile gave {} rows", rows.len()) };
    let numbers = row.iter().map(number).collect::<Result<Vec<f64>>>()?;
    Ok(match (link, numbers.as_slice()) {
        (
            JoinLink::Equal,
            &[left, right, left_most, right_most, keys, keyed, shared, repeated, times, matched, meet],
        ) => {
            let right_mean = if keys > 0.0 { keyed / keys } else { 0.0 };
            let unmatched = left - matched;
            Profile { left, right, left_most, right_most, right_mean, repeated, shared, times, unmatched, meet }
        }
        (_, &[left, right]) => {
            let (unmatched, meet) = (0.0, left * right);
            let (left_most, right_most) = (left, right);
            Profile {
                left,
                right,
                left_most,
                right_most,
                right_mean: right,
                repeated: 0.0,
                shared: 0.0,
                times: right,
                unmatched,
                meet,
            }
        }
        _ => bail!("a profile gave {} numbers", numbers.len()),
    })
}

/// A count, however the engine types it; NULL is that of no rows.
fn number(cell: &Cell) -> Result<f64> {
    Ok(match cell {
        Cell::Null => 0.0,
        Cell::Int(n) => *n as f64,
        Cell::Float(x) => *x,
        Cell::Text(text) => text.trim().parse()?,
        Cell::Bool(_) => bail!("a count is no truth value"),
    })
}

fn where_of(half: &JoinHalf) -> String {
    match half.conditions.is_empty() {
        true => String::new(),
        false => {
            let all: Vec<String> = half.conditions.iter().map(|c| format!("({c})")).collect();
            format!(" where {}", all.join(" and "))
        }
    }
}

fn counts(shape: &JoinShape) -> String {
    let count = |half: &JoinHalf| format!("(select count(*) from {}{})", half.from, where_of(half));
    format!("{} select {} as l, {} as r", shape.with, count(&shape.left), count(&shape.right))
}

fn keyed(shape: &JoinShape) -> String {
    let names: Vec<String> = (0..shape.left.keys.len()).map(|i| format!("k{i}")).collect();
    let rows = |half: &JoinHalf| {
        let keys: Vec<String> = half.keys.iter().zip(&names).map(|(key, name)| format!("{key} as {name}")).collect();
        format!("select {} from {}{}", keys.join(", "), half.from, where_of(half))
    };
    let list = names.join(", ");
    let present = |of: &str| names.iter().map(|n| format!("{of}{n} is not null")).collect::<Vec<_>>().join(" and ");
    let grouped =
        |of: &str| format!("select {list}, count(*) as n from rowproof_{of} where {} group by {list}", present(""));
    let on: Vec<String> = names.iter().map(|n| format!("a.{n} = b.{n}")).collect();
    let with = if shape.with.is_empty() { "with ".to_owned() } else { format!("{}, ", shape.with) };
    format!(
        "{with}rowproof_left as ({}), rowproof_right as ({}), rowproof_left_keys as ({}), rowproof_right_keys as ({}) \
         select (select count(*) from rowproof_left) as l, (select count(*) from rowproof_right) as r, \
         (select max(n) from rowproof_left_keys) as lm, (select max(n) from rowproof_right_keys) as rm, \
         (select count(*) from rowproof_right_keys) as k, (select sum(n) from rowproof_right_keys) as kn, \
         m.shared, m.repeated, m.times, m.matched, m.meet from (select count(*) as shared, \
         sum(case when b.n > 1 then 1 else 0 end) as repeated, max(b.n) as times, sum(a.n) as matched, \
         sum(a.n * b.n) as meet from rowproof_left_keys a join rowproof_right_keys b on {}) as m",
        rows(&shape.left),
        rows(&shape.right),
        grouped("left"),
        grouped("right"),
        on.join(" and ")
    )
}
