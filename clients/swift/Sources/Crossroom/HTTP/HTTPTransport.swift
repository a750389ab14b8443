import Foundation

/// A session of the bridge over HTTP as one more transport: the shell of `HTTPSession`, which makes its requests and keeps its times.
@CrossroomActor
final class HTTPTransport: SessionTransport {
    /// What came of an opening (PROTOCOL.md, 12.2 and 12.16).
    enum Opening {
        case opened(HTTPTransport)
        /// The server is there, and refuses.
        case refused(TransportFailure)
        /// Something else answered: there is no bridge over HTTP.
        case missing(TransportFailure)
        case unanswered(TransportFailure)
    }

    /// How a session is to be.
    struct Options: Sendable {
        var stack = HTTPStack.system
        var isStreaming = true
        /// Whether it may change from a stream to polls.
        var mayPoll = true
    }

    /// The codes of PROTOCOL.md, 1.3.
    private static let refusals: Set<String> = [
        "bad_handshake", "unauthorized", "forbidden", "origin_not_allowed", "too_many_connections_from_address", "too_many_connections",
        "overloaded", "upgrade_timeout", "shutting_down",
    ]
    /// Messages that wait for the reader before no more is read from the network.
    private static let readAhead = 64
    /// Milliseconds that the answer to the last request is waited for.
    private static let closeTimeout = 1_000.0
    /// Milliseconds before a time that has not come yet is looked at again.
    private static let minTimer = 1.0

    nonisolated let reportsPings = false
    nonisolated var kind: TransportKind { shownKind.value }

    var kindChanged: @CrossroomActor () -> Void = {}
    /// The stream was held up, and polling works.
    var pollingWorks: @CrossroomActor () -> Void = {}

    private let url: URL
    private let headers: [String: String]
    private let client: any HTTPClient
    private let environment: Environment
    private var session: HTTPSession
    private nonisolated let shownKind: LockedKind
    private var stopTimer: Cancel = {}
    private var reading: (any HTTPExchange)?
    private var posting: (any HTTPExchange)?
    private var deleting: (any HTTPExchange)?
    /// The readers of answers.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var lastTask = 0
    private var inbox: [TransportMessage] = []
    private var isPaused = false
    private var reader: Promise<TransportMessage>?
    private var failure: TransportFailure?
    /// Lines that the server is not known to have, and who waits for how many more.
    private var sender: (lines: Int, done: Promise<Void>)?

    private init(
        _ request: TransportRequest, _ terms: HTTPSessionTerms, _ client: any HTTPClient, _ options: Options, _ environment: Environment
    ) {
        url = request.url
        headers = request.headers.merging(["Crossroom-Session": terms.session]) { $1 }
        self.client = client
        self.environment = environment
        shownKind = LockedKind(options.isStreaming ? .sse : .polling)
        session = HTTPSession(
            terms, isStreaming: options.isStreaming, mayPoll: options.mayPoll, maxMessageSize: request.maxMessageSize,
            random: environment.random)
    }

    /// Opens a session. Cancelling the task gives it up.
    /// - Parameter request: its URL is `http:` or `https:`.
    static func open(_ request: TransportRequest, _ options: Options, _ environment: Environment) async throws -> Opening {
        let client = options.stack.makeClient()
        let post = HTTPRequest(method: "POST", url: request.url, headers: request.headers, body: [])
        let exchange = client.begin(post)
        let answer: HTTPAnswer
        do {
            answer = try await withTaskCancellationHandler {
                try await exchange.answer()
            } onCancel: {
                exchange.cancel()
            }
            try Task.checkCancellation()
        } catch {
            client.end()
            if Task.isCancelled { throw CancellationError() }
            return .unanswered(error as? TransportFailure ?? TransportFailure(String(describing: error)))
        }
        if answer.status == 201, let terms = HTTPSessionTerms(answer.json) {
            let transport = HTTPTransport(request, terms, client, options, environment)
            transport.run(transport.session.start(environment.now()))
            return .opened(transport)
        }
        client.end()
        let failure = TransportFailure(answer.message, status: answer.status, retryAfter: answer.retryAfter)
        if refusals.contains(answer.code) { return .refused(failure) }
        return answer.isTemporary ? .unanswered(failure) : .missing(failure)
    }

    func send(_ text: String) async throws { try await send([text]) }

    func send(_ texts: [String]) async throws {
        if let failure { throw failure }
        if texts.isEmpty { return }
        try await promised { promise in
            sender = (texts.count, promise)
            run(session.send(texts, environment.now()))
        }
    }

    func receive() async throws -> TransportMessage {
        if !inbox.isEmpty {
            let message = inbox.removeFirst()
            if inbox.isEmpty, isPaused {
                isPaused = false
                reading?.setReading(true)
                run(session.resume(environment.now()))
            }
            return message
        }
        if let failure { throw failure }
        do { return try await promised { reader = $0 } } catch { throw failure ?? error }
    }

    func networkChanged() { run(session.networkChanged(environment.now())) }

