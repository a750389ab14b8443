/// The life of a connection: opening, heartbeat, closing, reconnecting (docs/sdk.md, 2). A state machine with no I/O: each method
/// takes what happened and returns what is to be done. Clock and randomness are passed in; times are in milliseconds.
///
/// Invariant: the state is final before the effects are returned, and effects that tell somebody come last. Whoever runs a list
/// of effects drops the rest of it once `generation` has changed.
struct Lifecycle {
    enum Phase: Equatable { case closed, opening, open, waiting, suspended }

    enum Timer: Hashable, CaseIterable { case dial, retry, heartbeat, probe }

    /// How it is found out that the other side is gone.
    enum Heartbeat {
        /// The server's pings are heard.
        case pingsSeen
        /// They are not: it has to be asked.
        case pingsUnseen
        /// The connection does it itself.
        case own
    }

    /// How a connection ended.
    struct Ending: Equatable, Sendable {
        let message: String
        var closeCode: Int?
    }

    enum Effect: Equatable {
        case dial
        /// `abrupt`: without waiting for the other side's close frame, which would not come.
        case hangUp(abrupt: Bool)
        case ping
        case start(Timer, Double)
        case stop(Timer)
        case announceOpened
        /// An attempt failed. `isFinal`: there will be no other.
        case announceFailed(CrossroomError, isFinal: Bool)
        /// The open connection ended. `isFinal`: the client will not come back by itself.
        case announceLost(Ending, isFinal: Bool)
    }

    /// Milliseconds for which a namespace was connected, after which a connection counts as a good one (docs/sdk.md, 2.2).
    private static let lasting = 10_000.0
    /// Milliseconds for a sign of life when the network has changed (docs/sdk.md, 2.6).
    private static let probeTimeout = 5_000.0
    /// Until the server has said its own: Socket.IO's defaults.
    private static let defaultTimes = (interval: 25_000.0, timeout: 20_000.0)

    /// Grows with every change of phase.
    private(set) var generation = 0
    private(set) var phase = Phase.closed

    private let options: ReconnectOptions
    private let random: @Sendable () -> Double
    private var attempts = 0
    private var heartbeat = Heartbeat.pingsUnseen
    private var times = Lifecycle.defaultTimes
    private var heardAt = 0.0
    /// When the `ping` frame was sent that nothing has been heard since.
    private var pingedAt: Double?
    private var probedAt: Double?
    /// Since when a namespace is connected.
    private var acceptedAt: Double?
    private var isBackground = false
    /// Before this time the server wants no attempt (PROTOCOL.md, 1.6), whatever happens meanwhile.
    private var notBefore = 0.0

    init(options: ReconnectOptions, random: @escaping @Sendable () -> Double) {
        self.options = options
        self.random = random
    }

    /// The connection is wanted.
    mutating func open() -> [Effect] {
        guard phase == .closed else { return [] }
        attempts = 0
        if isBackground {
            enter(.suspended)
            return []
        }
        return dial()
    }

    /// The connection is open.
    mutating func opened(_ now: Double, _ heartbeat: Heartbeat) -> [Effect] {
        guard phase == .opening else { return [] }
        enter(.open)
        self.heartbeat = heartbeat
        times = Self.defaultTimes
        acceptedAt = nil
        probedAt = nil
        heard(now)
        return [.stop(.dial)] + checkHeartbeat(now) + [.announceOpened]
    }

    /// The server said how often it pings and how long it waits: a namespace is connected.
    mutating func accepted(interval: Double, timeout: Double, _ now: Double) -> [Effect] {
        guard phase == .open else { return [] }
        times = (interval, timeout)
        acceptedAt = acceptedAt ?? now
        return checkHeartbeat(now)
    }

    /// Anything came from the server, a WebSocket ping among other things.
    mutating func heard(_ now: Double) {
        heardAt = now
        pingedAt = nil
        probedAt = nil
    }

    /// Whether the connection is known to be dead, though the timer that says so is late (the machine slept).
    func hasExpired(_ now: Double) -> Bool { phase == .open && heartbeat != .own && isLast && silenceLeft(now) <= 0 }

    /// The connection could not be made. `isFinal`: trying again would be of no use.
    mutating func failed(_ error: CrossroomError, isFinal: Bool, abrupt: Bool = false, _ now: Double) -> [Effect] {
        guard phase == .opening else { return [] }
        if let seconds = error.retryAfter { notBefore = now + seconds * 1000 }
        let next = isFinal ? rest() : planRetry(now)
        let isOver = phase == .closed
        return [.stop(.dial), .hangUp(abrupt: abrupt)] + next + [.announceFailed(isOver ? error.asFinal : error, isFinal: isOver)]
    }

