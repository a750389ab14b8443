/// What happens in a namespace.
public enum NamespaceEvent: Sendable {
    /// Connected, or connected again. `recovered`: with the former session and all events that were missed. `transport`: which way.
    case connected(sid: String, recovered: Bool, transport: TransportKind)
    /// Frames go another way from now on: a stream over HTTP is held up, and the client polls.
    case transportChanged(TransportKind)
    /// The connection of the namespace ended.
    case disconnected(Disconnection)
    /// A connect by the client itself was refused for good; `connect` must be called to come back.
    case refused(CrossroomError)
    /// An event of the server's.
    case event(IncomingEvent)
}

/// The end of a connection.
public struct Disconnection: Sendable, Equatable {
    /// Whether the client does not come back by itself.
    public let isFinal: Bool
    /// The WebSocket close code (PROTOCOL.md, 8), where there was one.
    public let closeCode: Int?
    /// For people.
    public let reason: String
}

/// An event of the server's.
public struct IncomingEvent: Sendable {
    /// The event's name.
    public let name: String
    /// Its arguments.
    public let args: [Value]
    /// Answers it; nil where the server wants no answer. Only the first answer counts, and none after the connection was lost.
    public let responder: Responder?
}

/// Answers one event of the server's.
@CrossroomActor
public final class Responder {
    private var send: (@CrossroomActor ([Value]) throws -> Void)?

    init(_ send: @escaping @CrossroomActor ([Value]) throws -> Void) { self.send = send }

    /// Sends the ack. A second one goes nowhere.
    /// - Throws: `CrossroomError` for arguments that cannot be sent; then another answer may be given.
    public func answer(_ args: Value...) throws { try answer(args: args) }

    /// The same with an array of arguments.
    public func answer(args: [Value]) throws {
        try send?(args)
        send = nil
    }
}
