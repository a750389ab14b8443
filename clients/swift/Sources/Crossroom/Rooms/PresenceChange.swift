/// The notice `presence`.
struct PresenceChange {
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
