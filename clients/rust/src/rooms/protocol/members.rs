//! Who is in a room, as far as the server has told (docs/rooms-api.md, 8).

use std::sync::Arc;

use super::answers::{PresenceChange, PresenceChangeKind, PresenceEvent};
use super::values::{Member, Members};

impl Members {
    /// Who is there, or, of a counted room, how many.
    pub(crate) fn reset(&mut self, members: Option<Vec<Member>>, count: u64) {
        self.is_counted = members.is_none();
        self.list = Arc::new(members.unwrap_or_default());
        self.count = count;
    }

    /// What an event says.
    pub(crate) fn told(&mut self, event: PresenceEvent) {
        let Some(changes) = event.changes else { return self.reset(event.members, event.count) };
        self.is_counted = false;
        self.count = event.count;
        // A copy is made only where somebody has kept a picture of the moment before.
        let list = Arc::make_mut(&mut self.list);
        for change in changes {
            apply(change, list);
        }
    }
}

fn apply(change: PresenceChange, members: &mut Vec<Member>) {
    let PresenceChange { kind, member, gone } = change;
    let known = members.iter().position(|other| other.user == member.user);
    match (kind, known) {
        (PresenceChangeKind::Leave, Some(index)) => drop(members.remove(index)),
        (PresenceChangeKind::Leave, None) => {}
        (PresenceChangeKind::Join, Some(index)) => members[index] = member,
        (PresenceChangeKind::Update, Some(index)) => update(&mut members[index], member, &gone),
        (_, None) => members.push(member),
    }
}

/// Puts what is new or changed of a member in the place of what was known.
fn update(known: &mut Member, change: Member, gone: &[String]) {
    known.name = change.name;
    known.devices.retain(|device| !gone.contains(&device.id));
    for device in change.devices {
        match known.devices.iter_mut().find(|other| other.id == device.id) {
            Some(other) => *other = device,
            None => known.devices.push(device),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn member(user: &str, devices: &[&str]) -> Value {
        let devices: Vec<Value> = devices.iter().map(|id| device(id, "bridge")).collect();
        json!({ "user": user, "name": user, "devices": devices })
    }

    fn device(id: &str, transport: &str) -> Value {
        json!({ "id": id, "sid": id, "transport": transport })
    }

    fn change(kind: &str, member: Value) -> Value {
        json!({ "type": kind, "member": member })
    }

    /// Ada and Bob, in a named room.
    fn two() -> Members {
        let mut members = Members::default();
        tell(&mut members, json!({ "count": 2, "members": [member("ada", &["phone"]), member("bob", &["laptop"])] }));
        members
    }

    fn tell(members: &mut Members, mut event: Value) {
        event["room"] = json!("r");
        members.told(PresenceEvent::deserialize(event).expect("an event"));
    }

    fn changed(members: &mut Members, count: u64, changes: &[Value]) {
        tell(members, json!({ "count": count, "changes": changes }));
    }

    fn users(members: &Members) -> Vec<&str> {
        members.iter().map(|member| member.user.as_str()).collect()
    }

    fn known(members: &Members, user: &str) -> Value {
        json!(members.get(user))
    }

    #[test]
    fn are_those_of_the_join_and_then_who_comes_and_goes() {
        let mut members = two();
        changed(&mut members, 2, &[change("join", member("cleo", &["tablet"])), change("leave", member("ada", &[]))]);
        assert_eq!((users(&members), members.count(), members.is_counted()), (vec!["bob", "cleo"], 2, false));
    }

    #[test]
    fn have_of_an_update_the_devices_that_are_new_changed_or_gone_and_the_name() {
        let mut members = two();
        changed(&mut members, 2, &[change("update", member("ada", &["tab", "desk"]))]);
        let devices = [device("tab", "polling"), device("watch", "bridge")];
        let mut update = change("update", json!({ "user": "ada", "name": "Countess", "devices": devices }));
        update["gone"] = json!(["phone", "unknown"]);
        changed(&mut members, 2, &[update]);
        let devices = [device("tab", "polling"), device("desk", "bridge"), device("watch", "bridge")];
        assert_eq!(known(&members, "ada"), json!({ "user": "ada", "name": "Countess", "devices": devices }));
        assert_eq!((users(&members), members.count()), (vec!["ada", "bob"], 2));
    }

    #[test]
    fn have_all_of_a_members_devices_anew_with_a_join() {
        let mut members = two();
        changed(&mut members, 2, &[change("join", member("ada", &["watch"]))]);
        assert_eq!(known(&members, "ada"), member("ada", &["watch"]));
    }

    #[test]
    fn are_the_same_where_it_is_told_again_who_is_there() {
        let mut members = two();
        changed(&mut members, 2, &[change("join", member("ada", &["phone"]))]);
        assert_eq!(members, two());
    }

    #[test]
    fn have_whom_an_update_is_of_that_was_not_known_and_miss_nobody_who_leaves_unknown() {
        let mut members = two();
        changed(&mut members, 3, &[change("update", member("cleo", &["tv"])), change("leave", member("dan", &[]))]);
        assert_eq!(known(&members, "cleo"), member("cleo", &["tv"]));
        assert_eq!((users(&members), members.count()), (vec!["ada", "bob", "cleo"], 3));
    }

    #[test]
    fn take_the_changes_of_an_event_in_their_order_and_who_goes_and_comes_again_is_the_last() {
        let mut members = two();
        changed(&mut members, 2, &[change("leave", member("ada", &[])), change("join", member("ada", &["tv"]))]);
        assert_eq!(users(&members), ["bob", "ada"]);
    }

    #[test]
    fn are_none_but_their_number_of_a_room_that_is_counted_until_it_is_named_again() {
        let mut members = two();
        tell(&mut members, json!({ "count": 201 }));
        assert_eq!((users(&members), members.count(), members.is_counted()), (vec![], 201, true));
        tell(&mut members, json!({ "count": 1, "members": [member("cleo", &["tablet"])] }));
        assert_eq!((users(&members), members.count(), members.is_counted()), (vec!["cleo"], 1, false));
    }

    #[test]
    fn leave_an_earlier_picture_as_it_was() {
        let mut members = two();
        let before = members.clone();
        changed(&mut members, 1, &[change("leave", member("ada", &[]))]);
        assert_eq!((users(&before), users(&members)), (vec!["ada", "bob"], vec!["bob"]));
    }
}
