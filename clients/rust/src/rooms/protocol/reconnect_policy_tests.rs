use serde_json::json;

use super::*;

const SOURCES: [TokenSource; 4] = [TokenSource::Provider, TokenSource::Fixed, TokenSource::Guest, TokenSource::None];

fn session() -> ReconnectPolicy {
    ReconnectPolicy::default()
}

fn short(decision: ReconnectDecision) -> String {
    match decision {
        ReconnectDecision::Wait => "wait".to_owned(),
        ReconnectDecision::End(error) => format!("end: {}", error.code()),
        ReconnectDecision::Reconnect { forget_guest: true, .. } => "reconnect as a new guest".to_owned(),
        ReconnectDecision::Reconnect { .. } => "reconnect".to_owned(),
    }
}

fn refusal(code: &str, retryable: bool) -> Error {
    let data = json!({ "code": code, "message": "m", "retryable": retryable });
    Error::ConnectError { message: "m".to_owned(), data: Some(data) }
}

fn after_expiry(source: TokenSource) -> &'static str {
    match source {
        TokenSource::Provider => "reconnect",
        TokenSource::Guest => "reconnect as a new guest",
        TokenSource::Fixed | TokenSource::None => "end: token_expired",
    }
}

#[test]
fn leaves_it_to_the_bridge_layer_where_that_reconnects_by_itself() {
    assert_eq!(short(session().closed(None, true, TokenSource::None, 0)), "wait");
    assert_eq!(short(session().closed(Some(4501), true, TokenSource::None, 0)), "wait");
}

#[test]
fn comes_back_after_the_server_has_sent_it_away_without_a_reason() {
    assert_eq!(short(session().closed(None, false, TokenSource::None, 0)), "reconnect");
    for code in [1000, 1009, 4000] {
        assert_eq!(short(session().closed(Some(code), false, TokenSource::None, 0)), "reconnect", "{code}");
        let closed = Error::ClosedForGood { code, reason: String::new() };
        assert_eq!(short(session().refused(&closed, TokenSource::None)), "reconnect", "{code}");
    }
}

#[test]
fn ends_after_a_close_code_that_would_only_come_again() {
    for code in [1002, 1007, 1008, 4001, 4400, 4403, 4409, 4499] {
        assert_eq!(short(session().closed(Some(code), false, TokenSource::None, 0)), "end: refused", "{code}");
    }
}

#[test]
fn obeys_an_expired_token_by_its_source() {
    for source in SOURCES {
        let error = refusal("token_expired", false);
        assert_eq!(short(session().refused(&error, source)), after_expiry(source));
        let mut session = session();
        session.welcomed(0);
        session.end_announced(RoomsError::new("token_expired", ""));
        assert_eq!(short(session.closed(None, false, source, 0)), after_expiry(source));
    }
}

#[test]
fn ends_after_a_revoked_token_even_if_the_bridge_layer_would_reconnect() {
    for source in SOURCES {
        let refused = short(session().refused(&refusal("token_revoked", false), source));
        let is_guest = source == TokenSource::Guest;
        assert_eq!(refused, if is_guest { "reconnect as a new guest" } else { "end: token_revoked" });
        let mut session = session();
        session.end_announced(RoomsError::new("token_revoked", ""));
        assert_eq!(short(session.closed(None, true, source, 0)), "end: token_revoked");
    }
}

#[test]
fn ends_or_comes_back_after_a_refused_connect_as_its_error_says() {
    assert_eq!(short(session().refused(&refusal("forbidden", false), TokenSource::Provider)), "end: forbidden");
    assert_eq!(short(session().refused(&refusal("brand_new", false), TokenSource::Provider)), "end: brand_new");
    assert_eq!(short(session().refused(&refusal("unavailable", true), TokenSource::Provider)), "reconnect");
}

#[test]
fn becomes_a_new_guest_where_the_old_ones_token_is_not_good_any_more() {
    let error = refusal("unauthorized", false);
    assert_eq!(short(session().refused(&error, TokenSource::Guest)), "reconnect as a new guest");
}

#[test]
fn gives_up_after_two_fresh_tokens_in_a_row_and_counts_anew_after_each_welcome() {
    let mut session = session();
    let mut expire = |welcome: bool| {
        if welcome {
            session.welcomed(0);
        }
        short(session.refused(&refusal("token_expired", false), TokenSource::Provider))
    };
    assert_eq!(expire(false), "reconnect");
    assert_eq!(expire(true), "reconnect");
    assert_eq!(expire(false), "end: token_expired");
}

#[test]
fn ends_on_a_refused_upgrade_and_on_a_refusal_in_words_of_another_application() {
    let upgrade = |status| Error::UpgradeRefused { status, code: None, message: "no".to_owned(), retry_after: None };
    let other = |data| Error::ConnectError { message: "no".to_owned(), data };
    let decision = |error: &Error| short(session().refused(error, TokenSource::None));
    assert_eq!(decision(&upgrade(401)), "end: unauthorized");
    assert_eq!(decision(&upgrade(403)), "end: forbidden");
    assert_eq!(decision(&upgrade(400)), "end: refused");
    assert_eq!(decision(&other(None)), "end: refused");
    assert_eq!(decision(&other(Some(json!({ "code": 1 })))), "end: refused");
    assert_eq!(decision(&Error::NoCredentials("signed out".to_owned())), "end: unauthorized");
    assert_eq!(decision(&Error::ClosedForGood { code: 4403, reason: String::new() }), "end: refused");
}

#[test]
fn waits_longer_each_time_and_from_the_beginning_again_after_a_connection_that_held() {
    let mut session = session();
    let mut now = 0;
    for (held, failures) in [(1, 1), (1, 2), (1, 3), (60_000, 1), (1, 2)] {
        session.welcomed(now);
        now += held;
        let decision = session.closed(None, false, TokenSource::None, now);
        assert_eq!(decision, ReconnectDecision::Reconnect { failures, reason: None, forget_guest: false });
    }
}

#[test]
fn does_not_hold_an_earlier_sessions_end_against_a_later_one() {
    let mut session = session();
    session.end_announced(RoomsError::new("token_revoked", ""));
    session.welcomed(0);
    assert_eq!(short(session.closed(None, true, TokenSource::None, 0)), "wait");
}
