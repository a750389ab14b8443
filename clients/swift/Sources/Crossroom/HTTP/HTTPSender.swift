/// The sending half of an `HTTPSession`: POSTs one after the other (PROTOCOL.md, 12.6 and 12.7). Pure.
struct HTTPSender {
    private static let pingFrame = #"{"type":"ping"}"#

    private let terms: HTTPSessionTerms
    private let random: @Sendable () -> Double
    private var lines = LineQueue()
    /// The number of the one that is under way.
    private var post: Int?
    private var lastNumber = 0
    private var failures = 0
    /// Whether there is something to say without lines.
    private var owesPost = false
    private var pingLine: Int?
    private var deadline: Double?
    private var againAt: Double?

    init(_ terms: HTTPSessionTerms, random: @escaping @Sendable () -> Double) {
        self.terms = terms
        self.random = random
    }

    var nextDeadline: Double? { [deadline, againAt].compactMap { $0 }.min() }

    /// - Parameter asksForPong: whether a `ping` frame is to show if the stream flows; it goes once, with the first lines.
    mutating func append(_ texts: [String], asksForPong: Bool) {
        lines.append(texts)
        if asksForPong, pingLine == nil { pingLine = lines.appendOwn(Self.pingFrame) }
    }

    mutating func owePost() { owesPost = true }

    /// What is under way may never be answered, and what waits need not.
    mutating func restart(_ now: Double) -> [HTTPSession.Signal] {
        let wasUnderWay = post != nil
        if wasUnderWay { owesPost = true }
        (post, deadline, againAt) = (nil, nil, nil)
        return wasUnderWay ? [.effect(.endPost), .trouble] : []
    }

    /// Makes the next POST, if there is something to say, and none is under way or waits for its time.
    mutating func flush(ack: Int, _ now: Double) -> [HTTPSession.Signal] {
        guard post == nil, againAt == nil, owesPost || !lines.isEmpty else { return [] }
        lastNumber += 1
        post = lastNumber
        owesPost = false
        deadline = now + terms.patience
        let next = lines.next(maxPayload: terms.maxPayload)
        return [.effect(.post(number: lastNumber, seq: next.isEmpty ? nil : lines.first, ack: ack, lines: next)), .acked]
    }

    /// Times have run out.
    mutating func tick(_ now: Double) -> [HTTPSession.Signal] {
        if let againAt, againAt <= now { self.againAt = nil }
        guard let deadline, deadline <= now else { return [] }
        return [.effect(.endPost)] + failed(now)
    }

    /// A POST was answered.
    mutating func answered(_ number: Int, _ answer: HTTPAnswer, _ now: Double) -> [HTTPSession.Signal] {
        guard post == number else { return [] }
        if answer.status == 200 {
            // Without an answer that can be, nobody knows what has come.
            guard let received = answer.json?["received"]?.int.flatMap(Int.init(exactly:)), let signals = accept(received) else {
                return failed(now)
            }
            (post, deadline) = (nil, nil)
            failures = 0
            return [.alive] + signals
        }
        switch HTTPVerdict(answer) {
        case .again(let after): return failed(after: after * 1000, now)
        case .outOfOrder(let received):
            let signals = accept(received)
            return signals.map { $0 + failed(now) }
                ?? [.effect(.delete), .end(TransportFailure("The server has lost what it had received."))]
        case .closed(let failure):
            (post, deadline) = (nil, nil)
            return [.closed(failure)]
        case .gone(let failure): return [.end(failure)]
        case .useless(let failure): return [.effect(.delete), .end(failure)]
        }
    }

    /// A POST got no answer.
    mutating func failed(_ number: Int, _ now: Double) -> [HTTPSession.Signal] { post == number ? failed(now) : [] }

    /// The server has all lines below this number; nil where it cannot be.
    private mutating func accept(_ received: Int) -> [HTTPSession.Signal]? {
        let before = lines.first
        guard let count = lines.received(received) else { return nil }
        let hasPing = pingLine.map { before <= $0 && $0 < received } ?? false
        return (count > 0 ? [.effect(.accepted(count))] : []) + (hasPing ? [.expectPong] : [])
    }

    private mutating func failed(after wait: Double = 0, _ now: Double) -> [HTTPSession.Signal] {
        (post, deadline) = (nil, nil)
        failures += 1
        owesPost = true
        let wait = max(wait, Backoff.request(failures: failures, random: random()))
        if wait > 0 { againAt = now + wait }
        return [.trouble]
    }
}
