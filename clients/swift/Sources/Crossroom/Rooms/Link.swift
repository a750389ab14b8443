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
    }

    /// As the last welcome said, and with the token's new end after a refresh.
    private(set) var me: Identity?
    private(set) var isUp = false

    private let namespace: Namespace
    private let credentials: Credentials
    private let environment: Environment
    private let kept: Kept
    private let ackTimeout: Double
    private let view: View
    private var session: RoomsSession
    private var renewal: Renewal?
    private var pending: [Int: @CrossroomActor (Outcome) -> Void] = [:]
    private var nextCall = 0
    private var isOver = false
    private var stopTimer: Cancel = {}

    init(
        _ namespace: Namespace, _ credentials: Credentials, _ environment: Environment, kept: Kept, ackTimeout: Double,
        _ view: View
    ) {
        self.namespace = namespace
        self.credentials = credentials
        self.environment = environment
        self.kept = kept
        self.ackTimeout = ackTimeout
        self.view = view
        session = RoomsSession(now: environment.now, random: environment.random)
        credentials.guestToken = kept.guestToken
        renewal = makeRenewal()
        namespace.observe { [weak self] in self?.happened($0) }
    }

    func open() { namespace.open() }

    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (Outcome) -> Void) {
        guard isUp else { return done(.lost) }
        let key = nextCall
        nextCall += 1
        pending[key] = done
        do {
            try namespace.call(name, args: [argument], timeout: ackTimeout) { [weak self] result in
                self?.settle(key, Self.outcome(result))
            }
        } catch {
            settle(key, Self.unsendable(.from(error)))
        }
    }

    /// Makes a call whose ack nobody needs; dropped where there is no connection.
    func tell(_ name: String, _ argument: Value) throws {
        guard isUp else { return }
        do { try namespace.emit(name, args: [argument]) } catch {
            if case .refused(let error) = Self.unsendable(.from(error)) { throw error }
        }
    }

    /// Disconnects for good.
    func close() {
        if isOver { return }
        isOver = true
        wentDown()
        namespace.disconnect()
    }

    private func happened(_ event: NamespaceEvent) {
        if isOver { return }
        switch event {
        case .connected: stopTimer()
        case .disconnected(let end): disconnected(end)
        case .refused(let error): refused(error)
        case .event(let event): came(event.name, event.args.first ?? .null)
        }
    }

    private func came(_ name: String, _ payload: Value) {
        switch name {
        case "welcome": if let me = Identity(payload) { welcomed(me) }
        case "session_end": if let error = CrossroomError(api: payload["error"]) { session.endAnnounced(error) }
        case "token_expiring": renewal?.start()
        default: if isUp { view.event(name, payload) }
        }
    }

    private func welcomed(_ me: Identity) {
        session.welcomed()
        self.me = me
        isUp = true
        if me.isGuest, let token = me.token {
            keepGuest(token)
            // From now on this guest is the one of that token: if it is refused, another guest comes.
            if credentials.source == .none { credentials.source = .guest }
        }
        view.up(me)
    }

    private func disconnected(_ end: Disconnection) {
        let wasUp = isUp
        wentDown()
        let verdict = session.closed(code: end.closeCode, isActive: !end.isFinal, source: credentials.source)
        if wasUp { view.down(end.reason) }
        follow(verdict)
    }

    private func refused(_ error: CrossroomError) {
        let verdict = session.refused(error, source: credentials.source)
        if case .end = verdict {} else { view.warning(error) }
        follow(verdict)
    }

    private func wentDown() {
        isUp = false
        stopTimer()
        renewal?.stop()
        for key in pending.keys.sorted() { settle(key, .lost) }
    }

    private func follow(_ verdict: RoomsSession.Verdict) {
        if isOver { return }
        switch verdict {
        case .wait: break
        case .reconnect(let after, let forgetGuest):
            if forgetGuest {
                keepGuest(nil)
                // A request that is refused before there is anything to show says nothing of a guest the next time.
                credentials.source = .none
            }
            stopTimer()
            stopTimer = environment.after(after) { [weak self] in self?.namespace.open() }
        case .end(let error):
            if credentials.source == .guest { keepGuest(nil) }
            close()
            view.ended(error)
        }
    }

    private func keepGuest(_ token: String?) {
        credentials.guestToken = token
        kept.keepGuestToken(token)
    }

    private func settle(_ key: Int, _ outcome: Outcome) { pending.removeValue(forKey: key)?(outcome) }

    private func makeRenewal() -> Renewal {
        let view = Renewal.View(
            newToken: { [credentials] in try await credentials.renewed() },
            refresh: { [weak self] token, done in self?.call("refresh", ["token": .string(token)], done) },
            refreshed: { [weak self] expiresAt in if let expiresAt { self?.me?.expiresAt = expiresAt } },
            failed: { [weak self] in self?.view.warning($0) })
        return Renewal(environment, view)
    }

    private static func outcome(_ result: Result<[Value], CrossroomError>) -> Outcome {
        switch result {
        case .failure(let error): return unsendable(error)
        case .success(let args):
            let answer = args.first ?? .null
            if answer["ok"] == .bool(true) { return .ok(answer) }
            return .refused(CrossroomError(api: answer["error"]) ?? .malformedAnswer)
        }
    }

    /// What becomes of a call that the bridge could not have answered.
    private static func unsendable(_ error: CrossroomError) -> Outcome {
        switch error.code {
        case .timeout: return .timeout
        case .disconnected, .closed, "namespace_closed": return .lost
        case .payloadTooLarge: return .refused(CrossroomError(.messageTooLarge, error.message))
        case .bufferFull: return .refused(error)
        default: return .refused(CrossroomError(.invalidArgument, error.message))
        }
    }
}
