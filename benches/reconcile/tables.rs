//! A table of 13 columns in any size, and heads of it of which is known what differs, cell by cell.

/// The key.
pub const KEY: &str = "feature_id,account_id,app_id";

/// A head and the truth about it.
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// The head as SQL: `{rows}` is the base with the number of its row as `i`, `{n}` how many there are, `{k}` a 37th.
    pub head: &'static str,
    /// Options of the command beside the key.
    pub options: &'static [&'static str],
    /// How many rows are missing, and how many are not in the base, of a base of so many.
    pub rows: fn(u64) -> (u64, u64),
    /// The columns in which row `i` of so many differs.
    pub differs: fn(u64, u64) -> &'static [&'static str],
    /// Whether it is equal all the same, as nothing but noise differs.
    pub equal: bool,
}

/// The base's rows with their number, from `from` to `to`. Two of its columns hold NULL, one the values that are no
/// common numbers.
pub fn rows(from: u64, to: u64) -> String {
    format!(
        "(select i, 'feat_' || lpad(cast(i % 1000 as varchar), 4, '0') as feature_id, 'acct-' || (i // 1000) as account_id, \
         'app' || (i % 7) as app_id, date '2024-01-01' + cast(i % 730 as int) as day, \
         timestamp '2024-01-01' + to_seconds((i * 7919) % 63072000) as first_seen, \
         cast((i * 31) % 5000 as int) as events, (i * 104729) % 1000003 as users, \
         case i % 97 when 1 then 'nan'::double when 2 then 0.0::double when 3 then 'inf'::double when 4 then 1023.0::double \
              when 5 then 1023.0 - pow(2.0, -43) when 6 then 1024.0::double when 7 then 1024.0::double \
              else ((i * 37) % 99991) / 7.0::double end as minutes, \
         sqrt(i + 1.0::double) as score, \
         case when i % 5 <> 0 then ((i * 13) % 1009) / 1009.0::double end as adoption_rate, \
         cast(((i * 17) % 100000000) / 100.0 as decimal(12, 2)) as revenue, \
         case when i % 11 <> 0 then ['north', 'south', 'east', 'west'][(i % 4) + 1] end as region, \
         case when i % 13 = 0 then '' else 'note ' || md5(cast(i % 4096 as varchar)) end as note \
         from range({from}, {to}) as t(i))"
    )
}

impl Variant {
    /// The head of a base of `n` rows, in an order of its own.
    pub fn sql(&self, n: u64) -> String {
        let text = self.head.replace("{rows}", &rows(0, n)).replace("{more}", &rows(n, n + n / 1000));
        let text = text.replace("{n}", &n.to_string()).replace("{k}", &(n / 37).to_string());
        format!("select * exclude (i) from ({text}) order by hash(i)")
    }

    /// By column: how many rows differ; and how many rows do at all.
    pub fn truth(&self, n: u64) -> (std::collections::BTreeMap<&'static str, u64>, u64) {
        let (mut columns, mut all) = (std::collections::BTreeMap::new(), 0);
        for i in 0..n {
            let differs = (self.differs)(i, n);
            all += u64::from(!differs.is_empty());
            for column in differs {
                *columns.entry(*column).or_default() += 1;
            }
        }
        (columns, all)
    }
}

const fn none(_: u64) -> (u64, u64) {
    (0, 0)
}

fn users(i: u64) -> u64 {
    (i * 104_729) % 1_000_003
}

