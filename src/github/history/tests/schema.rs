//! GitHub's public GraphQL schema, against which every query of these tests is checked.
//!
//! ROWPROOF_GITHUB_GRAPHQL names it (`schema.graphql`). Without it the queries are only played; ROWPROOF_REQUIRE_CONTRACT=1
//! (our CI) makes that a failure.

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

fn schema() -> Option<&'static Valid<Schema>> {
    static SCHEMA: OnceLock<Option<Valid<Schema>>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            let path = std::env::var("ROWPROOF_GITHUB_GRAPHQL").ok().filter(|p| !p.is_empty())?;
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            // GitHub's own file defines a field of `EnterpriseOwnerInfo` twice; what stands there otherwise is whole.
            let schema = Schema::parse(text, path).unwrap_or_else(|e| e.partial);
            Some(Valid::assume_valid(schema))
        })
        .as_ref()
}

/// Fails where GitHub would refuse the query.
pub fn check(text: &str) {
    static CHECKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let Some(schema) = schema() else { return };
    if CHECKED.lock().expect("the lock").insert(text.to_owned())
        && let Err(wrong) = ExecutableDocument::parse_and_validate(schema, text, "query")
    {
        panic!("{}\n{text}", wrong.errors);
    }
}

#[test]
fn the_schema_is_there_where_it_is_required() {
    if std::env::var("ROWPROOF_REQUIRE_CONTRACT").is_ok_and(|v| v == "1") {
        let schema = schema().expect("ROWPROOF_GITHUB_GRAPHQL names GitHub's GraphQL schema");
        assert!(schema.types.len() > 1_000, "{} types", schema.types.len());
        check("query { viewer { login } }");
        // The checker itself refuses what GitHub does not have.
        let wrong = [
            "query { viewer { logn } }",
            "query { repository(owner: \"a\") { id } }",
            "query($x: Int) { viewer { login } }",
        ];
        for wrong in wrong {
            assert!(ExecutableDocument::parse_and_validate(schema, wrong, "query").is_err(), "{wrong}");
        }
    }
}
