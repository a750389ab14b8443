import Foundation

/// A namespace, as its connection sees it.
@CrossroomActor
protocol Peer: AnyObject {
    /// Whether it wants the connection.
    var isWanted: Bool { get }
    /// Events that the application has not read yet.
    var lag: Int { get }
    func opened()
    func frame(_ frame: ServerFrame)
    /// The connection could not be made; it will be tried again, unless `isFinal`.
    func failed(_ error: CrossroomError, isFinal: Bool)
    /// The connection ended, and will be made again, unless `isFinal`.
    func lost(_ ending: Session.Ending, isFinal: Bool)
    /// The server refused the event that had this ack id.
    func refused(id: Int64, _ error: CrossroomError)
    func end(_ error: CrossroomError)
}

/// The shell around the session: it owns the WebSocket and the timers, does what the session says, and passes frames between the
/// WebSocket and the namespaces.
@CrossroomActor
final class Connection {
    let options: BridgeOptions
    let environment: Environment
    /// Errors that are no failure of the connection.
    var report: @CrossroomActor (CrossroomError) -> Void = { _ in }
    private(set) var isClosed = false

    private let url: URL
    private var session: Session
    private var peers: [String: any Peer] = [:]
    private var wire: Wire?
    /// Those that have been hung up, until nothing is left of them.
    private var leaving: [ObjectIdentifier: Wire] = [:]
    private var timers: [Session.Timer: Cancel] = [:]
    private var maxPayload = Int.max
    /// The reader, while too much waits for the application.
    private var paused: Promise<Void>?

    /// The server says its limit only in `connected`, and it is one for what clients send.
    private static let maxMessageSize = 64 << 20

    nonisolated init(url: URL, options: BridgeOptions, environment: Environment) {
        self.url = url
        self.options = options
        self.environment = environment
        session = Session(policy: options.reconnect, random: environment.random)
    }

    var isOpen: Bool { session.phase == .open }

    func register(_ ns: String, _ peer: any Peer) { peers[ns] = peer }

    func open() { run(session.open()) }

    /// A namespace does not want the connection any more; without any that does, it is closed.
    func release() {
        if !peers.values.contains(where: \.isWanted) { run(session.close()) }
    }

    func networkChanged() { run(session.networkChanged(environment.now())) }

    func background() { run(session.background(environment.now())) }

    func foreground() { run(session.foreground(environment.now())) }

    func close() async {
        if !isClosed {
            isClosed = true
            for peer in peers.values { peer.end(.closed) }
            run(session.close())
            // They hold this connection, and are held by the application.
            peers = [:]
        }
        for wire in leaving.values { await wire.ended() }
    }

    /// Whether the connection takes frames; one that turns out to be dead is given up.
    func isUsable() -> Bool {
        let now = environment.now()
        // At once, and not by the timer: a late sign of life would have it go on, under events that were told to wait.
        if session.hasExpired(now) { run(session.expired(.heartbeat, now)) }
        return isOpen
    }

    /// What was sent and has not left yet.
    var backlog: (frames: Int, bytes: Int) { wire?.backlog ?? (0, 0) }

    /// Sends the text of a frame.
    /// - Throws: `payload_too_large`: the server would close the connection for it, for good (1009).
    func transmit(_ text: String) throws {
        try check(text)
        wire?.send(text)
    }

    /// - Throws: as `transmit`.
    func check(_ text: String) throws {
        guard text.utf8.count <= maxPayload else {
            throw CrossroomError(.payloadTooLarge, "The event has more than \(maxPayload) bytes.")
        }
    }

    /// Sends a frame that cannot be refused.
    func send(_ frame: ClientFrame) {
        // Nothing in such frames is the application's.
        if let text = try? frame.encoded() { wire?.send(text) }
    }

    /// The application has read something.
    func drained() {
        guard let paused, !isTooMuchUnread else { return }
        self.paused = nil
        session.heard(environment.now())
        paused.resolve(())
    }

    private func run(_ actions: [Session.Action]) {
        let turn = session.turn
        for action in actions {
            // What was told has moved the session on: the rest is out of date.
            if session.turn != turn { return }
            perform(action)
        }
    }

    private func perform(_ action: Session.Action) {
        switch action {
        case .dial: dial()
        case .hangUp(let abrupt): hangUp(abrupt: abrupt)
        case .ping: send(.ping)
        case .start(let timer, let milliseconds): startTimer(timer, milliseconds)
        case .stop(let timer): stopTimer(timer)
        case .tellOpened: for peer in peers.values { peer.opened() }
        case .tellFailed(let error, let isFinal):
            for peer in peers.values { peer.failed(error, isFinal: isFinal) }
            if !isFinal { report(error) }
        case .tellLost(let ending, let isFinal): for peer in peers.values { peer.lost(ending, isFinal: isFinal) }
        }
    }

