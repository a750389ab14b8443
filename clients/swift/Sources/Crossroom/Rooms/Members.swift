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
        case (_, let index?): list[index] = change.member
        case (let kind, nil):
            list.append(change.member)
            if kind == .join, count < .max { count += 1 }
        }
        count = max(count, list.count)
    }
}
