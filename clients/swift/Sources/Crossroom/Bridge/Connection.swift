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
    func lost(_ ending: Lifecycle.Ending, isFinal: Bool)
    func transportChanged(_ kind: TransportKind)
    /// The server refused the event that had this ack id.
    func refused(id: Int64, _ error: CrossroomError)
    /// Sends the next event that waits, if there is one and the connection takes it.
    /// - Returns: whether it did.
    func sendNext() -> Bool
    /// - Returns: events and calls that did not get away.
    func end(_ error: CrossroomError) -> Int
}

/// The shell around the lifecycle: it owns the WebSocket and the timers, does what the lifecycle says, and passes frames between the
/// WebSocket and the namespaces.
@CrossroomActor
final class Connection {
    let options: BridgeOptions
    let environment: Environment
    /// Errors that are no failure of the connection.
    var report: @CrossroomActor (CrossroomError) -> Void = { _ in }
    private(set) var isClosed = false

    private let dialer: Dialer
    private var lifecycle: Lifecycle
    private var peers: [String: any Peer] = [:]
    private var runner: TransportRunner?
    /// Those that have been hung up, until nothing is left of them.
    private var leaving: [ObjectIdentifier: TransportRunner] = [:]
    private var timers: [Lifecycle.Timer: Cancel] = [:]
    private var maxPayload = Int.max
    /// The reader, while too much waits for the application.
    private var paused: Promise<Void>?
    private var rateLimiter: RateLimiter
    private var stopRateTimer: Cancel?
    /// Those who wait until all has got away.
    private var flushes: [Promise<Void>] = []
    /// When the connection was opened, and whether a frame has left and come since.
    private var usage = (openedAt: 0.0, hasSent: false, hasReceived: false)

    /// What the connection has not taken yet, at most: what waits beyond that outlasts the connection. Over HTTP that is what goes with one
    /// request.
    private static let window = (frames: 32, overHTTP: 256, bytes: 1 << 20)
    /// Milliseconds for which a backlog sleeps at least, as timers have their price.
    private static let minRateWait = 10.0

    nonisolated init(url: URL, options: BridgeOptions, environment: Environment) {
        dialer = Dialer(url: url, options: options, environment: environment)
        self.options = options
        self.environment = environment
        lifecycle = Lifecycle(options: options.reconnect, random: environment.random)
        rateLimiter = RateLimiter(environment.now())
    }

    var isOpen: Bool { lifecycle.phase == .open }

    /// Which way frames go; nil without a connection.
    var kind: TransportKind? { isOpen ? runner?.kind : nil }

    func register(_ ns: String, _ peer: any Peer) { peers[ns] = peer }

    func open() { run(lifecycle.open()) }

    /// A namespace does not want the connection any more; without any that does, it is closed.
    func release() {
        if !peers.values.contains(where: \.needsConnection) { run(lifecycle.close()) }
    }

    func networkChanged() { run(lifecycle.networkChanged(environment.now())) }

    func background() { run(lifecycle.background(environment.now())) }

    func foreground() { run(lifecycle.foreground(environment.now())) }

