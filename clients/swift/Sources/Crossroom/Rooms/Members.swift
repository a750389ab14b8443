/// Who is in a room, as far as the server has told (docs/rooms-api.md, 8).
struct Members {
    /// In the order in which they came.
    private(set) var list: [Member] = []
    /// In the server's count.
    private(set) var count = 0

    mutating func reset(_ members: [Member], count: Int) {
        list = members
        self.count = count
    }

    mutating func change(_ change: PresenceChange) {
        let index = list.firstIndex { $0.user == change.member.user }
        switch (change.kind, index) {
        case (.leave, let index):
            if let index { list.remove(at: index) }
            // Where only the first of many are known, a stranger may leave.
            count = max(count - 1, list.count)
        case (.update, let index?): list[index] = Self.merged(list[index], change)
        // One of those whom `join` did not name: there is only a part of them to be known.
        case (.update, nil): break
        case (.join, let index?): list[index] = change.member
        case (.join, nil):
            list.append(change.member)
            if count < .max { count += 1 }
        }
        count = max(count, list.count)
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
