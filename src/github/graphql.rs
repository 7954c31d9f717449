//! What the GraphQL API answers: data, or errors in kinds.

use super::answer::Answer;
use super::error::{ApiError, QueryError};
use serde_json::Value;

/// Most errors that are looked at; one query can have one for each of its nodes.
const MAX_ERRORS: usize = 1_000;

/// `data` of an answer.
///
/// # Errors
/// [`ApiError::Query`] where it lists errors, whatever data stands beside them; [`ApiError::Shape`].
pub(super) fn read(path: &str, answer: &Answer) -> Result<Value, ApiError> {
    let shape = |message: String| ApiError::Shape { path: path.to_owned(), message };
    let mut value: Value = serde_json::from_slice(&answer.body).map_err(|e| shape(e.to_string()))?;
    let errors = value.get("errors").filter(|e| !e.is_null());
    if let Some(errors) = errors {
        let list = errors.as_array().ok_or_else(|| shape("`errors` is no list".to_owned()))?;
        if !list.is_empty() {
            let errors = list.iter().take(MAX_ERRORS).map(error).collect();
            return Err(ApiError::Query { path: path.to_owned(), errors });
        }
    }
    match value.get_mut("data").map(Value::take) {
        Some(data) if !data.is_null() => Ok(data),
        _ => Err(shape("no `data`".to_owned())),
    }
}

fn error(value: &Value) -> QueryError {
    let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = value.get("type").or_else(|| value.pointer("/extensions/code"));
    let word = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    QueryError {
        kind: text(kind),
        message: text(value.get("message")).chars().take(400).collect(),
        path: value.get("path").and_then(Value::as_array).into_iter().flatten().map(word).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn errors_come_in_kinds() {
        let body = r#"{"data": {"a": 1}, "errors": [
            {"type": "NOT_FOUND", "path": ["repository", "nodes", 3], "message": "m"},
            {"extensions": {"code": "undefinedField"}, "path": ["query", "a"], "message": "Field 'a' doesn't exist"},
            {"message": "Resource not accessible by integration"}]}"#;
        let Err(error) = read("/graphql", &answer(body)) else { panic!("errors are no answer") };
        let errors = error.errors();
        assert_eq!((errors[0].kind.as_str(), errors[0].path.join("/")), ("NOT_FOUND", "repository/nodes/3".to_owned()));
        assert_eq!(errors[1].kind, "undefinedField");
        assert!(error.is_forbidden() && error.is_not_found() && !error.is_overload());
        let said = error.to_string();
        assert_eq!(
            said,
            "GitHub refused the query at /graphql: m; Field 'a' doesn't exist; Resource not accessible by integration"
        );
    }

    #[test]
    fn data_without_errors_is_the_answer() {
        assert_eq!(read("/g", &answer(r#"{"data": {"a": 1}, "errors": []}"#)).ok(), Some(serde_json::json!({"a": 1})));
        for wrong in ["{}", r#"{"data": null}"#, "", r#"{"data": {}, "errors": "x"}"#, "[]"] {
            assert!(read("/g", &answer(wrong)).is_err(), "{wrong}");
        }
    }
}
