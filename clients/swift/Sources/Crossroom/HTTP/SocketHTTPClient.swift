#if os(Linux)
    import Foundation

    /// HTTP/1.1 over TCP sockets. See `HTTPStack.system` for why there is one on Linux. All state is that of `queue`.
    final class SocketHTTPClient: HTTPClient, @unchecked Sendable {
        /// Seconds for which a connection is kept for the next request; many servers end them after 5 s.
        private static let idleTimeout = 4.0

        fileprivate let queue = DispatchQueue(label: "crossroom.http")
        private var idle: [SecureSocket] = []
        /// Those of an earlier network are not kept.
        fileprivate private(set) var generation = 0
        private var cookies: [String: String] = [:]

        func begin(_ request: HTTPRequest) -> any HTTPExchange {
            let exchange = SocketHTTPExchange(self)
            queue.async { exchange.begin(request) }
            return exchange
        }

        func renewConnections() { queue.async { self.dropConnections() } }

        func end() { queue.async { self.dropConnections() } }

        private func dropConnections() {
            generation += 1
            for socket in idle { socket.close() }
            idle = []
        }

        /// A connection that was kept.
        fileprivate func takeSocket() -> SecureSocket? { idle.popLast() }

        fileprivate func keep(_ socket: SecureSocket) {
            socket.isReading = true
            idle.append(socket)
            socket.received = { [weak self, weak socket] _ in self?.drop(socket) }
            socket.failed = { [weak self, weak socket] _ in self?.drop(socket) }
            queue.asyncAfter(deadline: .now() + Self.idleTimeout) { [weak self, weak socket] in self?.drop(socket) }
        }

        /// Ends a connection that was kept, and is still there.
        private func drop(_ socket: SecureSocket?) {
            guard let socket, let index = idle.firstIndex(where: { $0 === socket }) else { return }
            idle.remove(at: index)
            socket.close()
        }

        /// What a proxy in front of many servers knows the right one by.
        fileprivate func keepCookies(_ lines: String) {
            for line in lines.components(separatedBy: "\n") {
                let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if pair.count == 2 { cookies[pair[0].trimmingCharacters(in: .whitespaces)] = String(pair[1]) }
            }
        }

        fileprivate func headers(of request: HTTPRequest) -> [String: String] {
            var headers = request.headers
            headers["Accept-Encoding"] = "identity"
            if let body = request.body { headers["Content-Length"] = String(body.count) }
            if headers["Cookie"] == nil, !cookies.isEmpty {
                headers["Cookie"] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ")
            }
            return headers
        }
    }

    /// One request. All state is that of the client's queue.
    private final class SocketHTTPExchange: HTTPExchange, @unchecked Sendable {
        let events: AsyncThrowingStream<HTTPEvent, any Error>

        private let client: SocketHTTPClient
        private let feed: AsyncThrowingStream<HTTPEvent, any Error>.Continuation
        private var socket: SecureSocket?
        private var decoder = HTTPAnswerDecoder()
        private var generation = 0
        private var isReading = true
        private var isOver = false

        init(_ client: SocketHTTPClient) {
            self.client = client
            (events, feed) = AsyncThrowingStream.makeStream()
        }

        func begin(_ request: HTTPRequest) {
            if isOver { return }
            generation = client.generation
            let bytes = HTTPHead.request(request.method, request.url, client.headers(of: request)) + (request.body ?? [])
            let kept = client.takeSocket()
            let socket = kept ?? SecureSocket(queue: client.queue)
            self.socket = socket
            socket.isReading = isReading
            socket.received = { [self] in received($0) }
            socket.failed = { [self] in finish($0) }
            if kept != nil { return socket.write(bytes) }
            socket.opened = { [weak socket] in socket?.write(bytes) }
            socket.connect(to: request.url)
        }

        func setReading(_ isReading: Bool) {
            client.queue.async { [self] in
                self.isReading = isReading
                if !isOver { socket?.isReading = isReading }
            }
        }

        func cancel() {
            client.queue.async { [self] in finish(TransportFailure("The request was given up.")) }
        }

        private func received(_ bytes: ArraySlice<UInt8>?) {
            for item in bytes.map({ decoder.feed($0) }) ?? decoder.feedEnd() where !isOver { take(item) }
        }

        private func take(_ item: HTTPAnswerDecoder.Item) {
            switch item {
            case .event(let event):
                if case .head(_, let headers) = event, let cookies = headers["set-cookie"] { client.keepCookies(cookies) }
                feed.yield(event)
            case .end(let mayGoOn):
                if mayGoOn, generation == client.generation, let socket {
                    self.socket = nil
                    client.keep(socket)
                }
                finish(nil)
            case .broken: finish(TransportFailure("The connection was lost before the end of the answer."))
            }
        }

        private func finish(_ failure: TransportFailure?) {
            if isOver { return }
            isOver = true
            socket?.close()
            socket = nil
            feed.finish(throwing: failure)
        }
    }
#endif
