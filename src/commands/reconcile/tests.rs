use super::*;
use crate::output::reconciliation;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let connection = duckdb::Connection::open(folder.path("shop.duckdb")).unwrap();
        let sql = "create schema trusted; create table trusted.mart as select i as id, lpad(i::varchar, 5, '0') as zip, i / 3.0::double as score, null::double as gone from range(1000) t(i); \
                   create table mart as select id, zip, case when id = 7 then null else score * (1 + 1e-12) end as score, gone from trusted.mart";
        connection.execute_batch(sql).unwrap();
        let copy = |name: &str| format!("copy trusted.mart to '{}'", folder.path(name).display());
        connection.execute_batch(&copy("mart.csv")).unwrap();
        connection.execute_batch(&copy("mart.parquet")).unwrap();
        connection.close().map_err(|(_, e)| e).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn request(&self, reference: &str, candidate: &str) -> Request {
        let fill = |text: &str| text.replace("DIR", self.0.path().to_str().unwrap());
        Request {
            reference: fill(reference),
            candidate: fill(candidate),
            database: Some(self.path("shop.duckdb")),
            tolerance: 1e-9,
            sample: 2,
            ..Request::default()
        }
    }
}

#[test]
fn tables_files_and_queries_are_compared_in_any_pairing() {
    let folder = Folder::new();
    for (reference, candidate) in [
        ("trusted.mart", "shop.trusted.mart"),
        ("DIR/mart.csv", "trusted.mart"),
        ("DIR/mart.parquet", "DIR/mart.csv"),
        ("DIR/shop.duckdb:trusted.mart", "trusted.mart"),
        ("trusted.mart", "select * from shop.trusted.mart order by id desc"),
    ] {
        let result = reconcile(&folder.request(reference, candidate)).unwrap();
        assert!(result.equal(), "{reference} {candidate} {result:?}");
        assert_eq!(result.headline(), "1,000 of 1,000 rows, 4 of 4 columns within 1e-9");
        assert_eq!(exit_code(&result), 0);
    }
}

#[test]
fn a_difference_is_counted_and_shown_in_every_face() {
    let folder = Folder::new();
    let result = reconcile(&folder.request("trusted.mart", "main.mart")).unwrap();
    assert_eq!((exit_code(&result), result.rows_differing), (1, 1));
    let table = reconciliation::table(&result, 120);
    assert!(table.starts_with("different: 999 of 1,000 rows, 3 of 4 columns within 1e-9\n"), "{table}");
    assert!(table.contains("score at id=7: NULL instead of 2.3333333333333335"), "{table}");
    let markdown = reconciliation::markdown(&result);
    assert!(markdown.contains("| score | 1 | 1 |"), "{markdown}");
    let json: serde_json::Value = serde_json::from_str(&reconciliation::json(&result).unwrap()).unwrap();
    assert_eq!((json["equal"].as_bool(), json["columns"][2]["differing"].as_u64()), (Some(false), Some(1)));
}

#[test]
fn what_cannot_be_decided_is_an_error_that_says_what_to_do() {
    let folder = Folder::new();
    let error = |request: Request| format!("{:#}", reconcile(&request).unwrap_err());
    assert!(error(folder.request("trusted.gone", "main.mart")).contains("there is no trusted.gone in"));
    assert!(error(folder.request("DIR/gone.csv", "main.mart")).contains("gone.csv cannot be read"));
    assert!(error(Request { database: None, ..folder.request("trusted.mart", "main.mart") }).contains("--database"));
    assert!(
        error(Request { key: vec!["idd".into()], ..folder.request("trusted.mart", "main.mart") })
            .contains("did you mean `id`?")
    );
    let wrong = Request { column_tolerance: vec!["score".into()], ..folder.request("trusted.mart", "main.mart") };
    assert!(error(wrong).contains("column=1e-6"));
    assert!(error(folder.request("select * from read_csv('/etc/passwd')", "main.mart")).contains("Permission Error"));
}

#[test]
fn values_of_personal_columns_are_never_shown() {
    let folder = Folder::new();
    let of = |email: &str| format!("select i as id, '{email}' || i as email from range(3) t(i)");
    let result = reconcile(&folder.request(&of("ann"), &of("bob"))).unwrap();
    let text = reconciliation::table(&result, 120);
    assert!(text.contains("email") && !text.contains("ann0") && !text.contains("bob0"), "{text}");
}
