import Foundation

/// Makes connections: says which way is tried first, and when another is (PROTOCOL.md, 12.15 to 12.17).
@CrossroomActor
final class Dialer {
    private enum Attempt {
        case open(any WebSocketTransport)
        /// `isLate`: nothing came in time.
        case failed(TransportFailure, isLate: Bool)
    }

    private let url: URL
    private let options: BridgeOptions
    private let environment: Environment
    /// What is remembered is remembered of this: the URL without its query.
    private let place: String
    /// Not after an attempt that failed with it, and nobody knows why (PROTOCOL.md, 1.7).
    private var offersSubprotocol = true
    /// The last WebSocket was open, and of no use.
    private var distrustsWebSocket = false

    /// The server says its limit only in `connected`, and it is one for what clients send.
    private static let maxMessageSize = 64 << 20
    /// What part of the attempt's time the handshake of a WebSocket has, where there is another way.
    private static let handshakeShare = 0.5
    /// Milliseconds after which a WebSocket that brought nothing was of no use, though it ended in form.
    private static let uselessAfter = 10_000.0

    nonisolated init(url: URL, options: BridgeOptions, environment: Environment) {
        self.url = url
        var parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
        parts?.query = nil
        place = parts?.string ?? url.absoluteString
        self.options = options
        self.environment = environment
    }

    /// - Throws: `TransportFailure`, or what the application's functions throw.
    func dial() async throws -> any WebSocketTransport {
        let headers = try await Self.headers(options.headers)
        guard usesWebSocket else { return try await openHTTP(headers, after: nil) }
        let mayFallBack = usesHTTP && environment.memory.mayFallBack(at: place, environment.now())
        if mayFallBack, distrustsWebSocket || remembered != nil {
            distrustsWebSocket = false
            return try await openHTTP(headers, after: nil)
        }
        switch try await openWebSocket(headers, mayFallBack: mayFallBack) {
        case .open(let transport): return transport
        case .failed(let failure, _):
            guard mayFallBack, Self.mayFallBack(after: failure) else { throw failure }
            return try await openHTTP(headers, after: failure)
        }
    }

    /// A WebSocket that was open has ended.
    /// - Parameter hadAnswer: whether a frame came, or none was due.
    /// - Parameter openFor: in milliseconds.
    func webSocketEnded(hadAnswer: Bool, closeCode: Int?, openFor: Double) {
        if !hadAnswer, closeCode == nil || openFor >= Self.uselessAfter { distrustsWebSocket = true }
    }

    /// Whether what failed may be a WebSocket that something on the way does not let through.
    static func mayFallBack(after failure: TransportFailure) -> Bool {
        guard let status = failure.status else { return !failure.isUnreached }
        return ![401, 403, 407, 429].contains(status) && !(status == 503 && failure.retryAfter != nil)
    }

    private var usesWebSocket: Bool { options.transports.contains(.webSocket) }

    private var usesHTTP: Bool { options.transports.contains { $0 != .webSocket } }

    private var remembered: TransportKind? { environment.memory.kind(at: place, environment.now()) }

    private func openWebSocket(_ headers: [String: String], mayFallBack: Bool) async throws -> Attempt {
        let first = try await handshake(headers, inTime: mayFallBack)
        guard case .failed(let failure, let isLate) = first, failure.status == nil else { return first }
        let hadOffered = offersSubprotocol
        offersSubprotocol.toggle()
        // Without another way to be tried now, the next attempt is soon enough.
        guard mayFallBack, hadOffered, !failure.isUnreached, !isLate else { return first }
        let second = try await handshake(headers, inTime: true)
        if case .failed = second { offersSubprotocol = true }
        return second
    }

    /// - Parameter inTime: whether it is given up when it takes too long.
    private func handshake(_ headers: [String: String], inTime: Bool) async throws -> Attempt {
        let request = TransportRequest(
            url: url, subprotocol: offersSubprotocol ? "crossroom.v1" : nil, headers: headers, maxMessageSize: Self.maxMessageSize)
        let attempt = Task { [options] in try await options.transport(request) }
        let late = Flag()
        let limit = options.reconnect.timeout * 1000 * Self.handshakeShare
        var stop: Cancel = {}
        if inTime {
            stop = environment.after(limit) {
                late.isSet = true
                attempt.cancel()
            }
        }
        defer { stop() }
        do {
            return .open(
                try await withTaskCancellationHandler {
                    try await attempt.value
                } onCancel: {
                    attempt.cancel()
                })
        } catch {
            if late.isSet, (error as? TransportFailure)?.isUnreached != true {
                return .failed(TransportFailure("The WebSocket's handshake was not answered in time."), isLate: true)
            }
            guard let failure = error as? TransportFailure else { throw error }
            return .failed(failure, isLate: late.isSet)
        }
    }

    /// - Parameter failure: why the WebSocket was not to be had, if it was tried.
    private func openHTTP(_ headers: [String: String], after failure: TransportFailure?) async throws -> any WebSocketTransport {
        let kinds = options.transports
        let kind: TransportKind = !kinds.contains(.sse) || (remembered == .polling && kinds.contains(.polling)) ? .polling : .sse
        let request = TransportRequest(url: httpURL, subprotocol: nil, headers: headers, maxMessageSize: Self.maxMessageSize)
        let how = HTTPTransport.Options(stack: options.http, isStreaming: kind == .sse, mayPoll: kinds.contains(.polling))
        switch try await HTTPTransport.open(request, how, environment) {
        case .opened(let transport):
            remember(kind)
            transport.pollingWorks = { [weak self] in self?.remember(.polling) }
            return transport
        case .refused(let refusal): throw refusal
        case .missing(let answer):
            if !usesWebSocket { throw answer }
            environment.memory.hasNoHTTP(at: place, environment.now())
            throw failure ?? TransportFailure("There is no bridge over HTTP. \(answer.message)")
        case .unanswered(let reason):
            environment.memory.forget(place)
            // Without the status of the WebSocket's refusal, which may not be the last word.
            let reasons = [failure?.message, "HTTP: \(reason.message)"].compactMap { $0 }
            throw TransportFailure(reasons.joined(separator: " "), retryAfter: reason.retryAfter, isUnreached: reason.isUnreached)
        }
    }

    private func remember(_ kind: TransportKind) {
        if usesWebSocket { environment.memory.fellBack(to: kind, at: place, environment.now()) }
    }

    private var httpURL: URL {
        var parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
        parts?.scheme = url.scheme == "wss" ? "https" : "http"
        return parts?.url ?? url
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
}

@CrossroomActor
private final class Flag {
    var isSet = false
}
