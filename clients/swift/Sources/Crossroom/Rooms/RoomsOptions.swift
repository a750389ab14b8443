/// A token, or what gets one.
public enum Token: Sendable, ExpressibleByStringLiteral {
    /// A JWT.
    case fixed(String)
    /// A function that gets one: asked at every connect, and when the token is about to run out. One that throws is asked again after
    /// a while; unless it throws a `CrossroomError` that is not retryable, which ends the session.
    case provided(@Sendable () async throws -> String)

    /// A JWT.
    public init(stringLiteral value: String) { self = .fixed(value) }
}

/// What a `Rooms` may be told. All of it may be left out.
public struct RoomsOptions: Sendable {
    /// Default: none, one is a guest.
    public var token: Token?
    /// For people to see. Default: the token's, or one that the server makes up.
    public var name: String?
    /// This installation's id; one that runs twice at a time needs two. Default: made at random, and kept in `storage`.
    public var device: String?
    /// Default: memory, so that this is a new device, and a new guest, after a restart.
    public var storage: (any Storage)?
    /// Seconds to wait for an ack before a call is made again. Default 10.
    public var ackTimeout: Double
    /// Publishes and sends that may wait for an ack, together; one more fails with `too_many_pending`. Default 1,000.
    public var maxPending: Int
    /// Messages of a room that may wait in the client to be read, at least 1; more are left in the room's log until there is space. Events of
    /// the session, too: with one more of those their stream fails with `too_slow`. Default 1,000.
    public var maxLag: Int
    /// How to connect. What its `auth` gives is sent along with token, name and device.
    public var bridge: BridgeOptions

    /// Options, with the defaults for what is left out.
    public init(
        token: Token? = nil, name: String? = nil, device: String? = nil, storage: (any Storage)? = nil,
        ackTimeout: Double = 10, maxPending: Int = 1_000, maxLag: Int = 1_000, bridge: BridgeOptions = BridgeOptions()
    ) {
        self.token = token
        self.name = name
        self.device = device
        self.storage = storage
        self.ackTimeout = ackTimeout
        self.maxPending = maxPending
        self.maxLag = max(1, maxLag)
        self.bridge = bridge
    }
}
