use super::super::inbox_item::Receipt;
use super::*;

fn at_of(epoch: &str, offset: u64) -> Position {
    Position { epoch: epoch.to_owned(), offset }
}

fn at(offset: u64) -> Position {
    at_of("e", offset)
}

fn item_of(epoch: &str, offset: u64) -> InboxItem {
    let from = Receipt { user: "ada".to_owned() };
    InboxItem::Receipt { id: offset.to_string(), position: at_of(epoch, offset), from, at: 0 }
}

fn item(offset: u64) -> InboxItem {
    item_of("e", offset)
}

/// Actions in short: "process 3", "keep 3", "ack 3".
fn short(effects: Vec<InboxLogEffect>) -> Vec<String> {
    let word = |effect| match effect {
        InboxLogEffect::Process(item) => format!("process {}", item.position().offset),
        InboxLogEffect::Keep(position) => format!("keep {}", position.offset),
        InboxLogEffect::Ack(position) => format!("ack {}", position.offset),
    };
    effects.into_iter().map(word).collect()
}

/// Open at an offset, with items after it that have come.
fn open_at(offset: u64, items: &[u64]) -> InboxLog {
    let mut log = InboxLog::new(Some(at(offset)));
    log.processing(true);
    assert!(log.opened(&at(offset)).is_empty());
    for offset in items {
        log.received(item(*offset));
    }
    log
}

#[test]
fn begins_where_the_server_has_it_for_a_device_that_kept_nothing() {
    let mut log = InboxLog::new(None);
    log.processing(true);
    assert_eq!(short(log.opened(&at(7))), ["keep 7"]);
    assert!(log.received(item(7)).is_empty());
    assert_eq!(short(log.received(item(8))), ["process 8"]);
}

#[test]
fn hands_out_one_item_at_a_time_and_keeps_the_position_before_it_acks_it() {
    let mut log = open_at(0, &[]);
    assert_eq!(short(log.received(item(1))), ["process 1"]);
    assert!(log.received(item(2)).is_empty());
    assert_eq!(short(log.done()), ["keep 1", "ack 1", "process 2"]);
    assert_eq!(log.cursor(), Some(&at(1)));
}

#[test]
fn puts_into_one_ack_what_was_processed_while_the_one_before_was_under_way() {
    let mut log = open_at(0, &[1, 2, 3]);
    log.done();
    assert_eq!(short(log.done()), ["keep 2", "process 3"]);
    assert_eq!(short(log.done()), ["keep 3"]);
    assert_eq!(short(log.acked()), ["ack 3"]);
    assert!(log.acked().is_empty());
}

#[test]
fn tells_again_what_could_not_be_told_or_something_later() {
    let mut log = open_at(0, &[1, 2]);
    log.done();
    assert_eq!(short(log.ack_failed(at(1))), ["ack 1"]);
    log.done();
    assert_eq!(short(log.ack_failed(at(1))), ["ack 2"]);
}

#[test]
fn drops_what_comes_again_processed_or_waiting() {
    let mut log = open_at(0, &[1, 2]);
    log.done();
    log.away();
    log.opened(&at(1));
    for offset in 1..=3 {
        assert!(log.received(item(offset)).is_empty());
    }
    assert!(short(log.done()).contains(&"process 3".to_owned()));
}

#[test]
fn goes_on_without_a_connection_and_says_how_far_with_the_next_one() {
    let mut log = open_at(0, &[1, 2]);
    log.away();
    assert_eq!(short(log.done()), ["keep 1", "process 2"]);
    assert_eq!(short(log.done()), ["keep 2"]);
    assert_eq!(short(log.opened(&at(2))), ["ack 2"]);
}

#[test]
fn gives_an_item_that_failed_again_and_lets_no_other_go_before_it() {
    let mut log = open_at(0, &[1, 2]);
    log.failed();
    assert!(log.received(item(3)).is_empty());
    assert_eq!(short(log.processing(true)), ["process 1"]);
}

#[test]
fn puts_the_item_in_hand_back_if_nobody_processes_any_more() {
    let mut log = open_at(0, &[1]);
    assert!(log.processing(false).is_empty());
    assert!(log.done().is_empty());
    assert_eq!(short(log.processing(true)), ["process 1"]);
}

#[test]
fn takes_the_servers_word_for_what_was_processed_elsewhere_under_its_name() {
    let mut log = open_at(0, &[]);
    log.processing(false);
    for offset in 1..=3 {
        log.received(item(offset));
    }
    log.away();
    assert_eq!(short(log.opened(&at(2))), ["keep 2"]);
    assert_eq!(short(log.processing(true)), ["process 3"]);
}

#[test]
fn goes_on_in_another_log_where_the_old_one_is_gone_after_what_it_has_of_that() {
    let mut log = open_at(5, &[6, 7]);
    log.away();
    assert_eq!(short(log.opened(&at_of("f", 0))), ["keep 0"]);
    log.received(item_of("f", 1));
    let mut processed = Vec::new();
    for _ in 0..3 {
        processed.extend(short(log.done()).into_iter().filter(|word| word.starts_with("process")));
    }
    assert_eq!(processed, ["process 7", "process 1"]);
    assert_eq!(log.cursor(), Some(&at_of("f", 1)));
}
