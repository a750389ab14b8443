/// A session of the bridge over HTTP (PROTOCOL.md, 12), from its opening to its end: which requests are made, what their answers mean,
/// what is made again. A state machine with no I/O: methods take what happened and return what is to be done. Times are in milliseconds
/// of the caller's clock, `now` comes last.
///
/// To be used like this: `start` once; then whatever happens; after each call `tick` is due at `nextDeadline`. A request is known by its
/// number, and what is told of one that was given up is ignored. After the effect `end`, or `leave`, nothing comes any more.
struct HTTPSession {
    enum Effect: Equatable {
        /// Make a GET. `wait` is its `Crossroom-Wait`.
        case read(number: Int, ack: Int, isStream: Bool, wait: Int?)
        /// Give up the GET that is under way.
        case endRead
        /// Make a POST. `seq` is the number of its first line.
        case post(number: Int, seq: Int?, ack: Int, lines: [String])
        /// Give up the POST that is under way.
        case endPost
        /// Make a DELETE.
        case delete
        /// What is begun from now on goes over new connections.
        case renewConnections
        /// A frame of the server's.
        case deliver(String)
        /// The server is there.
        case heard
        /// The server has so many more of the lines that were given to `send`.
        case accepted(Int)
        /// The stream was held up: from now on the session polls.
        case changedToPolling
        /// It was the stream's fault: a poll has brought something.
        case pollingWorks
        /// The last one.
        case end(TransportFailure)
    }

    /// What its halves say.
    enum Signal: Equatable {
        case effect(Effect)
        /// The server was heard.
        case alive
        /// A request was not answered as it should be.
        case trouble
        /// The server is to hear from the client.
        case owesPost
        /// A POST tells what was received.
        case acked
        /// The server has the `ping` frame.
        case expectPong
        /// The session was closed; what it was closed with comes with the frames before it, or is this.
        case closed(TransportFailure)
        case end(TransportFailure)
    }

    /// The time for `close` to come after a POST was told that the session is closed.
    private static let closeTimeout = 1_000.0

    private let resumeTimeout: Double
    private var reader: HTTPReader
    private var sender: HTTPSender
    /// Set while nothing is heard after a request has failed.
    private var giveUpAt: Double?
    /// How it ends when `close` does not come in time.
    private var closing: (failure: TransportFailure, at: Double)?
    private var isOver = false

    /// - Parameter isStreaming: whether it begins with a stream.
    /// - Parameter mayPoll: whether it may change to polls.
    /// - Parameter maxMessageSize: bytes of a frame of the server's.
    /// - Parameter random: from 0 up to 1.
    init(
        _ terms: HTTPSessionTerms, isStreaming: Bool, mayPoll: Bool, maxMessageSize: Int, random: @escaping @Sendable () -> Double
    ) {
        resumeTimeout = terms.resumeTimeout
        reader = HTTPReader(terms, isStreaming: isStreaming, mayPoll: mayPoll, maxMessageSize: maxMessageSize, random: random)
        sender = HTTPSender(terms, random: random)
    }

    var isStreaming: Bool { reader.isStreaming }

    /// When `tick` is to be called; nil for never.
    var nextDeadline: Double? {
        isOver ? nil : [reader.nextDeadline, sender.nextDeadline, giveUpAt, closing?.at].compactMap { $0 }.min()
    }

    /// The session was opened.
    mutating func start(_ now: Double) -> [Effect] { run(now) { session in session.reader.start(now) } }

    /// Lines to be sent, each a frame.
    mutating func send(_ texts: [String], _ now: Double) -> [Effect] {
        run(now) { session in
            session.sender.append(texts, asksForPong: session.isStreaming)
            return []
        }
    }

    /// Times have run out.
    mutating func tick(_ now: Double) -> [Effect] {
        run(now) { session in
            if let closing = session.closing, closing.at <= now { return [.effect(.delete), .end(closing.failure)] }
            if let giveUpAt = session.giveUpAt, giveUpAt <= now {
                return [.end(TransportFailure("The server could not be reached for \(session.resumeTimeout / 1000) s."))]
            }
            return session.reader.tick(now) + session.sender.tick(now)
        }
    }

    /// Bytes of a GET that was answered with 200.
    mutating func readBytes(_ number: Int, _ bytes: [UInt8], _ now: Double) -> [Effect] {
        run(now) { session in session.reader.bytes(number, bytes, now) }
    }

    /// The answer to a GET has ended, or was cut; or there was none.
    mutating func readEnded(_ number: Int, _ now: Double) -> [Effect] { run(now) { session in session.reader.ended(number, now) } }

    /// A GET was answered with another status than 200.
    mutating func readRefused(_ number: Int, _ answer: HTTPAnswer, _ now: Double) -> [Effect] {
        run(now) { session in session.reader.refused(number, answer, now) }
    }

    /// A POST was answered.
    mutating func postAnswered(_ number: Int, _ answer: HTTPAnswer, _ now: Double) -> [Effect] {
        run(now) { session in session.sender.answered(number, answer, now) }
    }

    /// A POST got no answer.
    mutating func postFailed(_ number: Int, _ now: Double) -> [Effect] { run(now) { session in session.sender.failed(number, now) } }

    /// The network is another one: what is under way may never be answered.
    mutating func networkChanged(_ now: Double) -> [Effect] {
        run(now) { session in [.effect(.renewConnections)] + session.sender.restart(now) + session.reader.restart(now) }
    }

    /// Too much waits for whoever reads: nothing more is read until `resume`.
    mutating func pause() { reader.pause() }

    mutating func resume(_ now: Double) -> [Effect] { run(now) { session in session.reader.resume(now) } }

    /// Leaves for good. Lines that the server does not have yet are dropped.
    mutating func leave() -> [Effect] {
        if isOver { return [] }
        isOver = true
        return [.endRead, .endPost, .delete]
    }

    /// Turns what the halves say into effects, and has what there is to say now said.
    private mutating func run(_ now: Double, _ change: (inout HTTPSession) -> [Signal]) -> [Effect] {
        if isOver { return [] }
        var effects: [Effect] = []
        let signals = change(&self)
        obey(signals, now, &effects)
        if isOver || closing != nil { return effects }
        let posts = sender.flush(ack: reader.received, now)
        obey(posts, now, &effects)
        return effects
    }

    private mutating func obey(_ signals: [Signal], _ now: Double, _ effects: inout [Effect]) {
        for signal in signals where !isOver {
            switch signal {
            case .effect(let effect): effects.append(effect)
            case .alive:
                giveUpAt = nil
                effects.append(.heard)
            case .trouble: if closing == nil { giveUpAt = giveUpAt ?? now + resumeTimeout }
            case .owesPost: sender.owePost()
            case .acked: reader.acked()
            case .expectPong: reader.expectPong(now)
            case .closed(let failure):
                closing = (failure, now + Self.closeTimeout)
                giveUpAt = nil
                let reads = reader.start(now)
                obey(reads, now, &effects)
            case .end(let failure):
                isOver = true
                // Whatever came after that, the session was closed.
                let wins = failure.closeCode == nil ? closing?.failure : nil
                effects += [.endRead, .endPost, .end(wins ?? failure)]
            }
        }
    }
}
