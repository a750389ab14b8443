/// Rooms, presence, history and an inbox, on a rooms server: the whole of docs/rooms-api.md that is left to its clients.
///
///     let rooms = try Rooms("http://localhost:3000", name: "Ada")
///     let lobby = await rooms.room("lobby")
///     try await lobby.join()
///     try await lobby.publish(["text": "hello"])
///     await rooms.close()
///
/// It connects with the first call that needs it, and is there until `close`, though nobody holds it any more.
@CrossroomActor
public final class Rooms: Caller {
    /// Who one is; nil before the first connect.
    public var me: Identity? { link?.me }
    /// Whether there is a connection.
    public var isConnected: Bool { isUp }
    /// One's inbox.
    public private(set) lazy var inbox = Inbox(self)

    /// This device's id.
    public private(set) lazy var device: String = {
        let device = options.device ?? kept.device ?? environment.newId()
        if options.device == nil { kept.keepDevice(device) }
        return device
    }()

    let environment: Environment
    let kept: Kept
    let pending: Pending
    /// Why nothing can be done any more, after the end.
    private(set) var over: CrossroomError?

    private let options: RoomsOptions
    private let bridge: Bridge
    private let credentials: Credentials
    private var link: Link?
    /// By name, to the letter: Unicode has names that are equal to a String, and are not to the server.
    private var rooms: [[UInt8]: Room] = [:]
    /// By recipient; only those that have something to send.
    private var sends: [[UInt8]: OutLane] = [:]
    private let broadcast = Broadcast<RoomsEvent>()
    private var waiters: [Promise<Identity>] = []
    /// Itself, from the beginning to the end: an application may hold one of its rooms alone, or nothing.
    private var keptAlive: Rooms?

    /// - Parameters:
    ///   - url: the server's: `http:`, `https:`, `ws:` or `wss:`.
    ///   - name: for people to see. Goes before the one in `options`.
    ///   - token: a JWT, or what gets one; none for a guest. Goes before the one in `options`.
    /// - Throws: `CrossroomError` with `invalid_argument` for what is no such URL.
    public nonisolated convenience init(
        _ url: String, name: String? = nil, token: Token? = nil, options: RoomsOptions = RoomsOptions()
    ) throws {
        var options = options
        options.name = name ?? options.name
        options.token = token ?? options.token
        try self.init(url, options, .real)
    }

    nonisolated init(_ url: String, _ options: RoomsOptions, _ environment: Environment) throws {
        let credentials = Credentials(options)
        var bridgeOptions = options.bridge
        bridgeOptions.auth = { try await credentials.collect() }
        self.options = options
        self.environment = environment
        self.credentials = credentials
        bridge = try Bridge(url, options: bridgeOptions, environment: environment)
        kept = Kept(options.storage)
        pending = Pending(max: options.maxPending)
    }

    /// A room's handle; always the same one for a name. Does not join it.
    public func room(_ name: String) -> Room {
        let key = Array(name.utf8)
        if let room = rooms[key] { return room }
        let room = Room(name, self)
        if let over { room.end(over) }
        rooms[key] = room
        return room
    }

    /// Begins to connect, and does not wait. Every call that needs a connection does so too.
    /// - Throws: why the session is over.
    public func connect() throws { try start() }

