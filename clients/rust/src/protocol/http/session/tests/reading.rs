//! Streams, polls, and the change between them.

use super::*;

const OPEN: &str = "event: open\ndata: {\"next\":0}\n\n";
const PING: &str = "event: ping\ndata: {}\n\n";

#[test]
fn skips_frames_that_have_come_and_counts_those_that_have_not() {
    let mut rig = Rig::stream();
    rig.receive("data: a\n\ndata: b\n\ndata: half");
    assert_eq!(rig.frames(), ["a", "b"]);
    rig.session().read_ended(false);
    assert_eq!(rig.effects(), ["GET stream 2"], "at once, as something came");
    rig.receive("event: open\ndata: {\"next\":1}\n\ndata: b\n\nevent: later\ndata: 1\n\ndata: c\n\n");
    assert_eq!(rig.frames(), ["c"]);
    rig.session().read_ended(true);
    assert_eq!(rig.effects(), ["GET stream 3"]);
}

#[test]
fn nothing_is_lost_or_doubled_wherever_an_answer_is_cut() {
    let answer = |next: usize| {
        let frames: String = (next..5).map(|number| format!("data: {{\"n\":{number}}}\n\n")).collect();
        format!("event: open\ndata: {{\"next\":{next}}}\n\n{frames}")
    };
    for from in 0..2 {
        for cut in 0..answer(0).len() {
            let mut rig = Rig::new(true, true);
            rig.effects();
            rig.receive(&answer(0)[..cut]);
            rig.session().read_ended(false);
            rig.wait(500);
            let asked = rig.effects();
            let [get] = &asked[..] else { panic!("{asked:?}") };
            let came: usize = get.rsplit(' ').next().unwrap().parse().unwrap();
            // The server begins where it likes, but not later.
            rig.receive(&answer(came.saturating_sub(from)));
            assert_eq!(rig.frames().len(), 5, "cut at {cut}");
        }
    }
}

#[test]
fn polls_follow_one_another() {
    let mut rig = Rig::polls();
    rig.receive(&format!("{OPEN}data: a\n\n"));
    assert_eq!(rig.events(), [SessionEvent::Heard, SessionEvent::Frame("a".to_owned())]);
    rig.session().read_ended(true);
    assert_eq!(rig.effects(), ["GET poll 1"]);
    rig.wait(PING_INTERVAL);
    rig.receive("event: open\ndata: {\"next\":1}\n\n");
    rig.session().read_ended(true);
    assert_eq!(rig.effects(), ["GET poll 1"]);
    assert_eq!(rig.session.failing_since, None);
}

#[test]
fn answers_that_bring_nothing_at_once_are_not_asked_for_all_the_time() {
    for mut rig in [Rig::polls(), Rig::stream()] {
        if rig.session.reader.is_idle() || !rig.session.reader.is_stream {
            rig.receive(OPEN);
        }
        rig.session().read_ended(true);
        assert!(rig.effects().is_empty());
        rig.wait(499);
        assert!(rig.effects().is_empty());
        rig.wait(1);
        assert_eq!(rig.effects().len(), 1);
    }
}

