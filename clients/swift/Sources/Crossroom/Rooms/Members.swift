/// Who is in a room, as far as the server has told (docs/rooms-api.md, 8).
struct Members {
    /// In the order in which they came; empty in a counted room.
    private(set) var list: [Member] = []
    /// In the server's count.
    private(set) var count = 0
    /// Whether the server tells how many are there, and no names.
    private(set) var isCounted = false

    mutating func told(_ presence: Presence) {
        count = presence.count
        isCounted = presence.members == nil && presence.changes == nil
        if let members = presence.members { list = members } else if isCounted { list = [] }
        for change in presence.changes ?? [] { apply(change) }
    }

    private mutating func apply(_ change: PresenceChange) {
        let index = list.firstIndex { $0.user == change.member.user }
        switch (change.kind, index) {
        case (.leave, let index?): list.remove(at: index)
        case (.leave, nil): break
        case (.update, let index?): list[index] = Self.merged(list[index], change)
        case (.join, let index?): list[index] = change.member
        case (.update, nil), (.join, nil): list.append(change.member)
        }
    }

    /// The devices of an update take the place of those with the same ids, or come behind them.
    private static func merged(_ member: Member, _ update: PresenceChange) -> Member {
        let changed = Dictionary(update.member.devices.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let gone = Set(update.gone)
        let known = Set(member.devices.map(\.id))
        let kept = member.devices.filter { !gone.contains($0.id) || changed[$0.id] != nil }.map { changed[$0.id] ?? $0 }
        let new = update.member.devices.filter { !known.contains($0.id) }
        return Member(user: member.user, name: update.member.name, devices: kept + new)
    }
}