    /// - Returns: events and calls that did not get away.
    func close() async -> Int {
        var unsent = 0
        if !isClosed {
            isClosed = true
            for peer in peers.values { unsent += peer.end(.closed) }
            run(lifecycle.close())
            // They hold this connection, and are held by the application.
            peers = [:]
            progressed()
        }
        for runner in leaving.values {
            await runner.ended()
            unsent += runner.backlog.events
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
        let runners = Array(leaving.values) + (runner.map { [$0] } ?? [])
        return peers.values.reduce(0) { $0 + $1.unsent } + runners.reduce(0) { $0 + $1.backlog.events }
    }

    /// Something has got away, or never will.
    func progressed() {
        if !flushes.isEmpty, unsent == 0 { for flush in flushes { flush.resolve(()) } }
    }

    /// Whether the connection takes frames; one that turns out to be dead is given up.
    func isUsable() -> Bool {
        let now = environment.now()
        // At once, and not by the timer: a late sign of life would have it go on, under events that were told to wait.
        if lifecycle.hasExpired(now) { run(lifecycle.expired(.heartbeat, now)) }
        return isOpen
    }

    /// Whether an event may leave now, which is then counted. If not, `sendNext` is called when it may.
    /// - Parameter isLast: nothing comes after it: the WebSocket need not have taken what came before.
    func takesEvent(isLast: Bool = false) -> Bool {
        guard isOpen, let runner else { return false }
        let frames = runner.kind == .webSocket ? Self.window.frames : Self.window.overHTTP
        if !isLast, runner.backlog.frames >= frames || runner.backlog.bytes >= Self.window.bytes { return false }
        let now = environment.now()
        if rateLimiter.take(now) { return true }
        if stopRateTimer == nil {
            stopRateTimer = environment.after(max(rateLimiter.wait(now), Self.minRateWait)) { [weak self] in
                self?.stopRateTimer = nil
                self?.sendWaiting()
            }
        }
        return false
    }

    /// By turns, so that no namespace waits for the end of another's backlog.
    private func sendWaiting() {
        var senders = Array(peers.values)
        while !senders.isEmpty { senders = senders.filter { $0.sendNext() } }
    }

    /// Sends an event's frame that `takesEvent` has counted and `check` has let pass.
    func transmitEvent(_ text: String, wantsAck: Bool) { runner?.send(text, isEvent: !wantsAck) }

    /// Sends the text of another frame, which does not wait.
    /// - Throws: as `check`.
    func transmit(_ text: String) throws {
        try check(text)
        rateLimiter.spend(environment.now())
        runner?.send(text)
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
        rateLimiter.spend(environment.now())
        runner?.send(text)
    }

    /// The application has read something.
    func drained() {
        guard let paused, !isTooMuchUnread else { return }
        self.paused = nil
        lifecycle.heard(environment.now())
        paused.resolve(())
    }

    private func run(_ effects: [Lifecycle.Effect]) {
        let generation = lifecycle.generation
        for effect in effects {
            // What was told has moved the lifecycle on: the rest is out of date.
            if lifecycle.generation != generation { return }
            perform(effect)
        }
    }

    private func perform(_ effect: Lifecycle.Effect) {
        switch effect {
        case .dial: dial()
        case .hangUp(let abrupt): hangUp(abrupt: abrupt)
        case .ping: if runner?.networkChanged() != true { send(.ping) }
        case .start(let timer, let milliseconds): startTimer(timer, milliseconds)
        case .stop(let timer): stopTimer(timer)
        case .announceOpened: for peer in peers.values { peer.opened() }
        case .announceFailed(let error, let isFinal):
            for peer in peers.values { peer.failed(error, isFinal: isFinal) }
            if !isFinal { report(error) }
        case .announceLost(let ending, let isFinal): for peer in peers.values { peer.lost(ending, isFinal: isFinal) }
        }
    }

    private func dial() {
        let runner = TransportRunner(events: events())
        self.runner = runner
        runner.start { [dialer] in try await dialer.dial() }
    }

    private func events() -> TransportRunner.Events {
        TransportRunner.Events(
            opened: { [weak self] in self?.opened($0) },
            received: { [weak self] in self?.received($0) },
            pause: { [weak self] in await self?.pause() },
            failed: { [weak self] in self?.failed($0) },
            sent: { [weak self] in
                self?.usage.hasSent = true
                self?.sendWaiting()
                self?.progressed()
            }
        )
    }

    private func opened(_ transport: any WebSocketTransport) {
        rateLimiter = RateLimiter(environment.now())
        usage = (environment.now(), false, false)
        var heartbeat: Lifecycle.Heartbeat = transport.reportsPings ? .pingsSeen : .pingsUnseen
        if let session = transport as? any SessionTransport {
            heartbeat = .own
            session.kindChanged = { [weak self] in
                guard let self, let kind else { return }
                for peer in peers.values { peer.transportChanged(kind) }
            }
        }
        run(lifecycle.opened(environment.now(), heartbeat))
    }

    /// A connection that was open has ended, and not by the application.
    private func judge(closeCode: Int?) {
        guard runner?.kind == .webSocket else { return }
        let hadAnswer = usage.hasReceived || !usage.hasSent
        dialer.webSocketEnded(hadAnswer: hadAnswer, closeCode: closeCode, openFor: environment.now() - usage.openedAt)
    }

    private func hangUp(abrupt: Bool) {
        guard let runner else { return }
        if abrupt { judge(closeCode: nil) }
        self.runner = nil
        maxPayload = .max
        stopRateTimer?()
        stopRateTimer = nil
        paused?.resolve(())
        paused = nil
        runner.hangUp(abrupt: abrupt, environment)
        leaving[ObjectIdentifier(runner)] = runner
        Task {
            await runner.ended()
            leaving[ObjectIdentifier(runner)] = nil
            progressed()
        }
    }

    private func failed(_ thrown: any Error) {
        let failure = thrown as? TransportFailure
        if lifecycle.phase == .opening {
            let own = thrown as? CrossroomError
            let isFinal = own.map { !$0.isRetryable } ?? !CloseCodes.mayRetryUpgrade(failure?.status)
            let message = failure?.message ?? String(describing: thrown)
            let error = CrossroomError(
                failure?.status == nil ? .unreachable : .refused, message, isRetryable: !isFinal,
                retryAfter: failure?.retryAfter, status: failure?.status)
            run(lifecycle.failed(own ?? error, isFinal: isFinal, environment.now()))
        } else {
            let code = failure?.closeCode
            judge(closeCode: code)
            let ending = Lifecycle.Ending(message: failure?.message ?? "The connection was lost.", closeCode: code)
            // A session over HTTP may be refused with a status, too.
            let isFinal = !CloseCodes.mayReconnect(code ?? CloseCodes.abnormal) || !CloseCodes.mayRetryUpgrade(failure?.status)
            let events = runner?.backlog.events ?? 0
            run(lifecycle.lost(ending, isFinal: isFinal, environment.now()))
            if events > 0 { report(CrossroomError(.disconnected, "\(events) events had not left when the connection was lost.")) }
        }
    }

    private func received(_ message: TransportMessage) {
        lifecycle.heard(environment.now())
        stopTimer(.probe)
        switch message {
        case .ping: break
        case .binary: reportMalformed("a message is not text")
        case .text(let text):
            usage.hasReceived = true
            deliver(ServerFrame(decoding: text))
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
            if let rate = connected.rate { rateLimiter.adopt(rate, environment.now()) }
            run(lifecycle.accepted(interval: connected.pingInterval, timeout: connected.pingTimeout, environment.now()))
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
        if isTooMuchUnread, runner != nil { _ = try? await promised { paused = $0 } }
    }

    private func startTimer(_ timer: Lifecycle.Timer, _ milliseconds: Double) {
        stopTimer(timer)
        timers[timer] = environment.after(milliseconds) { [weak self] in
            guard let self else { return }
            timers[timer] = nil
            // Nothing is heard as nothing is read.
            if paused != nil { lifecycle.heard(environment.now()) }
            run(lifecycle.expired(timer, environment.now()))
        }
    }

    private func stopTimer(_ timer: Lifecycle.Timer) { timers.removeValue(forKey: timer)?() }
}
