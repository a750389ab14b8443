use super::*;

fn settings() -> LifecycleSettings {
    let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
    LifecycleSettings { backoff, max_attempts: None, attempt_timeout: 20_000 }
}

/// What is to be done, in few words.
fn words(effects: Vec<LifecycleEffect>) -> Vec<&'static str> {
    let word = |effect| match effect {
        LifecycleEffect::Dial => "dial",
        LifecycleEffect::HangUp { is_abrupt: true } => "hang up abruptly",
        LifecycleEffect::HangUp { is_abrupt: false } => "hang up",
        LifecycleEffect::Ping => "ping",
        LifecycleEffect::Renew => "renew",
        LifecycleEffect::Tell(LifecycleChange::Opened) => "opened",
        LifecycleEffect::Tell(LifecycleChange::Failed { is_final: true, .. }) => "failed for good",
        LifecycleEffect::Tell(LifecycleChange::Failed { .. }) => "failed",
        LifecycleEffect::Tell(LifecycleChange::Lost { is_final: true, .. }) => "lost for good",
        LifecycleEffect::Tell(LifecycleChange::Lost { .. }) => "lost",
    };
    effects.into_iter().map(word).collect()
}

fn opening() -> Lifecycle {
    let mut session = Lifecycle::new(settings(), || 0.0);
    assert_eq!(words(session.open(0)), ["dial"]);
    session
}

/// Open since 0, and connected.
fn connected() -> Lifecycle {
    let mut session = opening();
    assert_eq!(words(session.opened(false, 0)), ["opened"]);
    session.connected(25_000, 20_000, 0);
    session
}

fn failure() -> Error {
    Error::Unreachable("x".to_owned())
}

fn lose(session: &mut Lifecycle, now: u64) -> Vec<&'static str> {
    words(session.lost(None, String::new(), false, now))
}

#[test]
fn comes_back_after_the_time_that_the_server_named_and_not_in_the_same_instant_as_all_others() {
    let busy = || Error::UpgradeRefused {
        status: 503,
        code: None,
        message: String::new(),
        retry_after: Some(std::time::Duration::from_secs(60)),
    };
    for (random, at) in [((|| 0.0) as fn() -> f64, 60_500), (|| 0.5, 61_000)] {
        let mut session = Lifecycle::new(LifecycleSettings { backoff: Backoff::default(), ..settings() }, random);
        session.open(0);
        session.failed(busy(), false, 0);
        assert_eq!(session.deadline(), Some(at));
    }
}

#[test]
fn does_nothing_more_while_it_is_opening_or_open() {
    let mut session = opening();
    assert!(session.open(0).is_empty());
    session.opened(false, 0);
    assert!(session.open(0).is_empty());
}

#[test]
fn retries_an_attempt_that_failed_but_not_for_good() {
    let mut session = opening();
    assert_eq!(words(session.failed(failure(), false, 0)), ["hang up abruptly", "failed"]);
    assert_eq!(session.deadline(), Some(1000));
    assert!(session.tick(999).is_empty());
    assert_eq!(words(session.tick(1000)), ["dial"]);
    assert_eq!(words(session.failed(failure(), true, 1000)), ["hang up abruptly", "failed for good"]);
    assert_eq!(session.deadline(), None);
}

#[test]
fn gives_an_attempt_up_that_takes_too_long() {
    let mut session = opening();
    assert!(session.tick(19_999).is_empty());
    assert_eq!(words(session.tick(20_000)), ["hang up abruptly", "failed"]);
}

#[test]
fn waits_longer_each_time_up_to_the_longest() {
    let mut session = connected();
    lose(&mut session, 0);
    let mut now = 0;
    for delay in [1000, 2000, 4000, 5000, 5000] {
        assert_eq!(session.deadline(), Some(now + delay));
        now += delay;
        assert_eq!(words(session.tick(now)), ["dial"]);
        session.failed(failure(), false, now);
    }
}

#[test]
fn begins_anew_only_after_a_connection_that_held_for_ten_seconds() {
    let mut session = connected();
    lose(&mut session, 0);
    session.tick(1000);
    session.opened(false, 1000);
    session.connected(25_000, 20_000, 1000);
    lose(&mut session, 10_999);
    assert_eq!(session.deadline(), Some(10_999 + 2000), "it accepted, and closed too soon");
    session.tick(20_000);
    session.opened(false, 20_000);
    session.connected(25_000, 20_000, 20_000);
    lose(&mut session, 30_000);
    assert_eq!(session.deadline(), Some(31_000));
}

#[test]
fn does_not_count_time_without_a_connected_namespace() {
    let mut session = opening();
    session.opened(false, 0);
    lose(&mut session, 40_000);
    session.tick(41_000);
    session.failed(failure(), false, 41_000);
    assert_eq!(session.deadline(), Some(43_000));
}

#[test]
fn gives_up_after_the_attempts_that_it_may_make() {
    let mut session = Lifecycle::new(LifecycleSettings { max_attempts: Some(1), ..settings() }, || 0.0);
    session.open(0);
    assert_eq!(words(session.failed(failure(), false, 0)), ["hang up abruptly", "failed"]);
    session.tick(1000);
    assert_eq!(words(session.failed(failure(), false, 1000)), ["hang up abruptly", "failed for good"]);
}

