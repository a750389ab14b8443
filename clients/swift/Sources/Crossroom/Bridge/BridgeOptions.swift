/// Gives the `auth` of a `connect`. Asked at every attempt; one that throws is asked again after a while, unless it throws a
/// `CrossroomError` that is not retryable.
public typealias AuthProvider = @Sendable () async throws -> [String: Value]

/// Gives the HTTP headers of the requests that a connection is made with. Asked at every attempt, as `AuthProvider` is.
public typealias HeadersProvider = @Sendable () async throws -> [String: String]

/// How a `Bridge` connects. All of it may be left out.
public struct BridgeOptions: Sendable {
    /// The path of the bridge on the server. Default "/bridge".
    public var path: String
    /// What the server's application sees as `handshake.auth`.
    public var auth: AuthProvider?
    /// Headers of the requests that a connection is made with.
    public var headers: HeadersProvider?
    /// When a lost connection is made again.
    public var reconnect: ReconnectOptions
    /// Events that may wait to be sent. One more is refused with `buffer_full`. Default 1,000.
    public var maxBuffered: Int
    /// Bytes of such events. Default 8 MiB.
    public var maxBufferedBytes: Int
    /// Events that may wait to be read by the application; while there are so many, nothing more is read from the
    /// WebSocket. Default 1,000.
    public var maxUnread: Int
    /// The ways that may be used: the WebSocket; where something on the way refuses it, HTTP with a stream; and with polls where something
    /// holds the stream up. What worked is remembered for 10 minutes. Default: all three; `[.webSocket]` turns HTTP off, and none is an error.
    public var transports: Set<TransportKind>
    /// Makes the WebSocket. Default: the system's own.
    public var transport: TransportFactory
    /// Makes requests over HTTP. Default: the system's own.
    public var http: HTTPStack

    /// Options, with the defaults for what is left out.
    public init(
        path: String = "/bridge", auth: AuthProvider? = nil, headers: HeadersProvider? = nil,
        reconnect: ReconnectOptions = ReconnectOptions(), maxBuffered: Int = 1_000, maxBufferedBytes: Int = 8 << 20,
        maxUnread: Int = 1_000, transports: Set<TransportKind> = [.webSocket, .sse, .polling],
        transport: @escaping TransportFactory = Transports.system, http: HTTPStack = .system
    ) {
        self.path = path
        self.auth = auth
        self.headers = headers
        self.reconnect = reconnect
        self.maxBuffered = maxBuffered
        self.maxBufferedBytes = maxBufferedBytes
        self.maxUnread = maxUnread
        self.transports = transports
        self.transport = transport
        self.http = http
    }
}