    /// The open connection ended. `isFinal`: the server says not to come back.
    mutating func lost(_ ending: Ending, isFinal: Bool, abrupt: Bool = false, _ now: Double) -> [Effect] {
        guard phase == .open else { return [] }
        resetAttemptsIfLasted(now)
        let next = isFinal ? rest() : planRetry(now)
        return stopWatching + [.hangUp(abrupt: abrupt)] + next + [.announceLost(ending, isFinal: phase == .closed)]
    }

    /// The connection is not wanted any more.
    mutating func close() -> [Effect] {
        guard phase != .closed else { return [] }
        let stops = Timer.allCases.map { Effect.stop($0) }
        return stops + [.hangUp(abrupt: false)] + rest()
    }

    /// The network is another one.
    mutating func networkChanged(_ now: Double) -> [Effect] {
        switch phase {
        case .waiting: return now < notBefore ? [] : [.stop(.retry)] + dial()
        // What was begun on the old network may take long to fail.
        case .opening: return [.stop(.dial), .hangUp(abrupt: true)] + dial()
        case .open:
            // One that is under way has its time, however often the network changes meanwhile.
            if probedAt != nil { return [] }
            probedAt = now
            return [.ping, .start(.probe, Self.probeTimeout)]
        case .closed, .suspended: return []
        }
    }

    /// The app is in the background: no connection, and no attempt to make one.
    mutating func background(_ now: Double) -> [Effect] {
        isBackground = true
        let wasOpen = phase == .open
        guard phase == .opening || wasOpen || phase == .waiting else { return [] }
        resetAttemptsIfLasted(now)
        enter(.suspended)
        let stops = Timer.allCases.map { Effect.stop($0) }
        let ending = Ending(message: "The app went to the background.")
        return stops + [.hangUp(abrupt: false)] + (wasOpen ? [.announceLost(ending, isFinal: false)] : [])
    }

    /// The app is back.
    mutating func foreground(_ now: Double) -> [Effect] {
        isBackground = false
        attempts = 0
        if phase == .suspended {
            if now >= notBefore { return dial() }
            enter(.waiting)
            return [.start(.retry, notBefore - now)]
        }
        return hasExpired(now) ? checkHeartbeat(now) : []
    }

    /// A timer that an effect started has run out.
    mutating func expired(_ timer: Timer, _ now: Double) -> [Effect] {
        switch timer {
        case .dial:
            let message = "The attempt to connect took more than \(options.timeout) s."
            return failed(CrossroomError(.timeout, message, isRetryable: true), isFinal: false, abrupt: true, now)
        case .retry: return phase == .waiting ? dial() : []
        case .heartbeat: return phase == .open ? checkHeartbeat(now) : []
        case .probe: return phase == .open && probedAt != nil ? dead(now) : []
        }
    }

    private mutating func dial() -> [Effect] {
        enter(.opening)
        return [.start(.dial, options.timeout * 1000), .dial]
    }

    /// Waits before the next attempt, or gives up after the last one.
    private mutating func planRetry(_ now: Double) -> [Effect] {
        if let maxAttempts = options.maxAttempts, attempts >= maxAttempts { return rest() }
        enter(.waiting)
        let delay = Backoff.connection(attempt: attempts, options: options, random: random())
        attempts += 1
        // On top of the server's time, as many may have been told the same.
        return [.start(.retry, max(0, notBefore - now) + delay)]
    }

    private mutating func rest() -> [Effect] {
        enter(.closed)
        attempts = 0
        return []
    }

    private mutating func resetAttemptsIfLasted(_ now: Double) {
        if let acceptedAt, now - acceptedAt >= Self.lasting { attempts = 0 }
        acceptedAt = nil
    }

    /// PROTOCOL.md, 6.2: wait for the server's pings where they can be seen, or else ask for a sign of life.
    private mutating func checkHeartbeat(_ now: Double) -> [Effect] {
        if heartbeat == .own { return [] }
        let left = silenceLeft(now)
        if left > 0 { return [.start(.heartbeat, left)] }
        if isLast { return dead(now) }
        pingedAt = now
        return [.ping, .start(.heartbeat, times.timeout)]
    }

    private mutating func dead(_ now: Double) -> [Effect] {
        lost(Ending(message: "Nothing was heard from the server."), isFinal: false, abrupt: true, now)
    }

    /// Milliseconds of silence that are left before something must be done.
    private func silenceLeft(_ now: Double) -> Double {
        if heartbeat == .pingsSeen { return heardAt + times.interval + times.timeout - now }
        return (pingedAt.map { $0 + times.timeout } ?? heardAt + times.interval) - now
    }

    /// Whether silence now means that the connection is dead, and not just that it is time to ask.
    private var isLast: Bool { heartbeat == .pingsSeen || pingedAt != nil }

    private var stopWatching: [Effect] { [.stop(.heartbeat), .stop(.probe)] }

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        generation += 1
    }
}
