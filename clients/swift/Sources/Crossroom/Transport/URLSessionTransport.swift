import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A WebSocket of URLSession's. It answers the server's pings unseen.
final class URLSessionTransport: WebSocketTransport {
    let reportsPings = false

    private let session: URLSession
    private let task: URLSessionWebSocketTask
    private let watcher: Watcher

    /// Seconds that the other side's close frame is waited for.
    private static let closeTimeout = 1.0

    private init(_ request: TransportRequest) {
        watcher = Watcher()
        let configuration = URLSessionConfiguration.ephemeral
        // The client has timers of its own.
        configuration.timeoutIntervalForRequest = 7 * 24 * 3600
        session = URLSession(configuration: configuration, delegate: watcher, delegateQueue: nil)
        var upgrade = URLRequest(url: request.url)
        for (name, value) in request.headers { upgrade.setValue(value, forHTTPHeaderField: name) }
        upgrade.setValue(request.subprotocol, forHTTPHeaderField: "Sec-WebSocket-Protocol")
        #if os(Linux)
            // Foundation sends "keep-alive" there, which strict servers refuse.
            upgrade.setValue("Upgrade", forHTTPHeaderField: "Connection")
        #endif
        task = session.webSocketTask(with: upgrade)
        task.maximumMessageSize = request.maxMessageSize
    }

    static func connect(_ request: TransportRequest) async throws -> any WebSocketTransport {
        let transport = URLSessionTransport(request)
        transport.task.resume()
        do {
            try await withTaskCancellationHandler {
                try await transport.watcher.opened()
            } onCancel: {
                transport.task.cancel()
                // On Linux an attempt that is cancelled before the answer says nothing more.
                transport.watcher.giveUp()
            }
            // On Linux a refused upgrade too counts as opened.
            if let failure = transport.refusal { throw failure }
            return transport
        } catch {
            let failure = transport.refusal ?? .urlSession(error)
            await transport.close(abrupt: true)
            throw failure
        }
    }

    func send(_ text: String) async throws { try await task.send(.string(text)) }

    func receive() async throws -> TransportMessage {
        do {
            switch try await task.receive() {
            case .string(let text): return .text(text)
            case .data: return .binary
            @unknown default: return .binary
            }
        } catch {
            // The close code may be known a moment after `receive` has failed.
            await watcher.ended(within: Self.closeTimeout)
            // Not the task's own `closeCode`, which may be set where no close frame came.
            throw TransportFailure(watcher.reason ?? "The connection was lost.", closeCode: watcher.closeCode)
        }
    }

    func close(abrupt: Bool) async {
        if abrupt {
            task.cancel()
        } else {
            task.cancel(with: .normalClosure, reason: nil)
            await watcher.ended(within: Self.closeTimeout)
        }
        // A session holds its delegate until it is invalidated.
        session.invalidateAndCancel()
        await watcher.ended(within: Self.closeTimeout)
    }

    private var refusal: TransportFailure? {
        guard let response = task.response as? HTTPURLResponse, response.statusCode != 101 else { return nil }
        let message = "The server refused the upgrade with HTTP status \(response.statusCode)."
        let retryAfter = RetryAfter.seconds(header: response.value(forHTTPHeaderField: "Retry-After"))
        return TransportFailure(message, status: response.statusCode, retryAfter: retryAfter)
    }
}

/// Hears from URLSession, on its queue.
private final class Watcher: NSObject, URLSessionWebSocketDelegate, @unchecked Sendable {
    /// Guards all that follows.
    private let lock = NSLock()
    private var opening: Result<Void, any Error>?
    private var openWaiter: CheckedContinuation<Void, any Error>?
    private var close: (code: Int, reason: String)?
    private var isOver = false
    private var closeWaiters: [UUID: CheckedContinuation<Void, Never>] = [:]

    var closeCode: Int? { lock.withLock { close?.code } }
    var reason: String? { lock.withLock { close.flatMap { $0.reason.isEmpty ? nil : $0.reason } } }

    /// Returns when the WebSocket is open. - Throws: what URLSession says.
    func opened() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Void, any Error>? = lock.withLock {
                if opening == nil { openWaiter = continuation }
                return opening
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Nobody waits for the opening any more.
    func giveUp() { open(.failure(CancellationError())) }

    /// Returns when the connection has ended, or after so many seconds.
    func ended(within seconds: Double) async {
        let id = UUID()
        await withCheckedContinuation { continuation in
            let isOver = lock.withLock {
                if !self.isOver { closeWaiters[id] = continuation }
                return self.isOver
            }
            if isOver { return continuation.resume() }
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [weak self] in
                guard let self else { return }
                self.lock.withLock { self.closeWaiters.removeValue(forKey: id) }?.resume()
            }
        }
    }

    private func open(_ result: Result<Void, any Error>) {
        let waiting: CheckedContinuation<Void, any Error>? = lock.withLock {
            if opening == nil { opening = result }
            defer { openWaiter = nil }
            return openWaiter
        }
        waiting?.resume(with: result)
    }

    func urlSession(
        _ session: URLSession, webSocketTask: URLSessionWebSocketTask, didOpenWithProtocol protocol: String?
    ) {
        open(.success(()))
    }

    func urlSession(
        _ session: URLSession, webSocketTask: URLSessionWebSocketTask,
        didCloseWith closeCode: URLSessionWebSocketTask.CloseCode, reason: Data?
    ) {
        // `rawValue` has the codes from 4000 on too, where the platform passes them on.
        let text = reason.map { String(decoding: $0, as: UTF8.self) } ?? ""
        lock.withLock { if closeCode != .invalid { close = (closeCode.rawValue, text) } }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        open(.failure(error ?? TransportFailure("The connection ended.")))
        let waiting = lock.withLock {
            isOver = true
            defer { closeWaiters = [:] }
            return Array(closeWaiters.values)
        }
        for waiter in waiting { waiter.resume() }
    }
}

extension TransportFailure {
    /// What URLSession says of a request without an answer.
    static func urlSession(_ error: any Error) -> TransportFailure {
        let unreached: Set<URLError.Code> = [
            .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed, .notConnectedToInternet, .secureConnectionFailed,
            .serverCertificateHasBadDate, .serverCertificateUntrusted, .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
            .internationalRoamingOff, .dataNotAllowed, .callIsActive,
        ]
        let isUnreached = (error as? URLError).map { unreached.contains($0.code) } ?? false
        return TransportFailure("The server could not be reached: \(error.localizedDescription)", isUnreached: isUnreached)
    }
}