    func close(abrupt: Bool) async {
        // Without it a session that is there still would go on for a while.
        run(session.leave())
        finish(TransportFailure("The connection was closed."))
        reading?.cancel()
        posting?.cancel()
        let stop = environment.after(Self.closeTimeout) { [weak self] in self?.deleting?.cancel() }
        for task in tasks.values { await task.value }
        stop()
        client.end()
    }

    private func run(_ effects: [HTTPSession.Effect]) {
        for effect in effects { perform(effect) }
        stopTimer()
        stopTimer = {}
        guard failure == nil, let deadline = session.nextDeadline else { return }
        stopTimer = environment.after(max(Self.minTimer, deadline - environment.now())) { [weak self] in
            guard let self else { return }
            run(session.tick(environment.now()))
        }
    }

    private func perform(_ effect: HTTPSession.Effect) {
        switch effect {
        case .read(let number, let ack, let isStream, let wait): read(number, ack, isStream: isStream, wait)
        case .endRead:
            reading?.cancel()
            reading = nil
        case .post(let number, let seq, let ack, let lines): post(number, seq, ack, lines)
        case .endPost:
            posting?.cancel()
            posting = nil
        case .delete: delete()
        case .renewConnections: client.renewConnections()
        case .deliver(let text): give(.text(text))
        case .heard: if inbox.isEmpty { give(.ping) }
        case .accepted(let count): accepted(count)
        case .changedToPolling:
            shownKind.value = .polling
            kindChanged()
        case .pollingWorks: pollingWorks()
        case .end(let failure): finish(failure)
        }
    }

    private func read(_ number: Int, _ ack: Int, isStream: Bool, _ wait: Int?) {
        var headers = ["Crossroom-Ack": String(ack), "Accept": isStream ? "text/event-stream" : "text/plain"]
        headers["Crossroom-Wait"] = wait.map { String($0) }
        let exchange = begin("GET", headers)
        reading = exchange
        if isPaused { exchange.setReading(false) }
        follow { [self] in
            var refusal: (status: Int, headers: [String: String])?
            var body: [UInt8] = []
            do {
                for try await event in exchange.events {
                    switch event {
                    case .head(let status, let headers): if status != 200 { refusal = (status, headers) }
                    case .body(let bytes) where refusal == nil: run(session.readBytes(number, bytes, environment.now()))
                    case .body(let bytes): body += bytes
                    }
                }
                if let refusal {
                    let answer = HTTPAnswer(status: refusal.status, headers: refusal.headers, body: body)
                    return run(session.readRefused(number, answer, environment.now()))
                }
            } catch {
                // What had come was there; what is missing is asked for again.
            }
            run(session.readEnded(number, environment.now()))
        }
    }

    private func post(_ number: Int, _ seq: Int?, _ ack: Int, _ lines: [String]) {
        var headers = ["Crossroom-Ack": String(ack)]
        headers["Crossroom-Seq"] = seq.map { String($0) }
        if !lines.isEmpty { headers["Content-Type"] = "application/x-ndjson" }
        let exchange = begin("POST", headers, Array(lines.joined(separator: "\n").utf8))
        posting = exchange
        follow { [self] in
            let answer = try? await exchange.answer()
            if let answer {
                run(session.postAnswered(number, answer, environment.now()))
            } else {
                run(session.postFailed(number, environment.now()))
            }
        }
    }

    private func delete() {
        let exchange = begin("DELETE", [:])
        deleting = exchange
        follow { _ = try? await exchange.answer() }
    }

    private func begin(_ method: String, _ more: [String: String], _ body: [UInt8]? = nil) -> any HTTPExchange {
        client.begin(HTTPRequest(method: method, url: url, headers: headers.merging(more) { $1 }, body: body))
    }

    private func follow(_ body: @escaping @CrossroomActor () async -> Void) {
        lastTask += 1
        let number = lastTask
        tasks[number] = Task {
            await body()
            tasks[number] = nil
        }
    }

    private func accepted(_ count: Int) {
        guard var sender = self.sender else { return }
        sender.lines -= count
        self.sender = sender.lines > 0 ? sender : nil
        if sender.lines <= 0 { sender.done.resolve(()) }
    }

    private func give(_ message: TransportMessage) {
        if failure != nil { return }
        if let reader {
            self.reader = nil
            return reader.resolve(message)
        }
        inbox.append(message)
        if inbox.count >= Self.readAhead, !isPaused {
            isPaused = true
            reading?.setReading(false)
            session.pause()
        }
    }

    private func finish(_ failure: TransportFailure) {
        if self.failure != nil { return }
        self.failure = failure
        stopTimer()
        stopTimer = {}
        reader?.reject(.closed)
        reader = nil
        sender?.done.reject(.closed)
        sender = nil
    }
}

/// The kind of a session, for who is not on its actor.
private final class LockedKind: @unchecked Sendable {
    private let lock = NSLock()
    private var kind: TransportKind

    init(_ kind: TransportKind) { self.kind = kind }

    var value: TransportKind {
        get { lock.withLock { kind } }
        set { lock.withLock { kind = newValue } }
    }
}
