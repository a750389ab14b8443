/// What the answer to a join and the notice `presence` say of who is there: with all members, or with changes, or, of a room that is counted,
/// with neither.
struct Presence: Equatable {
    let count: Int
    let members: [Member]?
    let changes: [PresenceChange]?

    init?(_ value: Value) {
        guard let count = value["count"]?.count else { return nil }
        let members = value["members"]?.array?.parsed(Member.init)
        let changes = value["changes"]?.array?.parsed(PresenceChange.init)
        if value["members"] != nil, members == nil { return nil }
        if value["changes"] != nil, changes == nil { return nil }
        self.init(count: count, members: members, changes: changes)
    }

    init(count: Int, members: [Member]? = nil, changes: [PresenceChange]? = nil) {
        self.count = count
        self.members = members
        self.changes = changes
    }
}

/// One of the changes of a named room.
struct PresenceChange: Equatable {
    enum Kind: String { case join, update, leave }
    let kind: Kind
    /// Of an update, with the devices that are new or changed alone.
    let member: Member
    /// Of an update: the ids of the devices that went.
    let gone: [String]

    init?(_ value: Value) {
        guard let kind = value["type"]?.string.flatMap(Kind.init), let member = value["member"].flatMap(Member.init),
            let gone = (value["gone"] ?? []).array?.parsed(\.string)
        else { return nil }
        self.init(kind: kind, member: member, gone: gone)
    }

    init(kind: Kind, member: Member, gone: [String] = []) {
        self.kind = kind
        self.member = member
        self.gone = gone
    }
}
