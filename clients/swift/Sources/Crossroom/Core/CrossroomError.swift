/// The error of every function of this library.
public struct CrossroomError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed, for programs.
    public let code: ErrorCode
    /// What failed, for people. Its words may change.
    public let message: String
    /// Whether the same call may succeed later without the caller doing anything.
    public let isRetryable: Bool
    /// Seconds before which the call must not be made again, where the server says so.
    public let retryAfter: Double?
    /// What the server sent with a `connect_error`.
    public let data: Value?
    /// The HTTP status of a refused upgrade.
    public let status: Int?
    /// The WebSocket close code (PROTOCOL.md, 8) that ended the connection.
    public let closeCode: Int?

    /// An error. One that is not retryable, thrown by a function that gives credentials, ends the session.
    public init(
        _ code: ErrorCode, _ message: String, isRetryable: Bool = false, retryAfter: Double? = nil, data: Value? = nil,
        status: Int? = nil, closeCode: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.data = data
        self.status = status
        self.closeCode = closeCode
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}

extension CrossroomError {
    static let closed = CrossroomError(.closed, "The client was closed. Make a new one.")
    static let aborted = CrossroomError(.aborted, "The call was given up. Whether it was carried out is not known.")
    static let disconnected = CrossroomError(
        .disconnected, "The connection was lost before the ack. Whether the event arrived is not known.",
        isRetryable: true)

    /// The same, of what is not tried again.
    var asFinal: CrossroomError {
        CrossroomError(
            code, message, isRetryable: false, retryAfter: retryAfter, data: data, status: status, closeCode: closeCode)
    }

    static func tooSlow(_ limit: Int) -> CrossroomError {
        CrossroomError(.tooSlow, "More than \(limit) events waited to be read. Read faster.")
    }

    static func invalidArgument(_ message: String) -> CrossroomError { CrossroomError(.invalidArgument, message) }

    /// What was thrown, as an error of this library. A foreign error counts as one that may pass.
    static func from(_ thrown: any Error) -> CrossroomError {
        if let error = thrown as? CrossroomError { return error }
        if thrown is CancellationError { return .aborted }
        return CrossroomError(.internalError, String(describing: thrown), isRetryable: true)
    }
}
