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
    public var device: String {
        get async { await credentials.device.value }
    }

    let environment: Environment
    let storedState: StoredState
    let pending: PendingCount
    /// Why nothing can be done any more, after the end.
    private(set) var over: CrossroomError?

    private let options: RoomsOptions
    private let bridge: Bridge
    private let credentials: Credentials
    private var link: Link?
    /// By name, to the letter: Unicode has names that are equal to a String, and are not to the server.
    private var rooms: [[UInt8]: Room] = [:]
    /// By recipient; only those that have something to send.
    private var sends: [[UInt8]: SendQueueRunner] = [:]
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
        let storedState = StoredState(options.storage)
        let credentials = Credentials(options, storedState, environment)
        var bridgeOptions = options.bridge
        bridgeOptions.auth = { try await credentials.collect() }
        self.options = options
        self.environment = environment
        self.credentials = credentials
        bridge = try Bridge(url, options: bridgeOptions, environment: environment)
        self.storedState = storedState
        pending = PendingCount(max: options.maxPending)
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

    /// Which way frames go at the moment; nil without a connection.
    public var transport: TransportKind? { bridge.transport }

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
        var call: [String: Value] = ["to": .string(user), "data": try encode(data), "id": .string(id)]
        if receipt { call["receipt"] = true }
        let key = Array(user.utf8)
        // What is given up under way leaves the queue only with its outcome.
        let emptied: @CrossroomActor (SendQueueRunner) -> Void = { [weak self] in self?.tidy(key, $0) }
        let runner = sends[key] ?? SendQueueRunner(self, environment, pending, isReady: { _ in true }, emptied: emptied)
        sends[key] = runner
        defer { tidy(key, runner) }
        guard let sent = Sent(try await runner.submit("send", .object(call), id: id)) else {
            throw CrossroomError.badAnswer
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
    public func enterBackground() {
        link?.isInBackground = true
        bridge.enterBackground()
    }

    /// The app is back: connects again, at once.
    public func enterForeground() {
        link?.isInBackground = false
        bridge.enterForeground()
    }

    /// Waits until publishes and sends have their acks, and signals have left.
    /// - Parameter timeout: seconds to wait, at most.
    /// - Returns: how many did not make it. They go on.
    public func flush(timeout: Double) async -> Int {
        if link == nil || over != nil { return 0 }
        let end = environment.now() + timeout * 1000
        await pending.none(within: timeout * 1000, environment)
        // They are calls of the bridge's, too.
        if pending.count > 0 { return pending.count }
        return await bridge.flush(timeout: max(0, end - environment.now()) / 1000)
    }

    /// Leaves everything and disconnects. What waits fails with `closed`, streams end. Returns when nothing is left; may be called
    /// again.
    /// - Parameter timeout: seconds to `flush` before, at most. Default: none, it does not wait for acks.
    /// - Returns: how many publishes, sends and signals did not make it.
    @discardableResult
    public func close(timeout: Double = 0) async -> Int {
        if timeout > 0 { _ = await flush(timeout: timeout) }
        let unacked = pending.count
        if over == nil {
            link?.close()
            end(.closed)
        }
        let unsent = await bridge.close()
        await storedState.settled()
        return unacked + unsent
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
        storedState.failed = { [weak self] in self?.warn($0) }
        bridge.observeWarnings { [weak self] in self?.warn($0) }
        let link = Link(
            bridge.namespace(), credentials, environment, storedState: storedState, options, view())
        self.link = link
        link.open()
    }

    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (CallOutcome) -> Void) {
        if let link { link.call(name, argument, done) } else { done(.lost) }
    }

    func emit(_ name: String, _ argument: Value) throws { try link?.emit(name, argument) }

    func warn(_ error: CrossroomError) { broadcast.push(.warning(error)) }

    func inboxLost() { broadcast.push(.inboxLost) }

    /// The data of a message.
    /// - Throws: `CrossroomError`: `invalid_argument` and `message_too_large` for what the server would refuse, as far as is known.
    func encode(_ data: some Encodable) throws -> Value {
        let value: Value
        do { value = try Value(encoding: data) } catch let error as CrossroomError { throw error } catch {
            throw CrossroomError.invalidArgument(String(describing: error))
        }
        try MessageData.check(value, maxBytes: me?.messageBytes)
        return value
    }

    private func view() -> Link.View {
        Link.View(
            up: { [weak self] in self?.up($0) },
            down: { [weak self] in self?.down($0) },
            ended: { [weak self] in self?.sessionEnded($0) },
            warning: { [weak self] in self?.warn($0) },
            event: { [weak self] in self?.onEvent($0, $1) },
            transportChanged: { [weak self] in self?.broadcast.push(.transportChanged($0)) })
    }

    private func onEvent(_ name: String, _ payload: Value) {
        switch name {
        case "inbox": if let item = InboxItem(payload) { inbox.onItem(item) } else { warn(.badEvent(name)) }
        case "device_taken":
            guard let sid = payload["sid"]?.string else { return warn(.badEvent(name)) }
            inbox.deviceTaken(true)
            broadcast.push(.deviceTaken(sid: sid))
        case "device_returned":
            inbox.deviceTaken(false)
            broadcast.push(.deviceReturned)
        case "message", "signal", "presence":
            guard let room = payload["room"]?.string else { return warn(.badEvent(name)) }
            rooms[Array(room.utf8)]?.onEvent(name, payload)
        default: break
        }
    }

    /// Rooms first, as publishes wait for them; the inbox last.
    private func up(_ me: Identity) {
        for room in rooms.values { room.up() }
        for runner in sends.values { runner.renew() }
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

    /// Forgets a queue that has nothing to send; and not another one that has come in its place.
    private func tidy(_ key: [UInt8], _ runner: SendQueueRunner) {
        if runner.isEmpty, sends[key] === runner { sends[key] = nil }
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
        for runner in sends.values { runner.rejectAll(error) }
        inbox.end(error)
        if error.unlessClosed != nil { broadcast.push(.end(error)) }
        broadcast.end()
        keptAlive = nil
    }
}
