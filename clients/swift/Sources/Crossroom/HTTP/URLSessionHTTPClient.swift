import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// HTTP by URLSession.
final class URLSessionHTTPClient: HTTPClient, @unchecked Sendable {
    /// Guards `session`.
    private let lock = NSLock()
    private var session: URLSession?

    func begin(_ request: HTTPRequest) -> any HTTPExchange {
        var made = URLRequest(url: request.url)
        made.httpMethod = request.method
        for (name, value) in request.headers { made.setValue(value, forHTTPHeaderField: name) }
        // As it comes: what decompresses a stream may keep it.
        made.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if let body = request.body, !body.isEmpty { made.httpBody = Data(body) }
        return lock.withLock {
            let session = self.session ?? Self.makeSession()
            self.session = session
            return URLSessionHTTPExchange(session, made)
        }
    }

    func renewConnections() { end() }

    func end() {
        let last = lock.withLock {
            defer { session = nil }
            return session
        }
        // What is under way ends as it would; a session holds its delegate until it is invalidated.
        last?.finishTasksAndInvalidate()
    }

    private static func makeSession() -> URLSession {
        let configuration = URLSessionConfiguration.ephemeral
        // The client has timers of its own.
        configuration.timeoutIntervalForRequest = 7 * 24 * 3600
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.urlCache = nil
        return URLSession(configuration: configuration, delegate: Delegate(), delegateQueue: nil)
    }

    /// Hears from URLSession, on its queue.
    fileprivate final class Delegate: NSObject, URLSessionDataDelegate, @unchecked Sendable {
        private let lock = NSLock()
        private var feeds: [Int: AsyncThrowingStream<HTTPEvent, any Error>.Continuation] = [:]

        func follow(_ task: URLSessionTask, _ feed: AsyncThrowingStream<HTTPEvent, any Error>.Continuation) {
            lock.withLock { feeds[task.taskIdentifier] = feed }
        }

        private func feed(_ task: URLSessionTask) -> AsyncThrowingStream<HTTPEvent, any Error>.Continuation? {
            lock.withLock { feeds[task.taskIdentifier] }
        }

        func urlSession(
            _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
            completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
        ) {
            if let response = response as? HTTPURLResponse {
                var headers: [String: String] = [:]
                for case (let name as String, let value as String) in response.allHeaderFields { headers[name.lowercased()] = value }
                feed(dataTask)?.yield(.head(status: response.statusCode, headers: headers))
            }
            completionHandler(.allow)
        }

        func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
            feed(dataTask)?.yield(.body(Array(data)))
        }

        /// What is sent elsewhere is an answer of its own (PROTOCOL.md, 12.10).
        func urlSession(
            _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }

        func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
            let feed = lock.withLock { feeds.removeValue(forKey: task.taskIdentifier) }
            feed?.finish(throwing: error.map { TransportFailure.urlSession($0) })
        }
    }
}

private final class URLSessionHTTPExchange: HTTPExchange {
    let events: AsyncThrowingStream<HTTPEvent, any Error>

    private let task: URLSessionDataTask
    private let feed: AsyncThrowingStream<HTTPEvent, any Error>.Continuation

    init(_ session: URLSession, _ request: URLRequest) {
        (events, feed) = AsyncThrowingStream.makeStream()
        task = session.dataTask(with: request)
        (session.delegate as? URLSessionHTTPClient.Delegate)?.follow(task, feed)
        task.resume()
    }

    func setReading(_ isReading: Bool) {
        // Foundation's on Linux would make the request again.
        #if !os(Linux)
            if isReading { task.resume() } else { task.suspend() }
        #endif
    }

    func cancel() {
        task.cancel()
        // Not all versions say that a task was cancelled.
        feed.finish(throwing: TransportFailure("The request was given up."))
    }
}
