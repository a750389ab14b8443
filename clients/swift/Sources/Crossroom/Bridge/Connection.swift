import Foundation

/// A namespace, as its connection sees it.
@CrossroomActor
protocol Peer: AnyObject {
    /// Whether it needs the connection: it is wanted, or has not left yet.
    var needsConnection: Bool { get }
    /// Events and calls that have not got away: that wait to leave, or for an ack.
    var unsent: Int { get }
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
    /// Sends the next event that waits, if there is one and the connection takes it.
    /// - Returns: whether it did.
    func sendNext() -> Bool
    /// - Returns: events and calls that did not get away.
    func end(_ error: CrossroomError) -> Int
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
    private var pacer: Pacer
    private var stopPaceTimer: Cancel?
    /// Those who wait until all has got away.
    private var flushes: [Promise<Void>] = []
    /// Not after an attempt that failed with it, and nobody knows why (PROTOCOL.md, 1.7).
    private var offersSubprotocol = true

    /// What the WebSocket has not taken yet, at most: what waits beyond that outlasts the connection.
    private static let window = (frames: 32, bytes: 1 << 20)
    /// Milliseconds for which a backlog sleeps at least, as timers have their price.
    private static let paceSlice = 10.0

    /// The server says its limit only in `connected`, and it is one for what clients send.
    private static let maxMessageSize = 64 << 20

    nonisolated init(url: URL, options: BridgeOptions, environment: Environment) {
        self.url = url
        self.options = options
        self.environment = environment
        session = Session(policy: options.reconnect, random: environment.random)
        pacer = Pacer(environment.now())
    }

    var isOpen: Bool { session.phase == .open }

    func register(_ ns: String, _ peer: any Peer) { peers[ns] = peer }

    func open() { run(session.open()) }

    /// A namespace does not want the connection any more; without any that does, it is closed.
    func release() {
        if !peers.values.contains(where: \.needsConnection) { run(session.close()) }
    }

    func networkChanged() { run(session.networkChanged(environment.now())) }

    func background() { run(session.background(environment.now())) }

    func foreground() { run(session.foreground(environment.now())) }

    /// - Returns: events and calls that did not get away.
    func close() async -> Int {
        var unsent = 0
        if !isClosed {
            isClosed = true
            for peer in peers.values { unsent += peer.end(.closed) }
            run(session.close())
            // They hold this connection, and are held by the application.
            peers = [:]
            progressed()
        }
        for wire in leaving.values {
            await wire.ended()
            unsent += wire.backlog.events
        }
        return unsent
    }

    /// Waits until all has got away, for so many seconds at most.
    /// - Returns: events and calls that have not.
    func flush(_ seconds: Double) async -> Int {
        if unsent > 0 {
            var stopTimer: Cancel = {}
            _ = try? await promised { promise in
                flushes.append(promise)
                stopTimer = environment.after(seconds * 1000) { promise.resolve(()) }
                promise.onCancel = stopTimer
            }
            stopTimer()
            flushes.removeAll(where: \.isSettled)
        }
        return unsent
    }

    private var unsent: Int {
        let wires = Array(leaving.values) + (wire.map { [$0] } ?? [])
        return peers.values.reduce(0) { $0 + $1.unsent } + wires.reduce(0) { $0 + $1.backlog.events }
    }

    /// Something has got away, or never will.
    func progressed() {
        if !flushes.isEmpty, unsent == 0 { for flush in flushes { flush.resolve(()) } }
    }

    /// Whether the connection takes frames; one that turns out to be dead is given up.
    func isUsable() -> Bool {
        let now = environment.now()
        // At once, and not by the timer: a late sign of life would have it go on, under events that were told to wait.
        if session.hasExpired(now) { run(session.expired(.heartbeat, now)) }
        return isOpen
    }

