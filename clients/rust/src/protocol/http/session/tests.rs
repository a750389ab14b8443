//! A session whose server, network and clock are the test.

use super::*;

const PING_INTERVAL: u64 = 25_000;
const PING_TIMEOUT: u64 = 20_000;
const RESUME_TIMEOUT: u64 = 20_000;

struct Rig {
    session: HttpSession,
    now: u64,
    /// What the client has to send.
    outbox: VecDeque<String>,
}

impl Rig {
    fn new(reads_stream: bool, may_poll: bool) -> Self {
        let opened = Opened {
            session: "s".to_owned(),
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
            max_payload: 100,
            resume_timeout: RESUME_TIMEOUT,
        };
        let session = HttpSession::new(opened, reads_stream, may_poll, || 0.5, 0);
        Self { session, now: 0, outbox: VecDeque::new() }
    }

    fn stream() -> Self {
        let mut rig = Self::new(true, true);
        assert_eq!(rig.effects(), ["GET stream 0"]);
        rig.receive("event: open\ndata: {\"next\":0}\n\n");
        assert_eq!(rig.events(), [SessionEvent::Heard]);
        rig
    }

    fn polls() -> Self {
        let mut rig = Self::new(false, true);
        assert_eq!(rig.effects(), ["GET poll 0"]);
        rig
    }

    fn session(&mut self) -> &mut HttpSession {
        self.session.at(self.now)
    }

    fn receive(&mut self, text: &str) {
        self.session().read_bytes(text.as_bytes());
        self.pull();
    }

    fn send(&mut self, line: &str) {
        self.outbox.push_back(line.to_owned());
        self.pull();
    }

    fn pull(&mut self) {
        let outbox = &mut self.outbox;
        self.session.at(self.now).pull(&mut || outbox.pop_front());
    }

    fn posted(&mut self, status: u16, body: &str) {
        self.session().posted(&answer(status, body));
        self.pull();
    }

    fn wait(&mut self, time: u64) {
        self.now += time;
        self.session().tick();
    }

    /// Waits for the deadline, which must be so far away.
    fn wait_exactly(&mut self, time: u64) {
        let now = self.now;
        assert_eq!(self.session.deadline(), Some(now + time));
        self.wait(time - 1);
        assert!(!self.session.has_output(true), "{:?}", self.session.effects);
        self.wait(1);
    }

    /// In few words: the lines of a POST with commas, and its `ping` as one.
    fn effects(&mut self) -> Vec<String> {
        let word = |effect| match effect {
            HttpEffect::Get { is_stream, ack } => format!("GET {} {ack}", if is_stream { "stream" } else { "poll" }),
            HttpEffect::DropGet => "drop GET".to_owned(),
            HttpEffect::Post { seq: None, ack, body } => format!("POST nothing{body}, ack {ack}"),
            HttpEffect::Post { seq: Some(seq), ack, body } => {
                format!("POST {seq}: {}, ack {ack}", body.replace('\n', ",").replace("{\"type\":\"ping\"}", "ping"))
            }
            HttpEffect::DropPost => "drop POST".to_owned(),
            HttpEffect::Delete => "DELETE".to_owned(),
            HttpEffect::DropIdle => "drop idle".to_owned(),
        };
        std::iter::from_fn(|| self.session.next_effect()).map(word).collect()
    }

    fn events(&mut self) -> Vec<SessionEvent> {
        std::iter::from_fn(|| self.session.next_event(true)).collect()
    }

    fn frames(&mut self) -> Vec<String> {
        let frame = |event| if let SessionEvent::Frame(text) = event { Some(text) } else { None };
        self.events().into_iter().filter_map(frame).collect()
    }

    fn ends(&mut self) -> Vec<SessionEvent> {
        let is_end = |event: &SessionEvent| matches!(event, SessionEvent::Lost { .. } | SessionEvent::Refused(_));
        self.events().into_iter().filter(is_end).collect()
    }
}

fn answer(status: u16, body: &str) -> HttpAnswer {
    HttpAnswer { status, body: body.into(), ..HttpAnswer::default() }
}

fn error(code: &str, more: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"m"{more}}}}}"#)
}

fn lost(code: Option<u16>, reason: &str) -> SessionEvent {
    SessionEvent::Lost { code, reason: reason.to_owned() }
}

fn is_lost(rig: &mut Rig) -> bool {
    matches!(rig.ends()[..], [SessionEvent::Lost { code: None, .. }])
}

mod reading;
mod sending;

#[test]
fn gives_the_session_up_where_requests_have_had_no_answer_for_the_resume_timeout() {
    let mut rig = Rig::stream();
    rig.wait(5_000);
    rig.receive("event: ping\ndata: {}\n\n");
    rig.events();
    rig.effects();
    rig.session().read_ended(false);
    let failed_at = rig.now;
    while !rig.session.is_over() {
        rig.session().post_failed();
        rig.session().read_ended(false);
        let deadline = rig.session.deadline().expect("a deadline");
        rig.wait(deadline - rig.now);
    }
    assert_eq!(rig.now - failed_at, RESUME_TIMEOUT);
    assert!(is_lost(&mut rig));
    assert_eq!(rig.session.deadline(), None);
}

