//! Who is in a room, as far as the server has told (docs/rooms-api.md, 8).

use std::sync::Arc;

use super::api::{Member, Members, PresenceChange};

impl Members {
    pub(crate) fn reset(&mut self, members: Vec<Member>, count: u64) {
        self.list = Arc::new(members);
        self.count = count;
    }

    pub(crate) fn change(&mut self, change: PresenceChange) {
        let PresenceChange { kind, member, .. } = change;
        // A copy is made only where somebody has kept a picture of the moment before.
        let list = Arc::make_mut(&mut self.list);
        let known = list.iter().position(|other| other.user == member.user);
        let is_leave = kind == "leave";
        let is_new = known.is_none();
        match known {
            Some(index) if is_leave => drop(list.remove(index)),
            Some(index) => list[index] = member,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn member(user: &str, name: &str) -> Member {
        Member { user: user.to_owned(), name: name.to_owned(), devices: Vec::new() }
    }

    fn change(kind: &str, user: &str) -> PresenceChange {
        PresenceChange { room: "r".to_owned(), kind: kind.to_owned(), member: member(user, "new") }
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
