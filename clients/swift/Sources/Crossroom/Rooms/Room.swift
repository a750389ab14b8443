/// A room. `Rooms.room` gives the handle; `join` enters it, and stays in it over reconnects until `leave`.
@CrossroomActor
public final class Room {
    /// The room's name.
    public nonisolated let name: String

    /// Until the end.
    private var host: Rooms?
    /// Why the session is over, after the end.
    private var over: CrossroomError?
    private var stay: RoomStay!
    private var people = Members()
    private let events_ = Broadcast<RoomEvent>()
    private let messages_ = Broadcast<RoomMessage>()
    private var publishes: OutLane!
    private var readings: OutLane!
    private var waiters: [Promise<Joined>] = []

    init(_ name: String, _ host: Rooms) {
        self.name = name
        self.host = host
        stay = RoomStay(name, host, host.environment, view())
        // A room that one does not want to be in is the server's to refuse.
        let isReady: @CrossroomActor () -> Bool = { [weak self] in
            guard let self else { return false }
            return stay.state == .out || stay.isThere
        }
        publishes = OutLane(host, host.environment, host.pending, isReady: isReady)
        readings = OutLane(host, host.environment, host.pending, isReady: isReady)
    }

    /// Whether one is in the room, and everything up to the join was delivered.
    public var isJoined: Bool { stay.isThere }

    /// Of the last message that was delivered, or where one joined. Keep it to join from there another time.
    public var position: Position? { stay.delivered }

    /// Who is in the room, in the order in which they came; the first hundred where there are more.
    public var members: [Member] { people.list }

    /// How many are in the room, in the server's count.
    public var memberCount: Int { people.count }

