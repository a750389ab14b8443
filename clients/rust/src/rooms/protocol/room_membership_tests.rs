use futures_channel::oneshot;

use super::super::values::Position;
use super::*;

type Answer = oneshot::Receiver<Result<Joined, RoomsError>>;

fn wait(membership: &mut RoomMembership, id: u64) -> Answer {
    let (reply, answer) = oneshot::channel();
    membership.wait(Waiter { id, reply });
    answer
}

fn joined() -> Joined {
    Joined { recovered: true, position: Position { epoch: "e".to_owned(), offset: 1 }, history: None }
}

/// In the room, with one join whose caller has not seen it yet.
fn in_the_room() -> RoomMembership {
    let mut membership = RoomMembership::new(0);
    let mut answer = wait(&mut membership, 1);
    membership.begin();
    membership.interrupt();
    membership.answered();
    membership.caught_up(&joined());
    assert_eq!(answer.try_recv(), Ok(Some(Ok(joined()))));
    membership
}

#[test]
fn is_joining_until_a_join_has_come_to_its_end_however_often_it_is_called() {
    let mut membership = RoomMembership::new(0);
    assert_eq!(membership.state(), RoomState::Detached);
    let mut answer = wait(&mut membership, 1);
    membership.begin();
    for _ in 0..2 {
        membership.interrupt();
        assert_eq!((membership.state(), membership.is_in()), (RoomState::Joining, false));
        membership.answered();
        assert_eq!((membership.state(), membership.is_in()), (RoomState::Joining, true), "it is still being read");
    }
    assert_eq!(answer.try_recv(), Ok(None));
    membership.caught_up(&joined());
    assert_eq!(membership.state(), RoomState::Joined);
    assert_eq!(answer.try_recv(), Ok(Some(Ok(joined()))));
}

#[test]
fn is_recovering_from_a_lost_connection_until_what_was_missed_is_read() {
    let mut membership = in_the_room();
    let before = membership.generation();
    membership.interrupt();
    assert_eq!((membership.state(), membership.is_in()), (RoomState::Recovering, false));
    assert!(membership.generation() > before);
    membership.answered();
    assert_eq!((membership.state(), membership.is_in()), (RoomState::Recovering, true));
    membership.caught_up(&joined());
    assert_eq!(membership.state(), RoomState::Joined);
}

#[test]
fn is_detached_from_any_state_and_whoever_waits_hears_why() {
    let mut membership = in_the_room();
    let mut answer = wait(&mut membership, 2);
    membership.interrupt();
    membership.detach(&RoomsError::own("aborted"));
    assert_eq!((membership.state(), membership.is_in()), (RoomState::Detached, false));
    assert_eq!(answer.try_recv(), Ok(Some(Err(RoomsError::own("aborted")))));
    membership.interrupt();
    assert_eq!(membership.state(), RoomState::Detached, "a lost connection changes nothing about that");
}

#[test]
fn is_wanted_as_long_as_a_caller_waits_or_has_seen_it() {
    let mut membership = in_the_room();
    let _second = wait(&mut membership, 2);
    assert!(!membership.give_up(1), "the second one waits");
    assert!(membership.give_up(2));
    let mut membership = in_the_room();
    membership.seen(1);
    let _second = wait(&mut membership, 2);
    assert!(!membership.give_up(2), "the first one has seen it");
    membership.detach(&RoomsError::own("aborted"));
    assert!(!membership.give_up(2), "there is nothing to leave");
}
