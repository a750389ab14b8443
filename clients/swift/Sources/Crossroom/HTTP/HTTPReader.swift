/// The reading half of an `HTTPSession`: GETs one after the other, as streams or as polls (PROTOCOL.md, 12.4, 12.5, 12.13 and 12.18). Pure.
struct HTTPReader {
    private enum Timer: Hashable { case open, pong, ping, silence, poll, again }

    private struct Read {
        let number: Int
        let begunAt: Double
        /// Whether it waits for news.
        let isPatient: Bool
        var parser: EventParser
        /// The number of the frame that comes next; nil before `open`.
        var position: Int?
        var hasNews = false
    }

    /// What a stream has to show in these times (PROTOCOL.md, 12.18).
    private static let openTimeout = 3_000.0
    private static let pongTimeout = 3_000.0
    private static let firstPingTimeout = 10_000.0
    /// A timer that is so late was held up itself: the machine slept.
    private static let late = 5_000.0
    /// Bytes after which a POST says what was received (PROTOCOL.md, 12.14).
    private static let ackAfter = 256 << 10
    /// Milliseconds between two reads that bring nothing new: something on the way ends them.
    private static let minRead = 500.0

    /// Frames that have come, in all.
    private(set) var received = 0
    private(set) var isStreaming: Bool

    private let terms: HTTPSessionTerms
    private let mayPoll: Bool
    private let maxMessageSize: Int
    private let random: @Sendable () -> Double
    private var timers: [Timer: Double] = [:]
    private var read: Read?
    private var lastNumber = 0
    private var failures = 0
    private var heardAt = 0.0
    private var unackedBytes = 0
    private var hasPong = false
    private var isPaused = false
    /// Whether it polls now as the stream was held up, and no poll has brought something yet.
    private var isPollingNew = false

    init(_ terms: HTTPSessionTerms, isStreaming: Bool, mayPoll: Bool, maxMessageSize: Int, random: @escaping @Sendable () -> Double) {
        self.terms = terms
        self.isStreaming = isStreaming
        self.mayPoll = mayPoll
        self.maxMessageSize = maxMessageSize
        self.random = random
    }

    var nextDeadline: Double? { timers.values.min() }

    /// Begins to read, where nothing is being read.
    mutating func start(_ now: Double) -> [HTTPSession.Signal] {
        guard read == nil, !isPaused else { return [] }
        timers[.again] = nil
        lastNumber += 1
        // After a failure a sign of life is wanted, which a poll would bring only when its time is over.
        let isPatient = isStreaming || failures == 0
        let next = Read(number: lastNumber, begunAt: now, isPatient: isPatient, parser: EventParser(maxSize: maxMessageSize))
        read = next
        watch(next, now)
        return [.effect(.read(number: next.number, ack: received, isStream: isStreaming, wait: isPatient ? nil : 0))]
    }

    /// What is under way may never be answered.
    mutating func restart(_ now: Double) -> [HTTPSession.Signal] { readOver(failed: true, isUnderWay: true, delay: 0, now) }

    mutating func pause() {
        isPaused = true
        for timer in [Timer.open, .pong, .ping, .silence, .poll] { timers[timer] = nil }
    }

    mutating func resume(_ now: Double) -> [HTTPSession.Signal] {
        guard isPaused else { return [] }
        isPaused = false
        guard let read else { return timers[.again] == nil ? start(now) : [] }
        watch(read, now)
        return []
    }

    /// The server has the `ping` frame, whose `pong` shows whether the stream flows.
    mutating func expectPong(_ now: Double) { if isStreaming, !hasPong, !isPaused { timers[.pong] = now + Self.pongTimeout } }

    /// A POST says what was received.
    mutating func acked() { unackedBytes = 0 }

    /// Times have run out.
    mutating func tick(_ now: Double) -> [HTTPSession.Signal] {
        var signals: [HTTPSession.Signal] = []
        while let (timer, time) = timers.min(by: { $0.value < $1.value }), time <= now {
            timers[timer] = nil
            signals += expired(timer, time, now)
        }
        return signals
    }

    /// Bytes of a GET that was answered with 200.
    mutating func bytes(_ number: Int, _ bytes: [UInt8], _ now: Double) -> [HTTPSession.Signal] {
        guard read?.number == number else { return [] }
        guard let events = try? read?.parser.feed(bytes) else {
            return [.end(TransportFailure("The server sent a message that is too large."))]
        }
        heardAt = now
        var signals: [HTTPSession.Signal] = []
        if read?.position != nil {
            signals.append(.alive)
            if isStreaming, !isPaused { timers[.silence] = now + terms.patience }
        }
        for event in events where read?.number == number { signals += take(event, now) }
        return signals
    }

    /// The answer to a GET has ended, or was cut; or there was none.
    mutating func ended(_ number: Int, _ now: Double) -> [HTTPSession.Signal] {
        read?.number == number ? readOver(failed: read?.position == nil, now) : []
    }