#[test]
fn goes_on_where_the_network_was_away_for_less() {
    let mut rig = Rig::stream();
    rig.session().read_ended(false);
    rig.wait(500);
    rig.effects();
    rig.session().read_ended(false);
    rig.wait(RESUME_TIMEOUT - 501);
    rig.receive("event: open\ndata: {\"next\":0}\n\n");
    rig.wait(2_000);
    assert!(rig.ends().is_empty());
}

#[test]
fn leaves_after_its_last_lines_were_answered() {
    let mut rig = Rig::stream();
    rig.send("a");
    rig.effects();
    rig.session().leave(vec!["b".to_owned()]);
    assert_eq!(rig.effects(), ["drop GET"]);
    rig.posted(200, r#"{"received":2}"#);
    assert_eq!(rig.effects(), ["POST 2: b, ack 0"]);
    rig.posted(200, r#"{"received":3}"#);
    assert_eq!(rig.effects(), ["DELETE"]);
    rig.session().deleted();
    assert!(rig.session.is_over() && rig.ends().is_empty());
}

#[test]
fn does_not_wait_for_the_answer_to_delete_for_ever() {
    let mut rig = Rig::polls();
    rig.session().leave(Vec::new());
    assert_eq!(rig.effects(), ["drop GET", "DELETE"]);
    rig.wait_exactly(1_000);
    assert!(rig.session.is_over());
}

#[test]
fn makes_its_requests_anew_where_the_network_has_changed() {
    let mut rig = Rig::stream();
    rig.receive("data: x\n\n");
    rig.send("a");
    rig.effects();
    rig.session().renew();
    assert_eq!(rig.effects(), ["drop idle", "drop POST", "POST 0: a,ping, ack 1", "GET stream 1"]);
}

#[test]
fn takes_the_code_that_a_post_is_told_after_what_is_there_was_read() {
    let closed = error("closed", r#","close":{"code":4501,"reason":"server_shutdown"}"#);
    let told = || {
        let mut rig = Rig::stream();
        rig.send("a");
        rig.posted(410, &closed);
        rig.effects();
        rig.events();
        rig
    };
    let mut rig = told();
    rig.receive("data: last\n\nevent: close\ndata: {\"code\":4502,\"reason\":\"r\"}\n\n");
    assert!(rig.events().ends_with(&[SessionEvent::Frame("last".to_owned()), lost(Some(4502), "r")]));

    let mut rig = told();
    rig.wait_exactly(1_000);
    assert_eq!(rig.ends(), [lost(Some(4501), "server_shutdown")]);

    let mut rig = told();
    rig.session().read_ended(false);
    rig.wait(500);
    assert_eq!(rig.effects(), ["GET stream 0"]);
    rig.session().read_refused(&answer(503, ""));
    assert_eq!(rig.ends(), [lost(Some(4501), "server_shutdown")], "there is nothing to read");
}

#[test]
fn a_code_of_an_answer_ends_the_session_and_everything_else_that_it_has_under_way() {
    let unknown = error("unknown_session", "");
    let mut rig = Rig::stream();
    rig.send("a");
    rig.effects();
    rig.posted(404, &unknown);
    assert!(is_lost(&mut rig));
    assert_eq!(rig.effects(), ["drop GET"]);

    let mut rig = Rig::polls();
    rig.send("a");
    rig.effects();
    let closed = error("closed", r#","close":{"code":4403,"reason":"token_revoked"}"#);
    rig.session().read_refused(&answer(410, &closed));
    assert_eq!(rig.ends(), [lost(Some(4403), "token_revoked")]);
    assert!(rig.effects().contains(&"drop POST".to_owned()));

    let mut rig = Rig::polls();
    rig.effects();
    rig.session().read_refused(&answer(410, &error("cannot_resume", "")));
    assert_eq!(rig.effects(), ["drop GET", "DELETE"]);
    assert!(rig.ends().is_empty());
    rig.session().deleted();
    assert!(is_lost(&mut rig));
}

#[test]
fn a_refusal_by_something_on_the_way_is_one_of_the_session() {
    for status in [302, 400, 401, 403, 404, 407, 413] {
        for is_post in [false, true] {
            let mut rig = Rig::stream();
            rig.send("a");
            if is_post {
                rig.posted(status, "<html>");
            } else {
                rig.session().read_refused(&answer(status, "<html>"));
            }
            let ends = rig.ends();
            let [SessionEvent::Refused(Error::UpgradeRefused { status: of, .. })] = &ends[..] else {
                panic!("{ends:?}")
            };
            assert_eq!(*of, status);
            assert!(rig.session.is_over());
        }
    }
}

#[test]
fn a_message_that_is_too_big_closes_as_on_a_websocket() {
    let mut rig = Rig::stream();
    rig.send("a");
    rig.posted(413, &error("message_too_big", ""));
    rig.receive("event: close\ndata: {\"code\":1009,\"reason\":\"message_too_big\"}\n\n");
    assert_eq!(rig.ends(), [lost(Some(1009), "message_too_big")]);
}
