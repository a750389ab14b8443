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

    private let url: URL
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
    /// Not after an attempt that failed with it, and nobody knows why (PROTOCOL.md, 1.7).
    private var offersSubprotocol = true

    /// What the WebSocket has not taken yet, at most: what waits beyond that outlasts the connection.
    private static let window = (frames: 32, bytes: 1 << 20)
    /// Milliseconds for which a backlog sleeps at least, as timers have their price.
    private static let minRateWait = 10.0

    /// The server says its limit only in `connected`, and it is one for what clients send.
    private static let maxMessageSize = 64 << 20

    nonisolated init(url: URL, options: BridgeOptions, environment: Environment) {
        self.url = url
        self.options = options
        self.environment = environment
        lifecycle = Lifecycle(options: options.reconnect, random: environment.random)
        rateLimiter = RateLimiter(environment.now())
    }

    var isOpen: Bool { lifecycle.phase == .open }

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
        if !isLast, runner.backlog.frames >= Self.window.frames || runner.backlog.bytes >= Self.window.bytes { return false }
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
        case .ping: send(.ping)
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
        let (options, url, maxMessageSize) = (self.options, self.url, Self.maxMessageSize)
        let subprotocol = offersSubprotocol ? "crossroom.v1" : nil
        let runner = TransportRunner(events: events())
        self.runner = runner
        runner.start { @Sendable in
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

    private func events() -> TransportRunner.Events {
        TransportRunner.Events(
            opened: { [weak self] seesPings in
                guard let self else { return }
                rateLimiter = RateLimiter(environment.now())
                run(lifecycle.opened(environment.now(), seesPings: seesPings))
            },
            received: { [weak self] in self?.received($0) },
            pause: { [weak self] in await self?.pause() },
            failed: { [weak self] in self?.failed($0) },
            sent: { [weak self] in
                self?.sendWaiting()
                self?.progressed()
            }
        )
    }

    private func hangUp(abrupt: Bool) {
        guard let runner else { return }
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
            if own == nil, failure?.status == nil { offersSubprotocol.toggle() }
            run(lifecycle.failed(own ?? error, isFinal: isFinal, environment.now()))
        } else {
            let code = failure?.closeCode
            let ending = Lifecycle.Ending(message: failure?.message ?? "The connection was lost.", closeCode: code)
            let isFinal = !CloseCodes.mayReconnect(code ?? CloseCodes.abnormal)
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