#[test]
fn a_request_that_fails_is_made_again_at_once_and_then_with_longer_waits() {
    let mut rig = Rig::polls();
    rig.session().read_ended(false);
    assert_eq!(rig.effects(), ["GET poll 0"]);
    for (fails, wait) in [("503", 500), ("html", 1_000), ("later", 2_000), ("end", 4_000)] {
        match fails {
            "503" => rig.session().read_refused(&answer(503, "")),
            "html" => rig.receive("data: <html>\n\n"),
            "later" => rig.receive("event: open\ndata: {\"next\":1}\n\n"),
            _ => rig.session().read_ended(true),
        }
        rig.effects();
        rig.events();
        rig.wait_exactly(wait);
        assert_eq!(rig.effects(), ["GET poll 0"], "{fails}");
    }
    rig.receive(OPEN);
    rig.events();
    rig.session().read_refused(&answer(502, r#"{"error":{"code":"node_unreachable","retryAfter":70}}"#));
    rig.wait_exactly(70);
    assert_eq!(rig.effects(), ["GET poll 0"], "not sooner than the server says");
}

#[test]
fn a_poll_without_an_answer_is_made_again() {
    let mut rig = Rig::polls();
    rig.wait_exactly(PING_INTERVAL + PING_INTERVAL + PING_TIMEOUT);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 0"]);
}

#[test]
fn a_stream_that_does_not_begin_becomes_polls_and_is_remembered_when_they_work() {
    let mut rig = Rig::new(true, true);
    rig.effects();
    rig.wait_exactly(3_000);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 0"]);
    assert_eq!(rig.events(), [SessionEvent::ReadsByPolls]);
    rig.receive(OPEN);
    assert_eq!(rig.events(), [SessionEvent::Heard, SessionEvent::PollsWork]);
}

#[test]
fn a_stream_without_pings_becomes_polls() {
    let mut rig = Rig::stream();
    rig.wait_exactly(10_000);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 0"]);

    let mut rig = Rig::stream();
    rig.wait(5_000);
    rig.receive(PING);
    assert_eq!(rig.effects(), ["POST nothing, ack 0"]);
    rig.posted(200, r#"{"received":0}"#);
    rig.wait(30_000);
    rig.receive("data: x\n\n");
    rig.events();
    rig.wait_exactly(PING_INTERVAL + PING_TIMEOUT - 30_000);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 1"]);
}

#[test]
fn a_stream_that_is_silent_is_made_anew() {
    let mut rig = Rig::stream();
    rig.wait(5_000);
    rig.receive(PING);
    rig.posted(200, r#"{"received":0}"#);
    rig.effects();
    rig.events();
    rig.wait_exactly(PING_INTERVAL + PING_TIMEOUT);
    assert_eq!(rig.effects(), ["drop GET", "GET stream 0"]);
}

#[test]
fn a_stream_on_which_the_pong_does_not_come_becomes_polls() {
    let mut rig = Rig::stream();
    rig.send("a");
    assert_eq!(rig.effects(), ["POST 0: a,ping, ack 0"]);
    rig.wait(2_000);
    rig.posted(200, r#"{"received":2}"#);
    rig.events();
    rig.wait_exactly(3_000);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 0"]);

    for before_the_answer in [false, true] {
        let mut rig = Rig::stream();
        rig.send("a");
        for is_pong in [before_the_answer, !before_the_answer] {
            if is_pong {
                rig.receive("data: {\"type\":\"pong\"}\n\n");
            } else {
                rig.posted(200, r#"{"received":2}"#);
            }
        }
        assert_eq!(rig.session.deadline(), Some(10_000), "the first ping");
    }
}

#[test]
fn without_polls_a_stream_that_is_held_up_ends_the_session() {
    let mut rig = Rig::new(true, false);
    rig.effects();
    rig.wait_exactly(3_000);
    assert_eq!(rig.effects(), ["drop GET", "DELETE"]);
    rig.session().deleted();
    assert!(is_lost(&mut rig));
}

#[test]
fn what_is_not_read_is_not_missed() {
    let mut rig = Rig::stream();
    rig.now += 9_000;
    rig.session().rest();
    rig.wait(9_999);
    assert!(rig.effects().is_empty());
    rig.wait(1);
    assert_eq!(rig.effects(), ["drop GET", "GET poll 0"]);
}

#[test]
fn frames_wait_for_a_slow_application_and_the_end_waits_behind_them() {
    let mut rig = Rig::stream();
    rig.receive("data: a\n\nevent: close\ndata: {\"code\":4503,\"reason\":\"slow_reader\"}\n\n");
    assert_eq!(rig.session.next_event(false), Some(SessionEvent::Heard));
    assert_eq!(rig.session.next_event(false), None);
    assert_eq!(rig.events(), [SessionEvent::Frame("a".to_owned()), lost(Some(4503), "slow_reader")]);
}

#[test]
fn tells_the_server_what_has_come_after_each_256_kib() {
    let mut rig = Rig::stream();
    let frame = format!("data: {}\n\n", "x".repeat(100 << 10));
    for posts in [0, 0, 1] {
        rig.receive(&frame);
        assert_eq!(rig.effects().len(), posts);
    }
    assert!(rig.events().contains(&SessionEvent::Counted), "it counts as a message");
    rig.receive(&frame.repeat(3));
    assert!(rig.effects().is_empty(), "one is under way");
    rig.posted(200, r#"{"received":0}"#);
    assert_eq!(rig.effects(), ["POST nothing, ack 6"]);
}

#[test]
fn a_server_that_writes_what_none_does_is_left() {
    let mut rig = Rig::stream();
    rig.session().read_bytes(b"data: \xff\n\n");
    assert_eq!(rig.effects(), ["drop GET", "DELETE"]);
    rig.wait(1_000);
    assert!(is_lost(&mut rig));
}