    private func dial() {
        let (options, url, maxMessageSize) = (self.options, self.url, Self.maxMessageSize)
        let wire = Wire(events: events())
        self.wire = wire
        wire.start { @Sendable in
            let headers = try await Self.headers(options.headers)
            let request = TransportRequest(
                url: url, subprotocol: "crossroom.v1", headers: headers, maxMessageSize: maxMessageSize)
            return try await options.transport(request)
        }
    }

    /// Does not wait for a function that goes on after the attempt was given up: it may be waiting for the end itself.
    private static func headers(_ provider: HeadersProvider?) async throws -> [String: String] {
        guard let provider else { return [:] }
        let given: Result<[String: String], any Error> = try await promised { promise in
            let question = Task {
                do { promise.resolve(.success(try await provider())) } catch { promise.resolve(.failure(error)) }
            }
            promise.onCancel = { question.cancel() }
        }
        return try given.get()
    }

    private func events() -> Wire.Events {
        Wire.Events(
            opened: { [weak self] seesPings in
                guard let self else { return }
                run(session.opened(environment.now(), seesPings: seesPings))
            },
            came: { [weak self] in self?.came($0) },
            pause: { [weak self] in await self?.pause() },
            failed: { [weak self] in self?.failed($0) }
        )
    }

    private func hangUp(abrupt: Bool) {
        guard let wire else { return }
        self.wire = nil
        maxPayload = .max
        paused?.resolve(())
        paused = nil
        wire.hangUp(abrupt: abrupt, environment)
        leaving[ObjectIdentifier(wire)] = wire
        Task {
            await wire.ended()
            leaving[ObjectIdentifier(wire)] = nil
        }
    }

    private func failed(_ thrown: any Error) {
        let failure = thrown as? TransportFailure
        if session.phase == .opening {
            let own = thrown as? CrossroomError
            let isFinal = own.map { !$0.isRetryable } ?? !CloseCodes.mayRetryUpgrade(failure?.status)
            let message = failure?.message ?? String(describing: thrown)
            let error = CrossroomError(
                failure?.status == nil ? .unreachable : .refused, message, isRetryable: !isFinal, status: failure?.status)
            run(session.failed(own ?? error, isFinal: isFinal))
        } else {
            let code = failure?.closeCode
            let ending = Session.Ending(message: failure?.message ?? "The connection was lost.", closeCode: code)
            let isFinal = !CloseCodes.mayReconnect(code ?? CloseCodes.abnormal)
            run(session.lost(ending, isFinal: isFinal, environment.now()))
        }
    }

    private func came(_ message: TransportMessage) {
        session.heard(environment.now())
        stopTimer(.probe)
        switch message {
        case .ping: break
        case .binary: reportMalformed("a message is not text")
        case .text(let text): deliver(ServerFrame(decoding: text))
        }
    }

    private func deliver(_ frame: ServerFrame) {
        switch frame {
        case .pong, .unknown: break
        case .malformed(let message): reportMalformed(message)
        case .error(let ns, let code, let message, let id):
            let error = CrossroomError(ErrorCode(rawValue: code), message)
            if let id { peers[ns]?.refused(id: id, error) }
            report(error)
        case .connected(let ns, let connected):
            maxPayload = connected.maxPayload
            run(session.paced(interval: connected.pingInterval, timeout: connected.pingTimeout, environment.now()))
            peers[ns]?.frame(frame)
        case .connectError(let ns, _, _), .event(let ns, _, _, _, _), .ack(let ns, _, _), .disconnect(let ns, _):
            peers[ns]?.frame(frame)
        }
    }

    private func reportMalformed(_ message: String) {
        report(CrossroomError(.malformedFrame, "The server broke the protocol: \(message)"))
    }

    private var isTooMuchUnread: Bool { peers.values.contains { $0.lag >= options.maxUnread } }

    /// Returns when the application has read enough, or the connection is gone.
    private func pause() async {
        if isTooMuchUnread, wire != nil { _ = try? await promised { paused = $0 } }
    }

    private func startTimer(_ timer: Session.Timer, _ milliseconds: Double) {
        stopTimer(timer)
        timers[timer] = environment.after(milliseconds) { [weak self] in
            guard let self else { return }
            timers[timer] = nil
            // Nothing is heard as nothing is read.
            if paused != nil { session.heard(environment.now()) }
            run(session.expired(timer, environment.now()))
        }
    }

    private func stopTimer(_ timer: Session.Timer) { timers.removeValue(forKey: timer)?() }
}
