//! Who is in a room, as far as the server has told (docs/rooms-api.md, 8).

use std::sync::Arc;

use super::answers::PresenceChange;
use super::values::{Member, Members};

impl Members {
    pub(crate) fn reset(&mut self, members: Vec<Member>, count: u64) {
        self.list = Arc::new(members);
        self.count = count;
    }

    pub(crate) fn change(&mut self, change: PresenceChange) {
        let PresenceChange { kind, member, gone, .. } = change;
        // A copy is made only where somebody has kept a picture of the moment before.
        let list = Arc::make_mut(&mut self.list);
        let known = list.iter().position(|other| other.user == member.user);
        let is_leave = kind == "leave";
        let is_new = known.is_none();
        match known {
            Some(index) if is_leave => drop(list.remove(index)),
            Some(index) if kind == "join" => list[index] = member,
            Some(index) => update(&mut list[index], member, &gone),
            None if is_leave => {}
            None => list.push(member),
        }
        let listed = list.len() as u64;
        // Where only the first of many are known, a stranger may leave.
        if is_leave {
            self.count = self.count.saturating_sub(1);
        } else if kind == "join" && is_new {
            self.count += 1;
        }
        self.count = self.count.max(listed);
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
    use super::super::values::Device;
    use super::*;

    fn member(user: &str, name: &str) -> Member {
        Member { user: user.to_owned(), name: name.to_owned(), devices: Vec::new() }
    }

    fn change(kind: &str, user: &str) -> PresenceChange {
        let (room, kind, gone) = ("r".to_owned(), kind.to_owned(), Vec::new());
        PresenceChange { room, kind, member: member(user, "new"), gone }
    }

    fn device(id: &str, transport: &str) -> Device {
        Device { id: id.to_owned(), sid: id.to_owned(), transport: transport.to_owned() }
    }

    #[test]
    fn an_update_tells_of_the_devices_that_are_new_changed_or_gone() {
        let mut members = Members::default();
        let devices = ["phone", "tab", "desk"].map(|id| device(id, "polling")).to_vec();
        members.reset(vec![Member { devices, ..member("a", "old") }], 1);
        let mut update = change("update", "a");
        update.member.devices = vec![device("tab", "websocket"), device("watch", "bridge")];
        update.gone = vec!["phone".to_owned(), "unknown".to_owned()];
        members.change(update);
        let expected = vec![device("tab", "websocket"), device("desk", "polling"), device("watch", "bridge")];
        assert_eq!(members.get("a").unwrap().devices, expected);
        let mut join = change("join", "a");
        join.member.devices = vec![device("new", "bridge")];
        members.change(join);
        assert_eq!(members.get("a").unwrap().devices, [device("new", "bridge")], "a join has all of them");
    }

    fn users(members: &Members) -> Vec<&str> {
        members.iter().map(|member| member.user.as_str()).collect()
    }

    #[test]
    fn keeps_the_order_in_which_they_came() {
        let mut members = Members::default();
        members.reset(vec![member("a", "old"), member("b", "old")], 2);
        members.change(change("join", "c"));
        members.change(change("update", "a"));
        members.change(change("leave", "b"));
        assert_eq!((users(&members), members.count()), (vec!["a", "c"], 2));
        assert_eq!(members.get("a").unwrap().name, "new");
    }

    #[test]
    fn counts_strangers_where_only_the_first_are_known() {
        let mut members = Members::default();
        members.reset(vec![member("a", "old")], 500);
        members.change(change("leave", "z"));
        assert_eq!((members.len(), members.count()), (1, 499));
        members.change(change("join", "b"));
        assert_eq!((members.len(), members.count()), (2, 500));
    }

    #[test]
    fn never_counts_fewer_than_it_lists() {
        let mut members = Members::default();
        members.reset(vec![member("a", "old")], 1);
        members.change(change("leave", "z"));
        members.change(change("update", "b"));
        assert_eq!(members.count(), 2);
    }

    #[test]
    fn leaves_earlier_pictures_as_they_were() {
        let mut members = Members::default();
        members.reset(vec![member("a", "old")], 1);
        let before = members.clone();
        members.change(change("leave", "a"));
        assert_eq!((before.len(), members.len()), (1, 0));
    }
}
