import Foundation

/// One namespace of a `Bridge`: connected, and connected again after the connection was lost, until `disconnect`.
@CrossroomActor
public final class Namespace {
    /// The namespace's name, "/" for the main one.
    public nonisolated let name: String
    /// The server's id of this client in the namespace, while connected.
    public private(set) var sid: String?

    /// "asking" is for credentials; "connecting" is from the `connect` frame to its answer; "leaving" is until what was emitted before
    /// has left.
    private enum State { case idle, asking, connecting, connected, leaving }

    private let connection: Connection
    private let sender: EventSender
    private let broadcast = Broadcast<NamespaceEvent>()
    private var observers: [@CrossroomActor @Sendable (NamespaceEvent) -> Void] = []
    private(set) var isWanted = false
    /// Wanted by those who wait for `connect`, and by nobody else: when they give up, it is not any more.
    private var isTrial = false
    private var state = State.idle
    /// Left, and wanted again, while a `connect` was under way: its answer is to an old question.
    private var restarts = false
    private var waiters: [Promise<String>] = []
    private var pid: String?
    private var offset: String?
    /// Counts the times that it was connected: an answer belongs to that of its event.
    private var generation = 0
    private let credentials: CredentialsRequest

    init(_ name: String, on connection: Connection) {
        self.name = name
        self.connection = connection
        sender = EventSender(ns: name, connection: connection)
        credentials = CredentialsRequest(connection)
        credentials.given = { [weak self] in self?.sendConnect($0) }
        credentials.refused = { [weak self] in self?.notGiven($0) }
        sender.left = { [weak self] in self?.left() }
        broadcast.drained = { [weak connection] in connection?.drained() }
        connection.register(name, self)
    }

