import Foundation

@testable import Crossroom

/// A server of HTTP in memory, which the test plays: each request waits for the test to answer it.
final class FakeHTTPServer: HTTPClient, @unchecked Sendable {
    /// Guards all that follows.
    private let lock = NSLock()
    private var feeds: [String: AsyncStream<FakeExchange>.Continuation] = [:]
    private var streams: [String: AsyncStream<FakeExchange>] = [:]
    private var renewed = 0
    private var open = 0
    private var answersPosts = false

    init() {}

    var stack: HTTPStack { HTTPStack { self } }
    /// How often connections were renewed.
    var renewals: Int { lock.withLock { renewed } }
    /// Requests that are neither answered nor given up.
    var underWay: Int { lock.withLock { open } }

    func begin(_ request: HTTPRequest) -> any HTTPExchange {
        let exchange = FakeExchange(request) { [self] in lock.withLock { open -= 1 } }
        let answersPosts = lock.withLock {
            open += 1
            return self.answersPosts
        }
        if answersPosts, request.method == "POST" {
            exchange.answerReceived()
            return exchange
        }
        _ = stream(request.method)
        lock.withLock { feeds[request.method] }?.yield(exchange)
        return exchange
    }

    func renewConnections() { lock.withLock { renewed += 1 } }

    func end() {}

    /// Answers all POSTs from now on, and the DELETE.
    func sayGoodbye() async throws {
        lock.withLock { answersPosts = true }
        try await request("DELETE").answer(204)
    }

    /// The next request of a method's.
    func request(_ method: String) async throws -> FakeExchange {
        let stream = stream(method)
        return try await withDeadline(method) {
            for await exchange in stream { return exchange }
            throw DeadlineExceeded(what: method)
        }
    }

    /// The next GET that is for a stream or for a poll, past those that were given up.
    func read(isStream: Bool) async throws -> FakeExchange {
        while true {
            let get = try await request("GET")
            if (get.headers["Accept"] == "text/event-stream") == isStream { return get }
        }
    }

    /// Answers an opening.
    @discardableResult
    func welcome(_ more: [String: Value] = [:]) async throws -> FakeExchange {
        let opening = try await request("POST")
        let terms: [String: Value] = [
            "session": "n1.s", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 100_000, "resumeTimeout": 20_000,
        ]
        opening.answer(201, .object(terms.merging(more) { $1 }))
        return opening
    }

    private func stream(_ method: String) -> AsyncStream<FakeExchange> {
        lock.withLock {
            if let stream = streams[method] { return stream }
            let (stream, feed) = AsyncStream.makeStream(of: FakeExchange.self)
            (streams[method], feeds[method]) = (stream, feed)
            return stream
        }
    }
}

/// A request to it.
final class FakeExchange: HTTPExchange {
    let request: HTTPRequest
    let events: AsyncThrowingStream<HTTPEvent, any Error>

    private let feed: AsyncThrowingStream<HTTPEvent, any Error>.Continuation

    init(_ request: HTTPRequest, _ ended: @escaping @Sendable () -> Void) {
        self.request = request
        (events, feed) = AsyncThrowingStream.makeStream()
        feed.onTermination = { _ in ended() }
    }

    var headers: [String: String] { request.headers }

    /// The frames of a POST.
    var frames: [Value] {
        String(decoding: request.body ?? [], as: UTF8.self).split(separator: "\n").compactMap { Value(json: String($0)) }
    }

    func setReading(_ isReading: Bool) {}

    func cancel() { feed.finish(throwing: TransportFailure("given up")) }

    func answer(_ status: Int, _ json: Value? = nil, headers: [String: String] = [:]) {
        feed.yield(.head(status: status, headers: headers))
        if let text = try? json?.json() { feed.yield(.body(Array(text.utf8))) }
        feed.finish()
    }

    /// Answers a POST whose lines have all come.
    func answerReceived() {
        let first = headers["Crossroom-Seq"].flatMap { Int64($0) } ?? 0
        answer(200, ["received": .int(first + Int64(frames.count))])
    }

    /// Begins the answer to a GET.
    func open(_ next: Int = 0) {
        feed.yield(.head(status: 200, headers: [:]))
        say("event: open\ndata: {\"next\":\(next)}\n\n")
    }

    func push(_ frame: Value) { if let text = try? frame.json() { say("data: \(text)\n\n") } }

    func say(_ text: String) { feed.yield(.body(Array(text.utf8))) }

    /// The answer ends.
    func end() { feed.finish() }

    /// There is no answer, or no more of it.
    func cut() { feed.finish(throwing: TransportFailure("cut")) }
}
