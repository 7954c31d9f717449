//! One answer of GitHub: status, the headers that matter, the body.

use http::{HeaderMap, StatusCode};
use std::time::Duration;

/// Longest wait after a secondary limit that names no time, as GitHub asks: at least one minute, doubled each time.
const SECONDARY_WAIT: Duration = Duration::from_secs(60);

/// An answer, read whole.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// How long GitHub asks us to wait before we ask again, when this is a rate limit: `retry-after`, else until
    /// `x-ratelimit-reset` when nothing remains, else a minute and more (GitHub's documentation of rate limits).
    pub fn limited_for(&self, tries: u32, now: jiff::Timestamp) -> Option<Duration> {
        let may_be_limit = matches!(self.status.as_u16(), 403 | 429);
        if !may_be_limit {
            return None;
        }
        if let Some(wait) = self.wait_named(now) {
            return Some(wait);
        }
        let words = String::from_utf8_lossy(&self.body).to_lowercase();
        let secondary = words.contains("secondary rate limit") || words.contains("abuse detection");
        (self.status.as_u16() == 429 || secondary).then(|| unnamed_wait(tries))
    }

    /// How long to wait when the body says that this is a rate limit, as the GraphQL API does with a success.
    pub fn wait(&self, tries: u32, now: jiff::Timestamp) -> Duration {
        self.wait_named(now).unwrap_or_else(|| unnamed_wait(tries))
    }

    /// The wait that the headers name.
    fn wait_named(&self, now: jiff::Timestamp) -> Option<Duration> {
        if let Some(seconds) = self.number("retry-after") {
            return Some(Duration::from_secs(seconds));
        }
        if self.number("x-ratelimit-remaining") == Some(0)
            && let Some(reset) = self.number("x-ratelimit-reset")
        {
            let wait = (reset as i64).saturating_sub(now.as_second()).max(0) as u64;
            // A second more: both clocks count whole seconds.
            return Some(Duration::from_secs(wait.saturating_add(1)));
        }
        None
    }

    fn number(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }

    /// Whether GitHub says that another page follows.
    pub fn has_next(&self) -> bool {
        let links = self.headers.get_all(http::header::LINK).iter().filter_map(|l| l.to_str().ok());
        links.flat_map(|l| l.split(',')).any(|l| l.contains("rel=\"next\""))
    }

    /// GitHub's own words for what is wrong: `message` and the first of `errors`.
    pub fn words(&self) -> String {
        let parsed: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let mut words = parsed
            .as_ref()
            .and_then(|v| v.get("message")?.as_str())
            .unwrap_or_else(|| self.status.canonical_reason().unwrap_or("no reason given"))
            .to_owned();
        if let Some(errors) = parsed.as_ref().and_then(|v| v.get("errors")?.as_array()) {
            let first: Vec<String> = errors.iter().take(3).map(|e| e.to_string()).collect();
            words.push_str(&format!(" ({})", first.join(", ")));
        }
        words.chars().filter(|c| !c.is_control()).take(400).collect()
    }
}

fn unnamed_wait(tries: u32) -> Duration {
    SECONDARY_WAIT.saturating_mul(1 << tries.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header"));
        }
        Answer { status: StatusCode::from_u16(status).expect("a status"), headers: map, body: body.into() }
    }

    #[test]
    fn limits_are_told_from_refusals() {
        let now = jiff::Timestamp::from_second(1_000).expect("a time");
        let wait = |a: Answer| a.limited_for(0, now).map(|d| d.as_secs());
        assert_eq!(wait(answer(429, &[("retry-after", "7")], "")), Some(7));
        let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(wait(answer(403, &reset, "")), Some(31));
        assert_eq!(wait(answer(403, &[], "You have exceeded a secondary rate limit")), Some(60));
        assert_eq!(wait(answer(403, &[], "Resource not accessible by integration")), None);
        assert_eq!(wait(answer(404, &[("retry-after", "7")], "")), None);
    }

    #[test]
    fn the_next_page_is_seen() {
        assert!(
            answer(200, &[("link", "<https://x/y?page=2>; rel=\"next\", <https://x>; rel=\"last\"")], "").has_next()
        );
        assert!(!answer(200, &[("link", "<https://x/y?page=1>; rel=\"prev\"")], "").has_next());
        assert_eq!(answer(422, &[], r#"{"message":"Bad","errors":[{"code":"x"}]}"#).words(), r#"Bad ({"code":"x"})"#);
    }
}