    /// Connects, if it is not connected yet; waits until the server is there. Cancelling the task gives the namespace up, unless it
    /// was connected before, or is wanted by another call.
    /// - Returns: the server's id of this client.
    /// - Throws: `CrossroomError`: `connect_error` where the server refuses; `refused` where it refuses the upgrade, or closes the
    ///   connection for good; `unreachable` where the attempts ran out; `aborted` when the task was cancelled.
    @discardableResult
    public func connect() async throws -> String {
        if connection.isClosed { throw CrossroomError.closed }
        if let fault = Self.fault(inName: name) { throw fault }
        if let sid { return sid }
        return try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.cancelled(promise) }
            if !isWanted { isTrial = true }
            begin()
        }
    }

    /// Begins to connect, and does not wait. Failures are `refused` events.
    public func open() {
        if connection.isClosed { return }
        if let fault = Self.fault(inName: name) { return announce(.refused(fault)) }
        isTrial = false
        begin()
    }

    private func begin() {
        if state == .connected { return }
        let wasWanted = isWanted
        isWanted = true
        connection.open()
        guard connection.isOpen else { return }
        if state == .idle { ask() } else if state == .connecting, !wasWanted { restarts = true }
    }

    /// Leaves the namespace, after what was emitted before; without another one that is connected, the connection is then closed.
    public func disconnect() {
        let wasConnected = state == .connected
        isWanted = false
        isTrial = false
        credentials.cancel()
        if wasConnected {
            state = .leaving
            sid = nil
            sender.leave()
        } else if state == .asking {
            state = .idle
        }
        // Not while connecting: the answer is still to come, and the server must then be told.
        connection.release()
        if !connection.isOpen { state = .idle }
        rejectWaiters(.aborted)
        if wasConnected { announce(.disconnected(Disconnection(isFinal: true, closeCode: nil, reason: "The client disconnected."))) }
    }

    /// All that was emitted before a `disconnect` has left, and the server knows.
    private func left() {
        state = .idle
        if isWanted { ask() } else { connection.release() }
    }

    /// Sends an event: now, or when the namespace is connected. Events leave in the order of the calls.
    /// - Throws: `CrossroomError`: `buffer_full`, `payload_too_large`, `invalid_argument`, `reserved_event`, `closed`.
    public func emit(_ event: String, _ args: Value...) throws { try sender.emit(event, args) }

    /// The same with an array of arguments.
    public func emit(_ event: String, args: [Value]) throws { try sender.emit(event, args) }

    /// Sends an event, and waits for its ack.
    /// - Parameter timeout: seconds to wait, for the connection too.
    /// - Returns: the ack's arguments.
    /// - Throws: `CrossroomError`: `timeout`, `disconnected`, the code of an `error` frame, `aborted`, and as `emit`.
    public func call(_ event: String, _ args: Value..., timeout: Double = 10) async throws -> [Value] {
        try await call(event, args: args, timeout: timeout)
    }

    /// The same with an array of arguments.
    public func call(_ event: String, args: [Value], timeout: Double = 10) async throws -> [Value] {
        try await promised { promise in
            do {
                let id = try sender.call(event, args, timeout: timeout) { result in
                    switch result {
                    case .success(let args): promise.resolve(args)
                    case .failure(let error): promise.reject(error)
                    }
                }
                promise.onCancel = { self.sender.giveUp(id, .aborted) }
            } catch {
                promise.reject(.from(error))
            }
        }
    }

    /// The same for code on `CrossroomActor`, which is told the outcome at once: once, on that actor, in the order in which acks come.
    /// - Returns: a function that gives it up: an event that has not left yet will not.
    @discardableResult
    public func call(
        _ event: String, args: [Value], timeout: Double,
        completion: @escaping @CrossroomActor @Sendable (Result<[Value], CrossroomError>) -> Void
    ) throws -> @CrossroomActor @Sendable () -> Void {
        let id = try sender.call(event, args, timeout: timeout, completion: completion)
        return { [weak sender] in sender?.giveUp(id, .aborted) }
    }

    /// What happens from now on. While a stream has `maxUnread` events that were not read, nothing is read from the WebSocket.
    /// Ends with the bridge.
    public func events() -> EventStream<NamespaceEvent> {
        connection.isClosed ? broadcast.endedStream(nil) : broadcast.stream(limit: .max)
    }

    /// The same to a function, which is called on this actor, at once, before any stream.
    public func observe(_ observer: @escaping @CrossroomActor @Sendable (NamespaceEvent) -> Void) {
        observers.append(observer)
    }

    private func cancelled(_ promise: Promise<String>) {
        waiters.removeAll { $0 === promise }
        if waiters.isEmpty, isTrial { disconnect() }
    }

    /// Why it can be no name of a namespace: the server would take it for another one's.
    static func fault(inName name: String) -> CrossroomError? {
        if name.hasPrefix("/"), !name.contains(",") { return nil }
        return .invalidArgument("The name of a namespace begins with a slash, and has no comma: \(name)")
    }

    private func announce(_ event: NamespaceEvent) {
        for observer in observers { observer(event) }
        broadcast.push(event)
    }

    private func rejectWaiters(_ error: CrossroomError) {
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(error) }
    }
}

// Credentials, and `connect`.
extension Namespace {
    private func ask() {
        state = .asking
        credentials.ask()
    }

    /// The application gives none, for good.
    private func notGiven(_ error: CrossroomError) {
        leave()
        refuse(error)
    }

    private func sendConnect(_ auth: [String: Value]?) {
        state = .connecting
        do {
            let frame = ClientFrame.connect(ns: name, auth: auth, pid: pid, offset: pid == nil ? nil : offset)
            try connection.transmit(frame.encoded())
        } catch {
            // Credentials that no frame can carry will not change by themselves.
            leave()
            refuse(.from(error))
        }
    }

    private func refuse(_ error: CrossroomError) {
        if waiters.isEmpty { announce(.refused(error)) } else { rejectWaiters(error) }
    }

    /// The namespace is not wanted any more, and not by the user's choice.
    private func leave() {
        credentials.cancel()
        isWanted = false
        state = .idle
        connection.release()
    }

