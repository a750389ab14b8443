/// The connection to the rooms server, on a namespace of the bridge: up from each `welcome` to the next disconnect.
@CrossroomActor
final class Link: Caller {
    /// Calls that were under way are settled as lost before `down`.
    struct View {
        let up: @CrossroomActor (Identity) -> Void
        let down: @CrossroomActor (_ reason: String) -> Void
        /// There will be no connection any more.
        let ended: @CrossroomActor (CrossroomError) -> Void
        let warning: @CrossroomActor (CrossroomError) -> Void
        /// An event of the server's, while connected.
        let event: @CrossroomActor (_ name: String, _ payload: Value) -> Void
        /// Frames go another way.
        let transportChanged: @CrossroomActor (TransportKind) -> Void
    }

    /// As the last welcome said, and with the token's new end after a refresh.
    private(set) var me: Identity?
    private(set) var isUp = false
    /// Whether the application has had the connection closed for a while.
    var isInBackground = false

    private struct Call {
        let name: String
        let argument: Value
        let done: @CrossroomActor (CallOutcome) -> Void
        /// Has what has not left yet not leave on another connection.
        var giveUp: @CrossroomActor @Sendable () -> Void = {}
        /// Whether it was lost after it had left.
        var hadLeft = false
    }

    /// Bytes of JSON from which on a call may be what a connection was cut for.
    private static let large = 8 << 10

    private let namespace: Namespace
    private let credentials: Credentials
    private let environment: Environment
    private let storedState: StoredState
    private let ackTimeout: Double
    private let view: View
    private var policy: ReconnectPolicy
    private var renewal: Renewal?
    private var pending: [Int: Call] = [:]
    private var nextCall = 0
    private var isOver = false
    private var transport = TransportKind.webSocket
    private var stopTimer: Cancel = {}

    init(
        _ namespace: Namespace, _ credentials: Credentials, _ environment: Environment, storedState: StoredState, _ options: RoomsOptions,
        _ view: View
    ) {
        self.namespace = namespace
        self.credentials = credentials
        self.environment = environment
        self.storedState = storedState
        ackTimeout = options.ackTimeout
        self.view = view
        policy = ReconnectPolicy(options: options.bridge.reconnect, now: environment.now, random: environment.random)
        renewal = makeRenewal()
        namespace.observe { [weak self] in self?.onNamespaceEvent($0) }
    }

