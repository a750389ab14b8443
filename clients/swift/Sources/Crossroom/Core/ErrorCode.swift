/// What failed, for programs: a code to match on, that newer servers may add to.
///
/// The constants are the codes of docs/rooms-api.md, 11, of PROTOCOL.md, 1.3 and 7, and the client's own. A code that this
/// version does not know is kept as it came, so a `switch` over codes must have a default.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The code as it goes over the wire, "rate_limited" say.
    public let rawValue: String

    /// A code by its name on the wire.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A code by its name on the wire.
    public init(stringLiteral value: String) { rawValue = value }

    /// The code as it goes over the wire.
    public var description: String { rawValue }
}

extension ErrorCode {
    // The client's own.

    /// `close` was called.
    public static let closed: ErrorCode = "closed"
    /// As many publishes and sends wait for their acks as may.
    public static let tooManyPending: ErrorCode = "too_many_pending"
    /// A stream of events was read too slowly.
    public static let tooSlow: ErrorCode = "too_slow"
    /// The call was given up: its task was cancelled, or the room was left. Whether it was carried out is not known.
    public static let aborted: ErrorCode = "aborted"
    /// The ack was lost, for longer than the server remembers ids. Whether it was carried out is not known.
    public static let unconfirmed: ErrorCode = "unconfirmed"
    /// The server refused the upgrade, or closed the connection for good. See `status` and `closeCode`.
    public static let refused: ErrorCode = "refused"
    /// The inbox has a processor already.
    public static let inUse: ErrorCode = "in_use"
    /// The server refused the namespace. See `data`.
    public static let connectError: ErrorCode = "connect_error"
    /// No ack came in time.
    public static let timeout: ErrorCode = "timeout"
    /// The event had left when the connection was lost. Whether it arrived is not known.
    public static let disconnected: ErrorCode = "disconnected"
    /// As many events wait for the connection as may.
    public static let bufferFull: ErrorCode = "buffer_full"
    /// The event is larger than the server takes.
    public static let payloadTooLarge: ErrorCode = "payload_too_large"
    /// The server could not be reached, in as many attempts as were allowed.
    public static let unreachable: ErrorCode = "unreachable"
    /// The server's answer has not the shape that it should have.
    public static let badAnswer: ErrorCode = "bad_answer"
    /// The server sent what is no frame or no event of the protocol.
    public static let malformedFrame: ErrorCode = "malformed_frame"

    // The room API's.

    /// The argument is missing, has the wrong shape, or cannot be sent.
    public static let invalidArgument: ErrorCode = "invalid_argument"
    /// The server has no such event.
    public static let unknownEvent: ErrorCode = "unknown_event"
    /// There is no valid token.
    public static let unauthorized: ErrorCode = "unauthorized"
    /// The token has expired.
    public static let tokenExpired: ErrorCode = "token_expired"
    /// The token was revoked.
    public static let tokenRevoked: ErrorCode = "token_revoked"
    /// This user may not do this.
    public static let forbidden: ErrorCode = "forbidden"
    /// This connection is not in the room.
    public static let notJoined: ErrorCode = "not_joined"
    /// This connection is in as many rooms as it may be.
    public static let tooManyRooms: ErrorCode = "too_many_rooms"
    /// The room has as many members as it may have.
    public static let roomFull: ErrorCode = "room_full"
    /// The user is in the room with as many devices as they may be.
    public static let tooManyDevices: ErrorCode = "too_many_devices"
    /// The message is larger than the server takes, or something on the way there.
    public static let messageTooLarge: ErrorCode = "message_too_large"
    /// This user, address or room does more than the server takes.
    public static let rateLimited: ErrorCode = "rate_limited"
    /// What follows this position is not kept any more.
    public static let unknownPosition: ErrorCode = "unknown_position"
    /// The recipient's inbox is full.
    public static let inboxFull: ErrorCode = "inbox_full"
    /// This connection has not opened its inbox.
    public static let inboxNotOpen: ErrorCode = "inbox_not_open"
    /// Too many calls of this connection wait.
    public static let overloaded: ErrorCode = "overloaded"
    /// The server cannot store anything at the moment.
    public static let unavailable: ErrorCode = "unavailable"
    /// The server failed.
    public static let internalError: ErrorCode = "internal"
}
