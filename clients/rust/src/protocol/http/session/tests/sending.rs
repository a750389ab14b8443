//! Lines, their numbers, and POSTs that fail.

use super::*;

/// Reads by polls, so that there is no `ping` among the lines.
fn sending() -> Rig {
    Rig::polls()
}

#[test]
fn has_one_post_under_way_and_puts_what_comes_meanwhile_into_the_next() {
    let mut rig = sending();
    rig.send("a");
    assert_eq!(rig.effects(), ["POST 0: a, ack 0"]);
    rig.send("b");
    rig.send("c");
    assert!(rig.effects().is_empty());
    assert_eq!(rig.outbox.len(), 2, "what cannot leave yet stays with the client, who may withdraw it");
    assert!(!rig.session.is_flushed());
    rig.posted(200, r#"{"received":1}"#);
    assert_eq!(rig.effects(), ["POST 1: b,c, ack 0"]);
    rig.posted(200, r#"{"received":3}"#);
    assert!(rig.session.is_flushed());
}

#[test]
fn a_body_is_no_larger_than_the_server_takes() {
    let mut rig = sending();
    let line = |letter: &str| letter.repeat(40);
    for letter in ["a", "b", "c", "d"] {
        rig.outbox.push_back(line(letter));
    }
    rig.pull();
    assert_eq!(rig.effects(), [format!("POST 0: {},{}, ack 0", line("a"), line("b"))]);
    rig.posted(200, r#"{"received":2}"#);
    assert_eq!(rig.effects(), [format!("POST 2: {},{}, ack 0", line("c"), line("d"))]);
    rig.posted(200, r#"{"received":4}"#);
    rig.send(&"e".repeat(101));
    assert_eq!(rig.effects(), [format!("POST 4: {}, ack 0", "e".repeat(101))], "the server says that it is too big");
}

#[test]
fn sends_the_same_lines_again_under_the_same_numbers_until_they_are_answered() {
    let mut rig = sending();
    rig.send("a");
    rig.effects();
    rig.events();
    rig.session().post_failed();
    assert_eq!(rig.effects(), ["POST 0: a, ack 0"], "at once");
    rig.send("b");
    for (status, body, wait) in [(503, "", 500), (200, "<html>", 1_000), (200, r#"{"received":0}"#, 2_000)] {
        rig.posted(status, body);
        rig.wait_exactly(wait);
        assert_eq!(rig.effects(), ["POST 0: a, ack 0"], "{status} {body}");
    }
    rig.posted(200, r#"{"received":2}"#);
    rig.wait(4_000);
    assert_eq!(rig.effects(), ["POST 0: a, ack 0"], "what was never sent cannot have come");
    rig.posted(200, r#"{"received":1}"#);
    assert_eq!(rig.effects(), ["POST 1: b, ack 0"]);
}

#[test]
fn a_post_without_an_answer_is_given_up_and_sent_again() {
    let mut rig = sending();
    rig.send("a");
    rig.effects();
    rig.wait_exactly(PING_INTERVAL + PING_TIMEOUT);
    assert_eq!(rig.effects(), ["drop POST", "POST 0: a, ack 0"]);
}

#[test]
fn sends_again_from_the_line_that_the_server_misses() {
    let mut rig = sending();
    rig.outbox.extend(["a".to_owned(), "b".to_owned()]);
    rig.pull();
    rig.effects();
    rig.posted(409, &error("out_of_order", r#","received":1"#));
    assert_eq!(rig.effects(), ["POST 1: b, ack 0"]);
    rig.posted(409, &error("superseded", ""));
    rig.wait(500);
    assert_eq!(rig.effects(), ["POST 1: b, ack 0"]);
    rig.posted(409, &error("out_of_order", r#","received":0"#));
    assert_eq!(rig.effects(), ["drop GET", "DELETE"], "it has lost what it had");
    rig.session().deleted();
    assert!(is_lost(&mut rig));
}

#[test]
fn nothing_is_lost_or_doubled_whichever_answers_are_lost() {
    for lost in 0..64_u32 {
        let mut rig = sending();
        let mut taken: Vec<String> = Vec::new();
        let mut posts = 0;
        rig.outbox.extend((0..6).map(|number| number.to_string().repeat(60)));
        rig.pull();
        loop {
            while let Some(effect) = rig.session.next_effect() {
                let HttpEffect::Post { seq: Some(seq), body, .. } = effect else { continue };
                let seq = usize::try_from(seq).unwrap();
                assert!(seq <= taken.len(), "a line is missing");
                let known = taken.len() - seq;
                taken.extend(body.split('\n').skip(known).map(str::to_owned));
                posts += 1;
                if lost >> (posts - 1) & 1 == 1 {
                    rig.session().post_failed();
                } else {
                    rig.posted(200, &format!(r#"{{"received":{}}}"#, taken.len()));
                }
            }
            if rig.session.is_flushed() && rig.outbox.is_empty() {
                break;
            }
            rig.wait(1);
        }
        assert_eq!(taken, (0..6).map(|number| number.to_string().repeat(60)).collect::<Vec<_>>(), "{lost:b}");
    }
}

#[test]
fn answers_each_ping_with_a_post_that_has_lines_where_there_are_some() {
    let ping = "event: ping\ndata: {}\n\n";
    let mut rig = Rig::stream();
    rig.receive(ping);
    assert_eq!(rig.effects(), ["POST nothing, ack 0"]);
    rig.send("a");
    rig.receive(ping);
    rig.posted(200, r#"{"received":0}"#);
    rig.pull();
    assert_eq!(rig.effects().len(), 1);
    rig.session().post_failed();
    assert_eq!(rig.effects().len(), 1, "a sign of life that was lost is given again");
}
