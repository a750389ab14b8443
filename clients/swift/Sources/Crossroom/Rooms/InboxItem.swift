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

extension InboxItem {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let position = value["position"].flatMap(Position.init),
            let at = value["at"]?.double, let from = value["from"]
        else { return nil }
        switch value["type"]?.string {
        case "message":
            guard let from = Sender(from), let data = value["data"] else { return nil }
            self = .message(InboxMessage(id: id, position: position, from: from, data: data, at: at))
        case "receipt":
            guard let user = from["user"]?.string else { return nil }
            self = .receipt(InboxReceipt(id: id, position: position, user: user, at: at))
        default: return nil
        }
    }
}

/// The result of a send.
public struct Sent: Sendable, Hashable, Codable {
    /// The message's id.
    public let id: String
    /// Milliseconds since the Unix epoch, by the server's clock.
    public let at: Double
}

extension Sent {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let at = value["at"]?.double else { return nil }
        self.init(id: id, at: at)
    }
}
