/// A room. `Rooms.room` gives the handle; `join` enters it, and stays in it over reconnects until `leave`.
@CrossroomActor
public final class Room {
    /// The room's name.
    public nonisolated let name: String

    /// Until the end.
    private var rooms: Rooms?
    /// Why the session is over, after the end.
    private var over: CrossroomError?
    private var membership: RoomMembership!
    private var memberList = Members()
    private let streams: RoomStreams
    private var publishes: SendQueueRunner!
    private var readings: SendQueueRunner!
    private var waiters: [Promise<Joined>] = []
    /// Calls of `join` that have entered the room since it was last out of it, and have not failed since.
    private var joins = 0
    /// The history in the answer to the last join, as far as it was asked for.
    private var joinHistory: HistoryPage?
    private var stopStallTimer: Cancel?

    /// Milliseconds for which a reader that takes nothing holds others up.
    private static let stall = 60_000.0

    init(_ name: String, _ rooms: Rooms) {
        self.name = name
        self.rooms = rooms
        streams = RoomStreams(limit: rooms.maxLag)
        membership = RoomMembership(name, rooms, rooms.environment, maxHeld: min(rooms.maxLag, 1_000), view())
        streams.drained = { [weak self] in self?.drained() }
        // A room that one does not want to be in is the server's to refuse. What may have been carried out on an earlier connection waits
        // for what was missed, which may tell so; nothing waits for the readers.
        let isReady: @CrossroomActor (Bool) -> Bool = { [weak self] isFresh in
            guard let self else { return false }
            return state == .detached || state == .joined || (isFresh && membership.isMember)
        }
        publishes = SendQueueRunner(rooms, rooms.environment, rooms.pending, isReady: isReady)
        readings = SendQueueRunner(rooms, rooms.environment, rooms.pending, isReady: isReady)
    }

    /// The room as this device has it.
    public var state: RoomState { membership.state }

    /// Whether `state` is `joined`.
    public var isJoined: Bool { state == .joined }

    /// Of the last message that the application was handed, by the slowest of its streams; or where one joined. Keep it to join from there
    /// another time.
    public var position: Position? { streams.position }

    /// Who is in the room, in the order in which they came: all of them, or, where the room `isCounted`, none.
    public var members: [Member] { memberList.list }

    /// How many are in the room, in the server's count.
    public var memberCount: Int { memberList.count }

    /// Whether so many are in the room that the server tells their number alone: `listMembers` has who they are.
    public var isCounted: Bool { memberList.isCounted }

