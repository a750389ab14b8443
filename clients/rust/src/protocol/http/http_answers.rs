//! What the answers to the requests of a session say (PROTOCOL.md, 12.2, 12.6, 12.9 and 12.10). Pure.

use serde_json::Value;

use crate::protocol::errors::Error;
use crate::protocol::refusal::HttpAnswer;

/// What an opening says. Times are in milliseconds, `max_payload` in bytes.
#[derive(Clone, PartialEq)]
pub(crate) struct Opened {
    /// A secret: as good as the credentials.
    pub(crate) session: String,
    pub(crate) ping_interval: u64,
    pub(crate) ping_timeout: u64,
    pub(crate) max_payload: usize,
    pub(crate) resume_timeout: u64,
}

/// What came of an opening that was answered.
#[derive(Clone, PartialEq)]
pub(crate) enum Opening {
    Opened(Opened),
    /// By the bridge.
    Refused(Error),
    /// Something on the way is out of order: it says nothing of the bridge.
    Unanswered(Error),
    /// There is no bridge over HTTP.
    NoBridge(Error),
}

/// The codes of PROTOCOL.md, 1.3.
const REFUSALS: [&str; 9] = [
    "bad_handshake",
    "unauthorized",
    "forbidden",
    "origin_not_allowed",
    "too_many_connections_from_address",
    "too_many_connections",
    "overloaded",
    "upgrade_timeout",
    "shutting_down",
];

/// Longer than a session's name may be.
const MAX_SESSION: usize = 128;

impl Opening {
    pub(crate) fn of(answer: &HttpAnswer) -> Self {
        let refusal = answer.refusal();
        match (&refusal, opened(answer)) {
            (_, Some(opened)) => Self::Opened(opened),
            (Error::UpgradeRefused { code: Some(code), .. }, _) if REFUSALS.contains(&code.as_str()) => {
                Self::Refused(refusal)
            }
            _ if is_temporary(answer.status) => Self::Unanswered(refusal),
            _ => Self::NoBridge(refusal),
        }
    }
}

/// Whether the same request may have another answer (PROTOCOL.md, 12.10).
fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 421 | 425 | 429 | 500..=599)
}

fn opened(answer: &HttpAnswer) -> Option<Opened> {
    let body = answer.json();
    let amount = |name: &str| body.get(name)?.as_u64().filter(|amount| *amount > 0);
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let session = body.get("session")?.as_str()?;
    let is_session = (1..=MAX_SESSION).contains(&session.len()) && session.bytes().all(is_of_a_name);
    (answer.status == 201 && is_session).then_some(())?;
    Some(Opened {
        session: session.to_owned(),
        ping_interval: amount("pingInterval")?,
        ping_timeout: amount("pingTimeout")?,
        max_payload: usize::try_from(amount("maxPayload")?).unwrap_or(usize::MAX),
        resume_timeout: amount("resumeTimeout")?,
    })
}

/// What an answer says to a request of a session, but for the 200 of a GET.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RequestOutcome {
    /// So many lines came in all.
    Received(u64),
    /// Send it again; not before so many milliseconds have passed.
    Again { after: u64 },
    /// Send again from this line on.
    OutOfOrder(u64),
    /// Take this code, after what is there was read.
    Closed { code: Option<u16>, reason: String },
    /// The server has no such session.
    Unknown,
    /// What was missed is kept no more.
    CannotResume,
    /// A refusal by something on the way, or by the server, as of an upgrade.
    Refused(Error),
}

impl RequestOutcome {
    pub(crate) fn of(answer: &HttpAnswer) -> Self {
        let body = answer.json();
        let error = &body["error"];
        let after = answer.retry_after().map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        match (answer.status, error["code"].as_str().unwrap_or_default()) {
            (200, _) => body["received"].as_u64().map_or(Self::Again { after }, Self::Received),
            (404, "unknown_session") => Self::Unknown,
            (409, "out_of_order") => error["received"].as_u64().map_or(Self::Again { after }, Self::OutOfOrder),
            (409, "superseded") => Self::Again { after },
            (410, "cannot_resume") => Self::CannotResume,
            (410, "closed") => closed(&error["close"]),
            (413, "message_too_big") => Self::Closed { code: Some(1009), reason: "message_too_big".to_owned() },
            (status, _) if is_temporary(status) => Self::Again { after },
            (300..=499, _) => Self::Refused(answer.refusal()),
            // Nothing that this protocol knows: no answer.
            _ => Self::Again { after },
        }
    }
}