    func open() { namespace.open() }

    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (CallOutcome) -> Void) {
        guard isUp else { return done(.lost) }
        let key = nextCall
        nextCall += 1
        pending[key] = Call(name: name, argument: argument, done: done)
        do {
            let giveUp = try namespace.call(name, args: [argument], timeout: ackTimeout) { [weak self] result in
                // Whoever hears of the connection's end, right after this, knows why it ended.
                if case .failure(let error) = result, error.code == .disconnected {
                    self?.pending[key]?.hadLeft = true
                } else {
                    self?.settle(key, Self.outcome(result))
                }
            }
            pending[key]?.giveUp = giveUp
        } catch {
            settle(key, Self.failure(.from(error)))
        }
    }

    /// Makes a call whose ack nobody needs; dropped where there is no connection.
    func emit(_ name: String, _ argument: Value) throws {
        guard isUp else { return }
        do { try namespace.emit(name, args: [argument]) } catch {
            if case .refused(let error) = Self.failure(.from(error)) { throw error }
        }
    }

    /// Disconnects for good.
    func close() {
        if isOver { return }
        isOver = true
        connectionEnded(nil)
        namespace.disconnect()
    }

    private func onNamespaceEvent(_ event: NamespaceEvent) {
        if isOver { return }
        switch event {
        case .connected(_, _, let transport):
            self.transport = transport
            stopTimer()
        case .transportChanged(let transport):
            self.transport = transport
            if isUp { view.transportChanged(transport) }
        case .disconnected(let end): disconnected(end)
        case .refused(let error): refused(error)
        case .event(let event): onServerEvent(event.name, event.args.first ?? .null)
        }
    }

    private func onServerEvent(_ name: String, _ payload: Value) {
        switch name {
        case "welcome": if let me = Identity(payload) { welcomed(me) } else { view.warning(.badEvent(name)) }
        case "session_end":
            if let error = CrossroomError(api: payload["error"]) { policy.endAnnounced(error) } else { view.warning(.badEvent(name)) }
        case "token_expiring": renewal?.start()
        case "token_renewed":
            guard let token = payload["token"]?.string else { return view.warning(.badEvent(name)) }
            if credentials.source == .guest { storedState.keepGuestToken(token) }
        default: if isUp { view.event(name, payload) }
        }
    }

    private func welcomed(_ identity: Identity) {
        policy.welcomed()
        var me = identity
        me.transport = transport
        self.me = me
        isUp = true
        if me.isGuest, let token = me.token {
            storedState.keepGuestToken(token)
            // From now on this guest is the one of that token: if it is refused, another guest comes.
            if credentials.source == .none { credentials.source = .guest }
        }
        view.up(me)
    }

    private func disconnected(_ end: Disconnection) {
        let wasUp = isUp
        connectionEnded(end)
        let decision = policy.closed(code: end.closeCode, isActive: !end.isFinal, source: credentials.source)
        if wasUp { view.down(end.reason) }
        follow(decision)
    }

    private func refused(_ error: CrossroomError) {
        let decision = policy.refused(error, source: credentials.source)
        if case .end = decision {} else { view.warning(error) }
        follow(decision)
    }

    private func connectionEnded(_ end: Disconnection?) {
        isUp = false
        stopTimer()
        renewal?.stop()
        let suspect = end.flatMap(suspect)
        for key in pending.keys.sorted() {
            guard let call = pending.removeValue(forKey: key) else { continue }
            call.giveUp()
            if let suspect, key == suspect.key { call.done(.suspected(allowed: suspect.allowed)) } else { call.done(.lost) }
        }
    }

    /// The call that the connection may have been lost for: the largest publish or send that was under way (docs/sdk.md, 4.2).
    private func suspect(_ end: Disconnection) -> (key: Int, allowed: Int)? {
        // The server ended the namespace; or the application is in the background.
        if (end.isFinal && end.closeCode == nil) || isInBackground { return nil }
        let isTooLarge = end.closeCode == CloseCodes.tooLarge
        guard isTooLarge || (end.closeCode ?? CloseCodes.abnormal) == CloseCodes.abnormal else { return nil }
        let sizes = pending.filter { $0.value.hadLeft && ["publish", "send"].contains($0.value.name) }.map {
            (key: $0.key, bytes: (try? JSONWriter.text(of: $0.value.argument, maxBinaries: .max))?.utf8.count ?? 0)
        }
        guard let largest = sizes.max(by: { $0.bytes < $1.bytes }), isTooLarge || largest.bytes > Self.large else { return nil }
        return (largest.key, isTooLarge ? 3 : 5)
    }

    private func follow(_ decision: ReconnectPolicy.Decision) {
        if isOver { return }
        switch decision {
        case .wait: break
        case .reconnect(let after, let forgetGuest):
            if forgetGuest {
                storedState.keepGuestToken(nil)
                // A request that is refused before there is anything to show says nothing of a guest the next time.
                credentials.source = .none
            }
            stopTimer()
            stopTimer = environment.after(after) { [weak self] in self?.namespace.open() }
        case .end(let error):
            if credentials.source == .guest { storedState.keepGuestToken(nil) }
            close()
            view.ended(error)
        }
    }

    private func settle(_ key: Int, _ outcome: CallOutcome) { pending.removeValue(forKey: key)?.done(outcome) }

    private func makeRenewal() -> Renewal {
        let view = Renewal.View(
            newToken: { [credentials] in try await credentials.renewed() },
            refresh: { [weak self] token, done in self?.call("refresh", ["token": .string(token)], done) },
            refreshed: { [weak self] expiresAt in if let expiresAt { self?.me?.expiresAt = expiresAt } },
            failed: { [weak self] in self?.view.warning($0) })
        return Renewal(environment, view)
    }

    private static func outcome(_ result: Result<[Value], CrossroomError>) -> CallOutcome {
        switch result {
        case .failure(let error): return failure(error)
        case .success(let args):
            let answer = args.first ?? .null
            if answer["ok"] == .bool(true) { return .ok(answer) }
            return .refused(CrossroomError(api: answer["error"]) ?? .badAnswer)
        }
    }

    /// What becomes of a call that the bridge could not have answered: in the end, the error of the bridge, or the code of an `error`
    /// frame.
    private static func failure(_ error: CrossroomError) -> CallOutcome {
        switch error.code {
        case .timeout: return .timeout
        case .disconnected, .closed, "namespace_closed": return .lost
        case .payloadTooLarge: return .refused(CrossroomError(.messageTooLarge, error.message))
        default: return .refused(error)
        }
    }
}