    /// A GET was answered with another status than 200.
    mutating func refused(_ number: Int, _ answer: HTTPAnswer, _ now: Double) -> [HTTPSession.Signal] {
        guard read?.number == number else { return [] }
        switch HTTPVerdict(answer) {
        case .again(let after): return readOver(failed: true, delay: after * 1000, now)
        case .outOfOrder: return readOver(failed: true, now)
        case .closed(let failure), .gone(let failure): return [.end(failure)]
        case .useless(let failure): return [.effect(.delete), .end(failure)]
        }
    }

    private mutating func expired(_ timer: Timer, _ time: Double, _ now: Double) -> [HTTPSession.Signal] {
        switch timer {
        case .open, .pong, .ping:
            // Held up is what is alive all the same.
            if now - heardAt >= terms.patience || now - time > Self.late { return silent(now) }
            return heldUp(now)
        case .silence: return silent(now)
        case .poll: return readOver(failed: true, isUnderWay: true, now)
        case .again: return start(now)
        }
    }

    /// Sets the times in which something has to come.
    private mutating func watch(_ read: Read, _ now: Double) {
        if !isStreaming {
            timers[.poll] = now + terms.patience + (read.isPatient ? terms.pingInterval : 0)
        } else if read.position == nil {
            timers[.open] = now + Self.openTimeout
        } else {
            timers[.silence] = now + terms.patience
            timers[.ping] = now + terms.patience
        }
        // A stream that never opens is no silence: it may be the first.
        if read.position == nil { heardAt = now }
    }

    private mutating func take(_ event: EventParser.Event, _ now: Double) -> [HTTPSession.Signal] {
        guard let position = read?.position else {
            guard event.name == "open", let next = JSONParser.parse(event.data)?["next"]?.int, (0...Int64(received)).contains(next)
            else { return readOver(failed: true, isUnderWay: true, now) }
            return opened(Int(next), now)
        }
        switch event.name {
        case "": return frame(event.data, position)
        case "ping":
            if isStreaming, !isPaused { timers[.ping] = now + terms.patience }
            return [.alive, .owesPost]
        case "close":
            let data = JSONParser.parse(event.data)
            let code = data?["code"]?.int.flatMap(Int.init(exactly:)) ?? CloseCodes.abnormal
            return [.end(.closed(code: code, reason: data?["reason"]?.string))]
        default: return []
        }
    }

    private mutating func opened(_ next: Int, _ now: Double) -> [HTTPSession.Signal] {
        read?.position = next
        failures = 0
        timers[.open] = nil
        if isStreaming, !isPaused {
            timers[.ping] = now + Self.firstPingTimeout
            timers[.silence] = now + terms.patience
        }
        defer { isPollingNew = false }
        return isPollingNew ? [.alive, .effect(.pollingWorks)] : [.alive]
    }

    private mutating func frame(_ text: String, _ position: Int) -> [HTTPSession.Signal] {
        read?.position = position + 1
        if position < received { return [] }
        received += 1
        read?.hasNews = true
        unackedBytes += text.utf8.count
        if isStreaming, !hasPong, ServerFrame(decoding: text) == .pong {
            hasPong = true
            timers[.pong] = nil
        }
        return [.effect(.deliver(text))] + (unackedBytes >= Self.ackAfter ? [.owesPost] : [])
    }

    /// The GET is over: the next one comes.
    /// - Parameter isUnderWay: whether it is given up.
    /// - Parameter delay: milliseconds before which the next one must not come. 0 for at once, however many have failed.
    private mutating func readOver(failed: Bool, isUnderWay: Bool = false, delay: Double? = nil, _ now: Double) -> [HTTPSession.Signal] {
        let last = read
        read = nil
        timers = timers.filter { $0.key == .pong }
        var signals: [HTTPSession.Signal] = isUnderWay && last != nil ? [.effect(.endRead)] : []
        var wait = 0.0
        if failed {
            failures += 1
            wait = delay == 0 && isUnderWay ? 0 : max(delay ?? 0, Backoff.request(failures: failures, random: random()))
            signals.append(.trouble)
        } else if let last {
            if !last.hasNews, last.isPatient { wait = max(0, last.begunAt + Self.minRead - now) }
            // Of a stream no end was due.
            if isStreaming { signals.append(.trouble) }
        }
        if wait == 0 { return signals + start(now) }
        timers[.again] = now + wait
        return signals
    }

    /// The stream has shown nothing for so long that it may be dead.
    private mutating func silent(_ now: Double) -> [HTTPSession.Signal] {
        guard let read else { return [] }
        return readOver(failed: read.position == nil, isUnderWay: true, now)
    }

    /// The stream is there, or may be, but something keeps what is on it.
    private mutating func heldUp(_ now: Double) -> [HTTPSession.Signal] {
        guard isStreaming else { return [] }
        guard mayPoll else { return [.end(TransportFailure("The stream is held up on the way, and polling is turned off."))] }
        isStreaming = false
        isPollingNew = true
        let (wasReading, isAnswered) = (read != nil, read?.position != nil)
        read = nil
        timers = [:]
        // It may be the network, and not the stream.
        if !isAnswered { failures = 1 }
        let signals: [HTTPSession.Signal] = (wasReading ? [.effect(.endRead)] : []) + [.effect(.changedToPolling)]
        return signals + (isAnswered ? [] : [.trouble]) + start(now)
    }
}