    /// Who one is, when connected.
    /// - Throws: why the session is over; `aborted` when the task was cancelled.
    @discardableResult
    public func ready() async throws -> Identity {
        try start()
        if isUp, let me { return me }
        return try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.waiters.removeAll { $0 === promise } }
        }
    }

    /// Puts a message into a user's inbox, whether they are connected or not. Tried until the server has kept it; sends to one user take
    /// effect in the order of the calls. Cancelling the task gives it up.
    /// - Parameters:
    ///   - data: as in `Room.publish`.
    ///   - user: the recipient's user id.
    ///   - id: the same one again gives the first result. Default: made at random.
    ///   - receipt: whether an item of one's own inbox says when they have processed it.
    /// - Throws: `CrossroomError` with what the server refuses it for, `inbox_full` among others; and as `Room.publish`.
    @discardableResult
    public func send(_ data: some Encodable & Sendable, to user: String, id: String? = nil, receipt: Bool = false)
        async throws -> Sent
    {
        try start()
        let id = id ?? environment.newId()
        var call: [String: Value] = ["to": .string(user), "data": try Self.encode(data), "id": .string(id)]
        if receipt { call["receipt"] = true }
        let key = Array(user.utf8)
        // What is given up under way leaves the lane only with its outcome.
        let emptied: @CrossroomActor (OutLane) -> Void = { [weak self] in self?.tidy(key, $0) }
        let lane = sends[key] ?? OutLane(self, environment, pending, isReady: { true }, emptied: emptied)
        sends[key] = lane
        defer { tidy(key, lane) }
        guard let sent = Sent(try await lane.submit("send", .object(call), id: id)) else {
            throw CrossroomError.malformedAnswer
        }
        return sent
    }

    /// What happens to the session from now on. Ends with it; fails with `too_slow` where `maxLag` wait to be read.
    public func events() -> EventStream<RoomsEvent> {
        over == nil ? broadcast.stream(limit: options.maxLag) : broadcast.endedStream(nil)
    }

    /// The device's network is another one: see `Bridge.networkChanged`.
    public func networkChanged() { bridge.networkChanged() }

    /// The app is in the background: closes the connection, and makes no other until `enterForeground`. Rooms stay joined.
    public func enterBackground() { bridge.enterBackground() }

    /// The app is back: connects again, at once.
    public func enterForeground() { bridge.enterForeground() }

    /// Leaves everything and disconnects. What waits fails with `closed`, streams end. Returns when nothing is left; may be called
    /// again.
    public func close() async {
        if over == nil {
            link?.close()
            end(.closed)
        }
        await bridge.close()
    }
}

// What rooms and inbox need of it.
extension Rooms {
    var isUp: Bool { link?.isUp ?? false }

    var maxLag: Int { options.maxLag }

    /// Connects, if that was not begun yet.
    /// - Throws: why the session is over.
    func start() throws {
        if let over { throw over }
        if link != nil { return }
        keptAlive = self
        kept.failed = { [weak self] in self?.warn($0) }
        credentials.device = device
        bridge.observeWarnings { [weak self] in self?.warn($0) }
        let link = Link(
            bridge.namespace(), credentials, environment, kept: kept, ackTimeout: options.ackTimeout, view())
        self.link = link
        link.open()
    }

    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (Outcome) -> Void) {
        if let link { link.call(name, argument, done) } else { done(.lost) }
    }

    func tell(_ name: String, _ argument: Value) throws { try link?.tell(name, argument) }

    func warn(_ error: CrossroomError) { broadcast.push(.warning(error)) }

    /// - Throws: `CrossroomError` with `invalid_argument`.
    static func encode(_ data: some Encodable) throws -> Value {
        do { return try Value(encoding: data) } catch let error as CrossroomError { throw error } catch {
            throw CrossroomError.invalidArgument(String(describing: error))
        }
    }

    private func view() -> Link.View {
        Link.View(
            up: { [weak self] in self?.up($0) },
            down: { [weak self] in self?.down($0) },
            ended: { [weak self] in self?.sessionEnded($0) },
            warning: { [weak self] in self?.warn($0) },
            event: { [weak self] in self?.came($0, $1) })
    }

    private func came(_ name: String, _ payload: Value) {
        if name == "inbox" {
            if let item = InboxItem(payload) { inbox.itemCame(item) }
        } else if let room = payload["room"]?.string {
            rooms[Array(room.utf8)]?.came(name, payload)
        }
    }

    /// Rooms first, as publishes wait for them; the inbox last.
    private func up(_ me: Identity) {
        for room in rooms.values { room.up() }
        for lane in sends.values { lane.renew() }
        inbox.up(me.user)
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resolve(me) }
        broadcast.push(.connect(me))
    }

    private func down(_ reason: String) {
        for room in rooms.values { room.down() }
        inbox.down()
        broadcast.push(.disconnect(reason: reason))
    }

    /// Forgets a lane that has nothing to send; and not another one that has come in its place.
    private func tidy(_ key: [UInt8], _ lane: OutLane) {
        if lane.isEmpty, sends[key] === lane { sends[key] = nil }
    }

    private func sessionEnded(_ error: CrossroomError) {
        end(error)
        let bridge = self.bridge
        Task { await bridge.close() }
    }

    private func end(_ error: CrossroomError) {
        if over != nil { return }
        over = error
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(error) }
        for room in rooms.values { room.end(error) }
        for lane in sends.values { lane.rejectAll(error) }
        inbox.end(error)
        if error.unlessClosed != nil { broadcast.push(.end(error)) }
        broadcast.end()
        keptAlive = nil
    }
}