    private func ended(_ disconnection: Disconnection) {
        state = .idle
        sid = nil
        // First, so that whoever hears of the end knows which calls had left.
        sender.disconnected()
        announce(.disconnected(disconnection))
    }
}

extension Namespace: Peer {
    var lag: Int { broadcast.lag }

    var needsConnection: Bool { isWanted || state == .leaving }

    var unsent: Int { sender.unsent }

    func sendNext() -> Bool { sender.sendNext() }

    func opened() {
        if isWanted { ask() }
    }

    func failed(_ error: CrossroomError, isFinal: Bool) {
        guard isWanted, isFinal else { return }
        isWanted = false
        refuse(error)
    }

    func lost(_ ending: Lifecycle.Ending, isFinal: Bool) {
        let wasConnected = state == .connected
        credentials.cancel()
        if state == .leaving { sender.disconnected() }
        state = .idle
        restarts = false
        guard isWanted else { return }
        if isFinal { isWanted = false }
        if wasConnected {
            ended(Disconnection(isFinal: isFinal, closeCode: ending.closeCode, reason: ending.message))
        } else if isFinal {
            refuse(CrossroomError(.refused, ending.message, closeCode: ending.closeCode))
        }
    }

    func transportChanged(_ kind: TransportKind) { if state == .connected { announce(.transportChanged(kind)) } }

    func refused(id: Int64, _ error: CrossroomError) { sender.refused(id, error) }

    func end(_ error: CrossroomError) -> Int {
        let wasConnected = state == .connected
        isWanted = false
        credentials.cancel()
        state = .idle
        sid = nil
        let unsent = sender.end(error)
        rejectWaiters(error)
        if wasConnected { announce(.disconnected(Disconnection(isFinal: true, closeCode: nil, reason: error.message))) }
        observers = []
        broadcast.end()
        return unsent
    }

    func frame(_ frame: ServerFrame) {
        switch frame {
        case .connected(_, let connected): if state == .connecting { accepted(connected) }
        case .connectError(_, let message, let data): if state == .connecting { connectRefused(message, data) }
        case .event(_, let name, let args, let id, let offset):
            guard state == .connected else { return }
            announce(.event(IncomingEvent(name: name, args: args, responder: id.map(responder))))
            if let offset { self.offset = offset }
        case .ack(_, let id, let args): sender.answered(id, args)
        case .disconnect(_, let reason):
            if state == .leaving {
                sender.disconnected()
                return left()
            }
            guard state == .connected else { return }
            leave()
            ended(Disconnection(isFinal: true, closeCode: nil, reason: reason ?? "The server ended the namespace."))
        case .error, .pong, .unknown, .malformed: break
        }
    }

    private func accepted(_ connected: ConnectedFrame) {
        if !isWanted || restarts {
            connection.send(.disconnect(ns: name))
            state = .idle
            restarts = false
            if isWanted { ask() }
            return
        }
        state = .connected
        isTrial = false
        generation += 1
        sid = connected.sid
        pid = connected.pid
        // The offset of a former time would have events repeated that this one never missed.
        if !connected.recovered { offset = nil }
        sender.connected()
        announce(.connected(sid: connected.sid, recovered: connected.recovered, transport: connection.kind ?? .webSocket))
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resolve(connected.sid) }
    }

    private func connectRefused(_ message: String, _ data: Value?) {
        state = .idle
        if isWanted, restarts {
            restarts = false
            return ask()
        }
        guard isWanted else { return }
        leave()
        refuse(CrossroomError(.connectError, message, data: data))
    }

    /// Answers once, and only while connected as when the event came.
    private func responder(_ id: Int64) -> Responder {
        let generation = self.generation
        return Responder { [weak self] args in
            guard let self, generation == self.generation, state == .connected else { return }
            try connection.transmit(ClientFrame.ack(ns: name, id: id, args: args).encoded())
        }
    }
}