#[test]
fn stays_closed_after_an_end_that_is_final() {
    let mut session = connected();
    assert_eq!(words(session.lost(Some(4403), String::new(), true, 0)), ["hang up abruptly", "lost for good"]);
    assert_eq!(session.deadline(), None);
}

#[test]
fn is_dead_after_ping_interval_and_ping_timeout_of_silence() {
    let mut session = connected();
    session.heard(10_000);
    assert!(session.tick(54_999).is_empty());
    assert_eq!(words(session.tick(55_000)), ["hang up abruptly", "lost"]);
}

#[test]
fn goes_by_the_pace_of_the_server_and_by_the_clock_that_goes_on_in_sleep() {
    let mut session = connected();
    session.connected(100, 50, 0);
    assert_eq!(session.deadline(), Some(150));
    assert_eq!(words(session.tick(3_600_000)), ["hang up abruptly", "lost"]);
}

#[test]
fn tries_at_once_when_the_network_changes() {
    let mut session = connected();
    lose(&mut session, 0);
    assert_eq!(words(session.network_changed(10)), ["hang up abruptly", "dial"]);
    assert!(session.network_changed(1_009).is_empty(), "told of the same change again");
    assert_eq!(words(session.network_changed(1_010)), ["hang up abruptly", "dial"], "the attempt was on the old one");
    assert_eq!(session.deadline(), Some(21_010));
}

#[test]
fn takes_times_of_any_length() {
    let settings = LifecycleSettings { attempt_timeout: u64::MAX, ..settings() };
    let mut session = Lifecycle::new(settings, || 0.0);
    session.open(1);
    assert_eq!(session.deadline(), Some(u64::MAX));
    session.opened(false, 1);
    session.connected(u64::MAX, u64::MAX, 1);
    assert_eq!(session.deadline(), Some(u64::MAX));
}

#[test]
fn probes_an_open_connection_when_the_network_changes() {
    let mut session = connected();
    assert_eq!(words(session.network_changed(10)), ["ping"]);
    assert!(session.network_changed(4_000).is_empty(), "one probe at a time");
    assert!(session.tick(5_009).is_empty());
    assert_eq!(words(session.tick(5_010)), ["hang up abruptly", "lost"]);
}

#[test]
fn keeps_a_connection_that_answers_the_probe() {
    let mut session = connected();
    session.network_changed(10);
    session.heard(20);
    assert_eq!(session.deadline(), Some(45_020));
}

#[test]
fn leaves_silence_and_a_new_network_to_a_transport_that_watches_over_them() {
    let mut session = opening();
    session.opened(true, 0);
    session.connected(25_000, 20_000, 0);
    assert_eq!(session.deadline(), None);
    assert!(session.tick(3_600_000).is_empty());
    assert_eq!(words(session.network_changed(0)), ["renew"]);
}

#[test]
fn an_open_connection_that_is_refused_is_lost_and_then_refused() {
    let refused = |status, seconds: Option<u64>| Error::UpgradeRefused {
        status,
        code: None,
        message: String::new(),
        retry_after: seconds.map(std::time::Duration::from_secs),
    };
    let mut session = connected();
    assert_eq!(words(session.refused(refused(401, None), true, 0)), ["hang up abruptly", "lost", "failed for good"]);
    assert_eq!(session.deadline(), None);
    let mut session = connected();
    assert_eq!(words(session.refused(refused(407, Some(60)), false, 0)), ["hang up abruptly", "lost"]);
    assert_eq!(session.deadline(), Some(61_000));
}

#[test]
fn makes_no_connection_in_the_background() {
    let mut session = connected();
    assert_eq!(words(session.background()), ["hang up", "lost"]);
    assert!(session.open(0).is_empty());
    assert!(session.network_changed(0).is_empty());
    assert_eq!(session.deadline(), None);
    assert_eq!(words(session.foreground(0)), ["dial"]);
}

#[test]
fn stops_its_attempts_in_the_background() {
    let mut session = opening();
    session.failed(failure(), false, 0);
    assert_eq!(words(session.background()), ["hang up"]);
    assert_eq!(session.deadline(), None);
    assert_eq!(words(session.foreground(0)), ["dial"]);
}

#[test]
fn comes_back_to_the_foreground_without_a_connection_that_nobody_wants() {
    let mut session = connected();
    session.background();
    session.release();
    assert!(session.foreground(0).is_empty());
}

#[test]
fn is_released_in_every_phase() {
    let mut waiting = opening();
    waiting.failed(failure(), false, 0);
    for mut session in [opening(), connected(), waiting] {
        assert_eq!(words(session.release()), ["hang up"]);
        assert!(session.release().is_empty());
        assert_eq!(session.deadline(), None);
    }
}

#[test]
fn ignores_what_comes_too_late() {
    let mut session = connected();
    session.release();
    assert!(session.opened(false, 0).is_empty());
    assert!(lose(&mut session, 0).is_empty());
    assert!(session.failed(failure(), false, 0).is_empty());
    assert!(session.tick(u64::MAX).is_empty());
}
