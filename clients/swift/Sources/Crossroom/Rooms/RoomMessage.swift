/// A message of a room.
public struct RoomMessage: Sendable, Hashable, Codable {
    /// The room's name.
    public let room: String
    /// The publisher's own name for it, unique among their messages in the room.
    public let id: String
    /// Where it is in the room's log.
    public let position: Position
    /// Who published it.
    public let from: Sender
    /// What was published.
    public let data: Value
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double

    /// What was published, as a type of the application's.
    /// - Throws: `DecodingError` where it has another shape.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T { try data.decode(type) }
}

extension RoomMessage {
    init?(_ value: Value) {
        guard let room = value["room"]?.string, let id = value["id"]?.string,
            let position = value["position"].flatMap(Position.init), let from = value["from"].flatMap(Sender.init),
            let data = value["data"], let at = value["at"]?.double
        else { return nil }
        self.init(room: room, id: id, position: position, from: from, data: data, at: at)
    }
}

/// Something that was told to those who are in a room, and is not kept.
public struct Signal: Sendable, Hashable, Codable {
    /// The room's name.
    public let room: String
    /// Who told it.
    public let from: Sender
    /// What was told.
    public let data: Value
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

extension Signal {
    init?(_ value: Value) {
        guard let room = value["room"]?.string, let from = value["from"].flatMap(Sender.init), let data = value["data"],
            let at = value["at"]?.double
        else { return nil }
        self.init(room: room, from: from, data: data, at: at)
    }
}

/// The result of a publish.
public struct Published: Sendable, Hashable, Codable {
    /// The message's id.
    public let id: String
    /// Where it is in the room's log.
    public let position: Position
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

extension Published {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let position = value["position"].flatMap(Position.init),
            let at = value["at"]?.double
        else { return nil }
        self.init(id: id, position: position, at: at)
    }
}

/// A page of a room's log, in its order.
public struct HistoryPage: Sendable, Hashable, Codable {
    /// The messages.
    public let messages: [RoomMessage]
    /// Whether there are more in the direction of reading.
    public let more: Bool
}

extension HistoryPage {
    init?(_ value: Value) {
        guard let messages = value["messages"]?.array?.parsed(RoomMessage.init), let more = value["more"]?.bool
        else { return nil }
        self.init(messages: messages, more: more)
    }
}
