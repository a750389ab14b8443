/// The result of a join.
public struct Joined: Sendable, Hashable, Codable {
    /// False: messages before `position` were lost to this device. Show a mark, or read `history` anew.
    public let recovered: Bool
    /// Where the room's log was. All up to here was delivered, or is, as fast as it is read.
    public let position: Position
    /// The newest messages up to `position`, where `join` was asked for them.
    public internal(set) var history: HistoryPage?
}

/// The acks and notices of docs/rooms-api.md, as far as the layer reads them. What has another shape is nil.

/// The ack of `join`.
struct JoinAnswer: Equatable {
    let position: Position
    let recovered: Bool
    let messages: [RoomMessage]
    let presence: Presence
    /// Where it was asked for, and the server knows of it.
    let history: HistoryPage?

    init?(_ value: Value) {
        guard let position = value["position"].flatMap(Position.init), let presence = Presence(value),
            let messages = (value["messages"] ?? []).array?.parsed(RoomMessage.init)
        else { return nil }
        let history = value["history"].flatMap(HistoryPage.init)
        if value["history"] != nil, history == nil { return nil }
        self.init(
            position: position, recovered: value["recovered"]?.bool ?? false, messages: messages, presence: presence,
            history: history)
    }

    init(
        position: Position, recovered: Bool = false, messages: [RoomMessage] = [],
        presence: Presence = Presence(count: 0, members: []), history: HistoryPage? = nil
    ) {
        self.position = position
        self.recovered = recovered
        self.messages = messages
        self.presence = presence
        self.history = history
    }
}
