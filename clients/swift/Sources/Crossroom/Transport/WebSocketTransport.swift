import Foundation

/// Where to connect to.
public struct TransportRequest: Sendable {
    /// `ws:` or `wss:`, with the path of the bridge and the query.
    public let url: URL
    /// To be offered in the handshake; nil for none, after an attempt that failed with it.
    public let subprotocol: String?
    /// HTTP headers of the handshake.
    public let headers: [String: String]
    /// Bytes of the largest message that must be taken.
    public let maxMessageSize: Int

    /// A request.
    public init(url: URL, subprotocol: String?, headers: [String: String], maxMessageSize: Int) {
        self.url = url
        self.subprotocol = subprotocol
        self.headers = headers
        self.maxMessageSize = maxMessageSize
    }
}

/// What comes from the other side.
public enum TransportMessage: Sendable, Equatable {
    /// A text message.
    case text(String)
    /// A binary message, which the protocol does not know.
    case binary
    /// A WebSocket ping or pong, where the transport sees them.
    case ping
}

/// How a connection ended, or why it could not be made.
public struct TransportFailure: Error, Sendable, Equatable {
    /// The HTTP status, where the server refused the upgrade.
    public let status: Int?
    /// The close code of the server's close frame; nil where there was none.
    public let closeCode: Int?
    /// Seconds before which the server wants no other attempt.
    public let retryAfter: Double?
    /// Whether no server was reached: there is no network, the name is not known, or TLS failed. Otherwise a connection that could not be
    /// made may be one that something on the way does not let through, and HTTP may be of use.
    public let isUnreached: Bool
    /// For people.
    public let message: String

    /// A failure.
    public init(
        _ message: String, status: Int? = nil, closeCode: Int? = nil, retryAfter: Double? = nil, isUnreached: Bool = false
    ) {
        self.message = message
        self.status = status
        self.closeCode = closeCode
        self.retryAfter = retryAfter
        self.isUnreached = isUnreached
    }
}

/// One WebSocket that is open. Bring your own to use another library: `BridgeOptions.transport`.
public protocol WebSocketTransport: Sendable {
    /// Whether `receive` gives `ping` for each of the server's pings.
    var reportsPings: Bool { get }

    /// Sends a text message; returns when it may be forgotten. Called one at a time.
    /// - Throws: anything. The connection is then lost: `receive` says why.
    func send(_ text: String) async throws

    /// The next message. Called one at a time; while it is not called, nothing more should be read from the network.
    /// - Throws: `TransportFailure` when the connection has ended, after all that came before.
    func receive() async throws -> TransportMessage

    /// Ends the connection: with a close frame of code 1000 and a moment for the other side's, or `abrupt`ly. Returns when nothing
    /// of it is left. A `receive` that waits fails.
    func close(abrupt: Bool) async
}

/// A connection that is no WebSocket, but a session of its own: it finds out by itself that the other side is gone, and needs no pings.
protocol SessionTransport: WebSocketTransport, AnyObject {
    /// Which way frames go; may change.
    var kind: TransportKind { get }

    /// Called when it has.
    @CrossroomActor var kindChanged: @CrossroomActor () -> Void { get set }

    /// `send` of many at once, in this order.
    func send(_ texts: [String]) async throws

    /// The device's network is another one: what is under way may never come to its end.
    func networkChanged() async
}

/// Makes a connection. Cancelling its task gives the attempt up, and leaves nothing behind.
/// It throws a `TransportFailure`.
public typealias TransportFactory = @Sendable (TransportRequest) async throws -> any WebSocketTransport

/// The transports that come with the library.
public enum Transports {
    /// The system's own: `URLSessionWebSocketTask` where it works, which is on Apple's platforms.
    ///
    /// On Linux, Foundation's (6.0) cuts messages of more than 4 KB into pieces, at any byte, and hides close codes from 4000 on.
    /// There the library speaks WebSocket itself, over a socket.
    public static let system: TransportFactory = { request in
        #if os(Linux)
            return try await SocketTransport.connect(request)
        #else
            return try await URLSessionTransport.connect(request)
        #endif
    }

    /// `URLSessionWebSocketTask` on every platform; on Linux with the faults that `system` avoids.
    public static let urlSession: TransportFactory = { try await URLSessionTransport.connect($0) }
}