    /// Whether an event may leave now, which is then counted. If not, `sendNext` is called when it may.
    /// - Parameter isLast: nothing comes after it: the WebSocket need not have taken what came before.
    func takesEvent(isLast: Bool = false) -> Bool {
        guard isOpen, let wire else { return false }
        if !isLast, wire.backlog.frames >= Self.window.frames || wire.backlog.bytes >= Self.window.bytes { return false }
        let now = environment.now()
        if pacer.take(now) { return true }
        if stopPaceTimer == nil {
            stopPaceTimer = environment.after(max(pacer.wait(now), Self.paceSlice)) { [weak self] in
                self?.stopPaceTimer = nil
                self?.sendWaiting()
            }
        }
        return false
    }

    /// In turns, so that no namespace waits for the end of another's backlog.
    private func sendWaiting() {
        var senders = Array(peers.values)
        while !senders.isEmpty { senders = senders.filter { $0.sendNext() } }
    }

    /// Sends an event's frame that `takesEvent` has counted and `check` has let pass.
    func transmitEvent(_ text: String, wantsAck: Bool) { wire?.send(text, isEvent: !wantsAck) }

    /// Sends the text of another frame, which does not wait.
    /// - Throws: as `check`.
    func transmit(_ text: String) throws {
        try check(text)
        pacer.spend(environment.now())
        wire?.send(text)
    }

    /// - Throws: `payload_too_large`: the server would close the connection for it, for good (1009).
    func check(_ text: String) throws {
        guard text.utf8.count <= maxPayload else {
            throw CrossroomError(.payloadTooLarge, "The event has more than \(maxPayload) bytes.")
        }
    }

    /// Sends a frame that cannot be refused.
    func send(_ frame: ClientFrame) {
        // Nothing in such frames is the application's.
        guard let text = try? frame.encoded() else { return }
        pacer.spend(environment.now())
        wire?.send(text)
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
        let subprotocol = offersSubprotocol ? "crossroom.v1" : nil
        let wire = Wire(events: events())
        self.wire = wire
        wire.start { @Sendable in
            let headers = try await Self.headers(options.headers)
            let request = TransportRequest(
                url: url, subprotocol: subprotocol, headers: headers, maxMessageSize: maxMessageSize)
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
                pacer = Pacer(environment.now())
                run(session.opened(environment.now(), seesPings: seesPings))
            },
            came: { [weak self] in self?.came($0) },
            pause: { [weak self] in await self?.pause() },
            failed: { [weak self] in self?.failed($0) },
            left: { [weak self] in
                self?.sendWaiting()
                self?.progressed()
            }
        )
    }

    private func hangUp(abrupt: Bool) {
        guard let wire else { return }
        self.wire = nil
        maxPayload = .max
        stopPaceTimer?()
        stopPaceTimer = nil
        paused?.resolve(())
        paused = nil
        wire.hangUp(abrupt: abrupt, environment)
        leaving[ObjectIdentifier(wire)] = wire
        Task {
            await wire.ended()
            leaving[ObjectIdentifier(wire)] = nil
            progressed()
        }
    }

    private func failed(_ thrown: any Error) {
        let failure = thrown as? TransportFailure
        if session.phase == .opening {
            let own = thrown as? CrossroomError
            let isFinal = own.map { !$0.isRetryable } ?? !CloseCodes.mayRetryUpgrade(failure?.status)
            let message = failure?.message ?? String(describing: thrown)
            let error = CrossroomError(
                failure?.status == nil ? .unreachable : .refused, message, isRetryable: !isFinal,
                retryAfter: failure?.retryAfter, status: failure?.status)
            if own == nil, failure?.status == nil { offersSubprotocol.toggle() }
            run(session.failed(own ?? error, isFinal: isFinal, environment.now()))
        } else {
            let code = failure?.closeCode
            let ending = Session.Ending(message: failure?.message ?? "The connection was lost.", closeCode: code)
            let isFinal = !CloseCodes.mayReconnect(code ?? CloseCodes.abnormal)
            let events = wire?.backlog.events ?? 0
            run(session.lost(ending, isFinal: isFinal, environment.now()))
            if events > 0 { report(CrossroomError(.disconnected, "\(events) events had not left when the connection was lost.")) }
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
            if let rate = connected.rate { pacer.adopt(rate, environment.now()) }
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