/// All of them; the first is equal.
pub const VARIANTS: &[Variant] = &[
    Variant { name: "equal", head: "select * from {rows}", options: &[], rows: none, differs: |_, _| &[], equal: true },
    Variant {
        name: "changed",
        head: "select * replace (\
               case when i % {k} = 5 and i // {k} between 0 and 3 then events + 1 else events end as events, \
               case when i % {k} = 5 and i // {k} between 4 and 5 then users - 1 else users end as users, \
               case when i % {k} = 5 and i // {k} between 6 and 15 then -1 else minutes end as minutes, \
               case when i % {k} = 5 and i // {k} between 16 and 20 then score * 1.01 else score end as score, \
               case when i % {k} = 5 and i // {k} between 21 and 28 then revenue + 0.01 else revenue end as revenue, \
               case when i % {k} = 5 and i // {k} between 29 and 34 then case when region is null then 'x' end else region end as region, \
               case when i % {k} = 5 and i // {k} between 35 and 36 then note || '!' else note end as note) from {rows}",
        options: &[],
        rows: none,
        differs: |i, n| match (i % (n / 37), i / (n / 37)) {
            (5, 0..=3) => &["events"],
            (5, 4..=5) => &["users"],
            (5, 6..=15) => &["minutes"],
            (5, 16..=20) => &["score"],
            (5, 21..=28) => &["revenue"],
            (5, 29..=34) => &["region"],
            (5, 35..=36) => &["note"],
            _ => &[],
        },
        equal: false,
    },
    Variant {
        name: "missing and extra rows",
        head: "select * from {rows} where i % 1000 <> 7 union all select * from {more}",
        options: &[],
        rows: |n| (n / 1000, n / 1000),
        differs: |_, _| &[],
        equal: false,
    },
    Variant {
        name: "noise",
        head: "select * replace (minutes * (1 + 2e-13) as minutes, score * (1 - 2e-13) as score, \
               adoption_rate * (1 + 3e-13) as adoption_rate) from {rows}",
        options: &[],
        rows: none,
        differs: |_, _| &[],
        equal: true,
    },
    Variant {
        name: "noise and three cells",
        head: "select * replace (case when i = 11 then -1 else minutes * (1 + 2e-13) end as minutes, \
               score * (1 - 2e-13) as score, case when i in (11, 12) then events + 1 else events end as events) from {rows}",
        options: &[],
        rows: none,
        differs: |i, _| match i {
            11 => &["minutes", "events"],
            12 => &["events"],
            _ => &[],
        },
        equal: false,
    },
    Variant {
        name: "integer cast",
        head: "select * replace (cast(score as bigint) as score) from {rows}",
        options: &[],
        rows: none,
        differs: |i, _| if (i + 1).isqrt().pow(2) == i + 1 { &[] } else { &["score"] },
        equal: false,
    },
    Variant {
        name: "duplicated rows",
        head: "select * from {rows} union all select * from {rows} where i % 1000 = 3",
        options: &[],
        rows: |n| (0, n / 1000),
        differs: |_, _| &[],
        equal: false,
    },
    Variant {
        name: "values moved between rows",
        head: "select * replace ((({n} - 1 - i) * 104729) % 1000003 as users) from {rows}",
        options: &[],
        rows: none,
        differs: |i, n| if users(i) == users(n - 1 - i) { &[] } else { &["users"] },
        equal: false,
    },
    Variant {
        name: "NULL, empty and 0",
        head: "select * replace (case when i % 26 = 0 then null else note end as note, \
               case when i % 110 = 0 then '' else region end as region, \
               case when i % 50 = 0 then 0 else adoption_rate end as adoption_rate) from {rows}",
        options: &[],
        rows: none,
        differs: |i, _| match (i % 26 == 0, i % 110 == 0, i % 50 == 0) {
            (true, true, true) => &["note", "region", "adoption_rate"],
            (true, true, false) => &["note", "region"],
            (true, false, true) => &["note", "adoption_rate"],
            (false, true, true) => &["region", "adoption_rate"],
            (true, false, false) => &["note"],
            (false, true, false) => &["region"],
            (false, false, true) => &["adoption_rate"],
            (false, false, false) => &[],
        },
        equal: false,
    },
    Variant {
        name: "NaN, infinity and -0",
        head: "select * replace (case when i % 97 = 2 then -0.0::double when i % 970 = 1 then null when i % 970 = 98 then 5 \
               when i % 970 = 3 then '-inf'::double when i % 970 = 100 then 5 else minutes end as minutes) from {rows}",
        options: &[],
        rows: none,
        differs: |i, _| if matches!(i % 970, 1 | 98 | 3 | 100) { &["minutes"] } else { &[] },
        equal: false,
    },
    Variant {
        name: "-0 alone",
        head: "select * replace (case when i % 97 = 2 then -0.0::double else minutes end as minutes) from {rows}",
        options: &[],
        rows: none,
        differs: |_, _| &[],
        equal: true,
    },
    Variant {
        // 2^-10 of 1024 is 1: 1023 is just within, the double below it is not.
        name: "exactly the tolerance and one step beyond",
        head: "select * replace (case i % 97 when 4 then 1024 when 5 then 1024 when 6 then 1023 \
               when 7 then 1023 - pow(2.0, -43) else minutes end as minutes) from {rows}",
        options: &["--tolerance", "0.0009765625"],
        rows: none,
        differs: |i, _| if matches!(i % 97, 5 | 7) { &["minutes"] } else { &[] },
        equal: false,
    },
    Variant {
        name: "exactly the absolute tolerance and one step beyond",
        head: "select * replace (case i % 97 when 4 then 1024 when 5 then 1024 when 6 then 1023 \
               when 7 then 1023 - pow(2.0, -43) else minutes end as minutes) from {rows}",
        options: &["--tolerance", "0", "--absolute-tolerance", "1"],
        rows: none,
        differs: |i, _| if matches!(i % 97, 5 | 7) { &["minutes"] } else { &[] },
        equal: false,
    },
];

/// What the binary's JSON says against the truth; empty when all is right.
pub fn wrong(variant: &Variant, n: u64, code: Option<i32>, found: &serde_json::Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, is: Option<u64>, should: u64| {
        if is != Some(should) {
            wrong.push(format!("{what}: {is:?} instead of {should}"));
        }
    };
    let (columns, differing) = variant.truth(n);
    let (missing, unexpected) = (variant.rows)(n);
    check("code", code.and_then(|c| u64::try_from(c).ok()), u64::from(!variant.equal));
    check("rows_reference", found["rows_reference"].as_u64(), n);
    check("rows_candidate", found["rows_candidate"].as_u64(), n - missing + unexpected);
    check("rows_missing", found["rows_missing"].as_u64(), missing);
    check("rows_unexpected", found["rows_unexpected"].as_u64(), unexpected);
    check("rows_differing", found["rows_differing"].as_u64(), differing);
    check("rows_equal", found["rows_equal"].as_u64(), n - missing - differing);
    let all = found["columns"].as_array().cloned().unwrap_or_default();
    check("columns", Some(all.len() as u64), 13);
    for column in &all {
        let name = column["name"].as_str().unwrap_or_default();
        check(name, column["differing"].as_u64(), columns.get(name).copied().unwrap_or_default());
    }
    wrong
}