fn closed(close: &Value) -> RequestOutcome {
    let code = close["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    RequestOutcome::Closed { code, reason: close["reason"].as_str().unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, body: body.into(), ..HttpAnswer::default() }
    }

    #[test]
    fn an_opening_is_answered_with_a_session() {
        let body =
            r#"{"session":"n1.a-_","pingInterval":25000,"pingTimeout":20000,"maxPayload":100,"resumeTimeout":20000}"#;
        let Opening::Opened(opened) = Opening::of(&answer(201, body)) else { panic!("not opened") };
        assert_eq!((opened.session.as_str(), opened.ping_interval, opened.max_payload), ("n1.a-_", 25_000, 100));
        let wrong = ["{}", "", "<html>", &body.replace("n1.a-_", ""), &body.replace("n1.a-_", "a b")];
        let longer = body.replace("n1.a-_", &"a".repeat(129));
        for body in wrong.into_iter().chain([longer.as_str(), &body.replace("25000", "0")]) {
            assert!(matches!(Opening::of(&answer(201, body)), Opening::NoBridge(_)), "{body}");
        }
        assert!(matches!(Opening::of(&answer(200, body)), Opening::NoBridge(_)));
    }

    /// The table itself, so that neither can change alone.
    #[test]
    fn the_codes_of_a_refusal_are_those_of_the_protocol_and_all_else_is_no_bridge() {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../PROTOCOL.md")).expect("PROTOCOL.md");
        let table = text.split("<!-- table: refusals -->").nth(1).expect("the table");
        let rows = table.split("<!-- end -->").next().expect("its end").lines().filter(|line| line.starts_with('|'));
        let codes: Vec<&str> = rows.skip(2).map(|row| row.split('`').nth(1).expect("a code")).collect();
        assert_eq!(codes, REFUSALS);
        for code in codes {
            let refused = answer(403, &format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#));
            assert!(matches!(Opening::of(&refused), Opening::Refused(_)), "{code}");
        }
        for body in ["", "Cannot POST /bridge", r#"{"error":{"code":"no_session"}}"#] {
            assert!(matches!(Opening::of(&answer(404, body)), Opening::NoBridge(_)), "{body}");
        }
        for status in [408, 421, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(Opening::of(&answer(status, "<html>")), Opening::Unanswered(_)), "{status}");
        }
    }

    #[test]
    fn answers_to_requests_of_a_session_say_what_to_do() {
        let of = |status, body: &str| RequestOutcome::of(&answer(status, body));
        let error = |code: &str, more: &str| format!(r#"{{"error":{{"code":"{code}","message":"m"{more}}}}}"#);
        let again = RequestOutcome::Again { after: 0 };
        assert_eq!(of(200, r#"{"received":3}"#), RequestOutcome::Received(3));
        for body in ["", "{}", "<html>", r#"{"received":-1}"#, r#"{"received":"3"}"#] {
            assert_eq!(of(200, body), again, "{body}");
        }
        assert_eq!(of(404, &error("unknown_session", "")), RequestOutcome::Unknown);
        assert_eq!(of(409, &error("out_of_order", r#","received":7"#)), RequestOutcome::OutOfOrder(7));
        assert_eq!(of(409, &error("superseded", "")), again);
        assert_eq!(of(410, &error("cannot_resume", "")), RequestOutcome::CannotResume);
        let closed = RequestOutcome::Closed { code: Some(4501), reason: "r".into() };
        assert_eq!(of(410, &error("closed", r#","close":{"code":4501,"reason":"r"}"#)), closed);
        let too_big = RequestOutcome::Closed { code: Some(1009), reason: "message_too_big".into() };
        assert_eq!(of(413, &error("message_too_big", "")), too_big);
        for status in [204, 408, 421, 425, 429, 500, 502, 503, 504] {
            assert_eq!(of(status, ""), again, "{status}");
        }
        assert_eq!(of(503, &error("x", r#","retryAfter":70"#)), RequestOutcome::Again { after: 70 });
        for status in [302, 400, 401, 403, 404, 405, 407, 410, 413, 418] {
            let RequestOutcome::Refused(Error::UpgradeRefused { status: of, .. }) = of(status, "") else {
                panic!("{status}")
            };
            assert_eq!(of, status);
        }
    }
}