    /// Joins, now or when connected, and again after each reconnect from where one was. While joined, it returns where one is.
    ///
    /// It does not wait for readers: what they have no room for yet comes later, as fast as they read.
    /// - Parameters:
    ///   - since: a position that was kept: what was missed since comes first, as messages. While joined, it goes back there.
    ///   - history: the newest messages that the result is to have, 1 to 500. They end where the streams begin: nothing is between, and
    ///     nothing is there twice. With `since`, only where something was lost.
    /// - Throws: `CrossroomError` with what the server refuses it for; `aborted` when the task was cancelled or the room left;
    ///   `closed`.
    @discardableResult
    public func join(since: Position? = nil, history: Int? = nil) async throws -> Joined {
        _ = try started()
        try check(since)
        if let history, !(1...500).contains(history) { throw CrossroomError.invalidArgument("history is 1 to 500 messages") }
        if since == nil, isJoined, let position {
            return try await with(history, since, Joined(recovered: true, position: position))
        }
        let joined = try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.joinCancelled(promise) }
            begin(since: since, history: history)
        }
        do { return try await with(history, since, joined) } catch {
            // The history was still to come: then nobody may want the room.
            joins -= 1
            if joins == 0, waiters.isEmpty, state != .detached { abandonJoin() }
            throw error
        }
    }

    private func begin(since: Position?, history: Int?) {
        if let since { streams.goBack(to: since) } else if state == .detached { streams.begin() } else { return }
        if state == .detached { joins = 0 }
        membership.begin(since: since, history: history)
    }

    /// The result of a join, with the history that was asked for.
    private func with(_ count: Int?, _ since: Position?, _ joined: Joined) async throws -> Joined {
        var joined = joined
        let given = joined.history
        joined.history = nil
        guard let count, since == nil || !joined.recovered else { return joined }
        if let given, given.messages.count >= count || !given.more {
            let messages = Array(given.messages.suffix(count))
            joined.history = HistoryPage(messages: messages, more: given.more || messages.count < given.messages.count)
            return joined
        }
        // Joined before, or by another call; or the server is older than that.
        let next = Position(epoch: joined.position.epoch, offset: joined.position.offset + 1)
        do { joined.history = try await self.history(before: next, limit: count) } catch let error as CrossroomError
            where error.code == .forbidden
        {
            joined.history = HistoryPage(messages: [], more: false)
        }
        return joined
    }

    /// Leaves the room; returns when the server knows. Streams of messages end; publishes that wait fail with `aborted`.
    public func leave() async {
        if state == .detached { return }
        detach(CrossroomError(.aborted, "The room was left."), nil)
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
        let rooms = try started()
        let id = id ?? rooms.environment.newId()
        let call: Value = ["room": .string(name), "data": try rooms.encode(data), "id": .string(id)]
        guard let published = Published(try await publishes.submit("publish", call, id: id)) else {
            throw CrossroomError.badAnswer
        }
        return published
    }

    /// Tells those who are there now; dropped where there is no connection.
    /// - Throws: `CrossroomError` for what cannot be sent.
    public func signal(_ data: some Encodable & Sendable) throws {
        guard let rooms else { return }
        let value = try rooms.encode(data)
        if membership.isMember { try rooms.emit("signal", ["room": .string(name), "data": value]) }
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
            throw CrossroomError.badAnswer
        }
        return page
    }

    /// A page of those who are in the room, in the order in which they came: the first, or those after a user.
    /// - Parameters:
    ///   - after: the user id of the last of the page before. Where that user has gone meanwhile, it begins with the first again.
    ///   - limit: members, at most: 1 to 500. Default 100.
    /// - Throws: `CrossroomError` with what the server refuses it for, `forbidden` where presence is off; `aborted`, `closed`.
    public func listMembers(after: String? = nil, limit: Int? = nil) async throws -> MembersPage {
        _ = try started()
        var call: [String: Value] = ["room": .string(name)]
        call["after"] = after.map(Value.string)
        call["limit"] = limit.map { .int(Int64($0)) }
        guard let page = MembersPage(try await readings.submit("presence", .object(call), id: nil)) else {
            throw CrossroomError.badAnswer
        }
        return page
    }

    /// All messages from now on, each once and in order. Ends when the room is left, and fails with the reason where that was
    /// not by one's own choice.
    ///
    /// It may be read as slowly as one likes: beyond `maxLag`, messages wait in the room's log. What the log does not keep so long is
    /// declared in `events`. Of several streams the slowest sets the pace; one that takes nothing for a minute, while others wait, fails
    /// with `too_slow`.
    public func messages() -> EventStream<RoomMessage> {
        rooms == nil ? Broadcast().endedStream(over?.unlessClosed) : streams.messageStream()
    }

    /// All that happens from now on, messages too, as slowly as `messages`. Whoever is behind misses signals, and of changes of presence
    /// all but the last. Ends with the session.
    public func events() -> EventStream<RoomEvent> {
        rooms == nil ? Broadcast().endedStream(nil) : streams.eventStream()
    }

    /// - Throws: why the session is over.
    private func started() throws -> Rooms {
        guard let rooms else { throw over ?? .closed }
        try rooms.start()
        return rooms
    }

    private func check(_ position: Position?) throws {
        if let position, !position.isValid { throw CrossroomError.invalidArgument("The offset is not one of a server's.") }
    }

    private func view() -> RoomMembership.View {
        RoomMembership.View(
            space: { [weak self] in self?.streams.space ?? 0 },
            deliver: { [weak self] in self?.deliver($0) },
            answered: { [weak self] in self?.answered($0) },
            joined: { [weak self] in self?.joined($0) },
            behind: { [weak self] in self?.behind($0) },
            refused: { [weak self] error, wasJoined in
                self?.detach(error, error)
                if wasJoined { self?.streams.left(error) }
            },
            warn: { [weak self] in self?.rooms?.warn($0) })
    }

    private func answered(_ answer: JoinAnswer) {
        joinHistory = answer.history
        told(answer.presence)
        flushQueues()
    }

    private func deliver(_ message: RoomMessage) {
        if message.from.user == rooms?.me?.user {
            let result: Value = [
                "id": .string(message.id), "position": message.position.value, "at": .double(message.at),
            ]
            publishes.seen(id: message.id, result: result)
        }
        streams.deliver(message)
    }

    private func joined(_ joined: Joined) {
        streams.joined(joined)
        arrived(joined)
    }

    /// What was missed waits for the readers, who may read only when they know that the room is joined.
    private func behind(_ joinedAt: Position?) {
        if let joinedAt { arrived(Joined(recovered: true, position: joinedAt)) }
        watchStalls()
    }

    private func arrived(_ joined: Joined) {
        var joined = joined
        joined.history = joinHistory
        joinHistory = nil
        let waiting = waiters
        waiters = []
        joins += waiting.count
        for waiter in waiting { waiter.resolve(joined) }
        flushQueues()
    }

    private func flushQueues() {
        publishes.flush()
        readings.flush()
    }

    /// The readers have taken something. Half of the space at least is waited for, so that the log is not read message by message.
    private func drained() {
        guard let rooms, membership.isBehind, 2 * min(streams.space, rooms.maxLag) >= rooms.maxLag else { return }
        membership.resume()
    }

    /// A stream that somebody holds, and nobody reads, must not hold up the others for ever.
    private func watchStalls() {
        guard stopStallTimer == nil, let rooms else { return }
        let before = streams.progress
        stopStallTimer = rooms.environment.after(Self.stall) { [weak self] in
            guard let self else { return }
            stopStallTimer = nil
            guard membership.isBehind else { return }
            streams.endStalled(since: before)
            if membership.isBehind { watchStalls() }
        }
    }

    private func told(_ presence: Presence) {
        memberList.told(presence)
        streams.presence(memberList)
    }

    /// Leaves the room, or is sent away. `pending`: what joins and publishes that wait fail with; `reading`: what streams fail with.
    private func detach(_ pending: CrossroomError, _ reading: CrossroomError?) {
        membership.detach()
        stopStallTimer?()
        stopStallTimer = nil
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(pending) }
        streams.endMessages(reading)
        publishes.rejectAll(pending, sparing: true)
        readings.rejectAll(pending, sparing: true)
    }

    private func joinCancelled(_ promise: Promise<Joined>) {
        waiters.removeAll { $0 === promise }
        guard waiters.isEmpty, state == .joining else { return }
        abandonJoin()
    }

    private func abandonJoin() {
        detach(.aborted, nil)
        callLeave {}
    }

    private func callLeave(_ done: @escaping @CrossroomActor () -> Void) {
        guard let rooms else { return done() }
        rooms.call("leave", ["room": .string(name)]) { [weak self] outcome in
            // A lost connection has left the room, and a refusal says that one was not in it.
            if case .timeout = outcome, let self, state == .detached { callLeave(done) } else { done() }
        }
    }
}

// What `Rooms` tells a room.
extension Room {
    func up() {
        membership.up()
        publishes.renew()
        readings.renew()
    }

    func down() { membership.down() }

    func end(_ error: CrossroomError) {
        detach(error, error.unlessClosed)
        publishes.rejectAll(error)
        readings.rejectAll(error)
        streams.endEvents()
        over = error
        rooms = nil
    }

    func onEvent(_ name: String, _ payload: Value) {
        switch name {
        case "message":
            guard let message = RoomMessage(payload) else { return reportMalformed(name) }
            membership.onMessage(message)
        case "signal":
            guard let signal = Signal(payload) else { return reportMalformed(name) }
            if membership.isMember { streams.signal(signal) }
        case "presence":
            guard let presence = Presence(payload) else { return reportMalformed(name) }
            if membership.isMember { onPresence(presence) }
        default: break
        }
    }

    private func reportMalformed(_ event: String) { rooms?.warn(.badEvent(event)) }

    private func onPresence(_ presence: Presence) {
        let own = presence.changes?.last { $0.member.user == rooms?.me?.user }
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells, and why.
        if own?.kind == .leave { return membership.callJoin() }
        told(presence)
    }
}