    /// Joins, now or when connected, and again after each reconnect from where one was. While joined, it returns where one is.
    /// - Parameter since: a position that was kept: what was missed since comes first, as messages.
    /// - Throws: `CrossroomError` with what the server refuses it for; `aborted` when the task was cancelled or the room left;
    ///   `closed`.
    @discardableResult
    public func join(since: Position? = nil) async throws -> Joined {
        _ = try started()
        try check(since)
        if stay.isThere, let position = stay.delivered { return Joined(recovered: true, position: position) }
        return try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.gaveUp(promise) }
            if stay.state == .out { stay.enter(since: since) }
        }
    }

    /// Leaves the room; returns when the server knows. Streams of messages end; publishes that wait fail with `aborted`.
    public func leave() async {
        if stay.state == .out { return }
        goOut(CrossroomError(.aborted, "The room was left."), nil)
        _ = try? await promised { promise in callLeave { promise.resolve(()) } }
    }

    /// Publishes to everybody in the room, oneself too. Tried until the server has kept it; publishes of a room take effect in the
    /// order of the calls. Cancelling the task gives it up: whether it was published is then not known.
    /// - Parameters:
    ///   - data: any `Value`, or what can be encoded as JSON; `Data` in it arrives as `Data`.
    ///   - id: the same one again gives the first result. Default: made at random.
    /// - Throws: `CrossroomError` with what the server refuses it for; `unconfirmed`, `too_many_pending`, `aborted`, `closed`.
    @discardableResult
    public func publish(_ data: some Encodable & Sendable, id: String? = nil) async throws -> Published {
        let host = try started()
        let id = id ?? host.environment.newId()
        let call: Value = ["room": .string(name), "data": try Rooms.encode(data), "id": .string(id)]
        guard let published = Published(try await publishes.submit("publish", call, id: id)) else {
            throw CrossroomError.malformedAnswer
        }
        return published
    }

    /// Tells those who are there now; dropped where there is no connection.
    /// - Throws: `CrossroomError` for what cannot be sent.
    public func signal(_ data: some Encodable & Sendable) throws {
        let value = try Rooms.encode(data)
        if stay.isThere { try host?.tell("signal", ["room": .string(name), "data": value]) }
    }

    /// A page of the log: the newest before a position, the oldest after one, or the newest of all.
    /// - Parameter limit: messages, at most: 1 to 500. Default 100.
    /// - Throws: `CrossroomError` with what the server refuses it for; `aborted`, `closed`.
    public func history(before: Position? = nil, after: Position? = nil, limit: Int? = nil) async throws -> HistoryPage {
        _ = try started()
        try check(before)
        try check(after)
        var call: [String: Value] = ["room": .string(name)]
        call["before"] = before?.value
        call["after"] = after?.value
        call["limit"] = limit.map { .int(Int64($0)) }
        guard let page = HistoryPage(try await readings.submit("history", .object(call), id: nil)) else {
            throw CrossroomError.malformedAnswer
        }
        return page
    }

    /// All messages from now on, each once and in order. Ends when the room is left, and fails with the reason where that was
    /// not by one's own choice; fails with `too_slow` where `maxLag` wait to be read.
    public func messages() -> EventStream<RoomMessage> {
        guard let host else { return messages_.endedStream(over?.unlessClosed) }
        return messages_.stream(limit: host.maxLag)
    }

    /// All that happens from now on, messages too. Ends with the session; fails with `too_slow` as `messages`.
    public func events() -> EventStream<RoomEvent> {
        host.map { events_.stream(limit: $0.maxLag) } ?? events_.endedStream(nil)
    }

    /// - Throws: why the session is over.
    private func started() throws -> Rooms {
        guard let host else { throw over ?? .closed }
        try host.start()
        return host
    }

    private func check(_ position: Position?) throws {
        if let position, !position.isValid { throw CrossroomError.invalidArgument("The offset is not one of a server's.") }
    }

    private func view() -> RoomStay.View {
        RoomStay.View(
            deliver: { [weak self] in self?.deliver($0) },
            answered: { [weak self] answer in
                self?.people.reset(answer.members, count: answer.count)
                self?.presenceChanged()
            },
            joined: { [weak self] in self?.joined($0) },
            refused: { [weak self] error, wasIn in
                self?.goOut(error, error)
                if wasIn { self?.events_.push(.left(error)) }
            })
    }

    private func deliver(_ message: RoomMessage) {
        if message.from.user == host?.me?.user {
            let result: Value = [
                "id": .string(message.id), "position": message.position.value, "at": .double(message.at),
            ]
            publishes.seen(id: message.id, result: result)
        }
        events_.push(.message(message))
        messages_.push(message)
    }

    private func joined(_ joined: Joined) {
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resolve(joined) }
        events_.push(.joined(joined))
        publishes.flush()
        readings.flush()
    }

    private func presenceChanged() { events_.push(.presence(members: people.list, count: people.count)) }

    /// Ends the stay. `pending`: what joins and publishes that wait fail with; `reading`: what streams fail with.
    private func goOut(_ pending: CrossroomError, _ reading: CrossroomError?) {
        stay.goOut()
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(pending) }
        messages_.end(reading)
        publishes.rejectAll(pending, sparing: true)
        readings.rejectAll(pending, sparing: true)
    }

    private func gaveUp(_ promise: Promise<Joined>) {
        waiters.removeAll { $0 === promise }
        guard waiters.isEmpty, stay.state == .entering else { return }
        goOut(.aborted, nil)
        callLeave {}
    }

    private func callLeave(_ done: @escaping @CrossroomActor () -> Void) {
        guard let host else { return done() }
        host.call("leave", ["room": .string(name)]) { [weak self] outcome in
            // A lost connection has left the room, and a refusal says that one was not in it.
            if case .timeout = outcome, let self, stay.state == .out { callLeave(done) } else { done() }
        }
    }
}

// What the session tells a room.
extension Room {
    func up() {
        stay.up()
        publishes.renew()
        readings.renew()
    }

    func down() { stay.down() }

    func end(_ error: CrossroomError) {
        goOut(error, error.unlessClosed)
        publishes.rejectAll(error)
        readings.rejectAll(error)
        events_.end()
        over = error
        host = nil
    }

    func came(_ name: String, _ payload: Value) {
        switch name {
        case "message": if let message = RoomMessage(payload) { stay.messageCame(message) }
        case "signal": if stay.isIn, let signal = Signal(payload) { events_.push(.signal(signal)) }
        case "presence": if stay.isIn, let change = PresenceChange(payload) { presenceCame(change) }
        default: break
        }
    }

    private func presenceCame(_ change: PresenceChange) {
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
        if change.kind == .leave, change.member.user == host?.me?.user { return stay.callJoin() }
        people.change(change)
        presenceChanged()
    }
}
