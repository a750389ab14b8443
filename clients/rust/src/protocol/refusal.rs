//! What an HTTP answer says of a refusal (PROTOCOL.md, 1.3 and 1.6), whoever it is from. Pure.

use std::time::Duration;

use serde_json::Value;

use super::errors::Error;

/// An HTTP answer, as far as the protocol looks at it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    /// What HTTP calls this status; for people.
    pub(crate) reason: String,
    /// The header `Retry-After`.
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl HttpAnswer {
    /// The body; `null` where it is no JSON: a proxy's, maybe.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// As an error of the client's.
    pub(crate) fn refusal(&self) -> Error {
        let body = self.json();
        let text = |name: &str| body.get("error")?.get(name)?.as_str().map(str::to_owned);
        Error::UpgradeRefused {
            status: self.status,
            code: text("code"),
            message: text("message").unwrap_or_else(|| self.reason.clone()),
            retry_after: self.retry_after(),
        }
    }

    /// In whole seconds in the header, and in milliseconds in the body (PROTOCOL.md, 1.6): the longer one.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let header = || self.retry_after.as_ref()?.trim().parse().ok();
        let body = self.json();
        let field = || body.get("error")?.get("retryAfter")?.as_u64();
        header().map(Duration::from_secs).max(field().map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(retry_after: Option<&str>, body: &str) -> HttpAnswer {
        let reason = "Too Many Requests".to_owned();
        HttpAnswer { status: 429, reason, retry_after: retry_after.map(str::to_owned), body: body.into() }
    }

    #[test]
    fn has_the_words_of_the_server_or_else_those_of_http() {
        let Error::UpgradeRefused { status, code, message, .. } =
            answer(None, r#"{"error":{"code":"c","message":"m"}}"#).refusal()
        else {
            panic!("not refused")
        };
        assert_eq!((status, code.as_deref(), message.as_str()), (429, Some("c"), "m"));
        for body in ["", "<html>", "[]", "7", r#"{"error":7}"#, r#"{"error":{"code":1}}"#] {
            let Error::UpgradeRefused { code, message, .. } = answer(None, body).refusal() else {
                panic!("not refused")
            };
            assert_eq!((code, message.as_str()), (None, "Too Many Requests"), "{body}");
        }
    }

    #[test]
    fn waits_for_the_longer_of_the_two_times() {
        let after = |header, body: &str| answer(header, body).retry_after().map(|time| time.as_millis());
        assert_eq!(after(None, ""), None);
        assert_eq!(after(Some(" 2 "), ""), Some(2_000));
        assert_eq!(after(Some("2"), r#"{"error":{"retryAfter":2500}}"#), Some(2_500));
        assert_eq!(after(Some("3"), r#"{"error":{"retryAfter":2500}}"#), Some(3_000));
        assert_eq!(after(Some("Fri, 31 Dec 1999 23:59:59 GMT"), ""), None);
    }
}
