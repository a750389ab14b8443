/// A place in the log of a room or an inbox (docs/rooms-api.md, 5.1): one value, neither half of which means anything alone.
public struct Position: Sendable, Hashable, Codable {
    /// Changes if a log was lost and begun anew.
    public let epoch: String
    /// Counts up by one with each message, from 1; 0 is before the first.
    public let offset: Int64

    /// A position that the server gave, and the application kept.
    public init(epoch: String, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }
}

/// One connection of a user's in a room.
public struct Device: Sendable, Hashable, Codable {
    /// The device's id.
    public let id: String
    /// The id of its connection.
    public let sid: String
    /// "bridge", "websocket", "polling" or "webtransport".
    public let transport: String
}

/// A user who is in a room.
public struct Member: Sendable, Hashable, Codable {
    /// The user's id.
    public let user: String
    /// For people to see; not unique.
    public let name: String
    /// The user's connections in the room.
    public let devices: [Device]
}

/// Who sent something.
public struct Sender: Sendable, Hashable, Codable {
    /// The user's id.
    public let user: String
    /// For people to see; not unique.
    public let name: String
    /// The id of the connection it came from.
    public let sid: String
    /// As in `Device`.
    public let transport: String
}

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

/// A message in one's inbox.
public struct InboxMessage: Sendable, Hashable {
    /// The sender's own name for it.
    public let id: String
    /// Where it is in the inbox.
    public let position: Position
    /// Who sent it.
    public let from: Sender
    /// What was sent.
    public let data: Value
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

/// Says that the recipient has processed a message that was sent with `receipt`.
public struct InboxReceipt: Sendable, Hashable {
    /// Of one's own message.
    public let id: String
    /// Where it is in the inbox.
    public let position: Position
    /// The recipient's user id.
    public let user: String
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

/// What an inbox holds.
public enum InboxItem: Sendable, Hashable {
    /// A message of somebody's.
    case message(InboxMessage)
    /// A receipt for one's own.
    case receipt(InboxReceipt)

    /// Where it is in the inbox.
    public var position: Position {
        switch self {
        case .message(let message): return message.position
        case .receipt(let receipt): return receipt.position
        }
    }
}

/// Who one is, as the server says after each connect.
public struct Identity: Sendable, Hashable {
    /// The user's id.
    public let user: String
    /// For people to see.
    public let name: String
    /// The id of this connection.
    public let sid: String
    /// The id of this device.
    public let device: String
    /// Whether one is a guest, who showed no token.
    public let isGuest: Bool
    /// When the token runs out, in milliseconds since the Unix epoch.
    public internal(set) var expiresAt: Double?
    /// A guest's, to come back with.
    let token: String?
    /// What the data of one message may have, as `Value.messageSize` counts.
    let messageBytes: Int?
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

/// The result of a send.
public struct Sent: Sendable, Hashable, Codable {
    /// The message's id.
    public let id: String
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

/// The result of a join.
public struct Joined: Sendable, Hashable, Codable {
    /// False: messages before `position` were lost to this device. Show a mark, or read `history` anew.
    public let recovered: Bool
    /// Where the room's log was. All up to here was delivered, or is, as fast as it is read.
    public let position: Position
    /// The newest messages up to `position`, where `join` was asked for them.
    public internal(set) var history: HistoryPage?
}

/// A page of a room's log, in its order.
public struct HistoryPage: Sendable, Hashable, Codable {
    /// The messages.
    public let messages: [RoomMessage]
    /// Whether there are more in the direction of reading.
    public let more: Bool
}

/// What happens in a room.
public enum RoomEvent: Sendable {
    /// Each message once and in order, recovered ones and live ones alike.
    case message(RoomMessage)
    /// Somebody told something.
    case signal(Signal)
    /// Who is there changed. `count` is the server's, where `members` are only the first of many.
    case presence(members: [Member], count: Int)
    /// Joined, or joined again; also while joined, with `recovered` false, where something was lost.
    case joined(Joined)
    /// Joining again was refused; the room is left.
    case left(CrossroomError)
}

/// What happens to the session.
public enum RoomsEvent: Sendable {
    /// Connected, or connected again, and who one is.
    case connect(Identity)
    /// The connection is lost, for people to read why; it is tried to get it back.
    case disconnect(reason: String)
    /// The session is over for good; everything that waited has failed with this.
    case end(CrossroomError)
    /// Another connection has taken this device's place, with the id `sid`: a copy of this client, or somebody else with the same
    /// token. Rooms go on; the inbox is the other's once that has opened it.
    case deviceTaken(sid: String)
    /// The other connection has gone; the inbox goes on here.
    case deviceReturned
    /// The inbox was opened, and items that this device had not processed were dropped, or are of a log that is gone.
    case inboxLost
    /// Something that calls for no action, but belongs in a log.
    case warning(CrossroomError)
}
