#if os(Linux)
    import Foundation

    /// A WebSocket over a TCP socket. See `Transports.system` for why there is one on Linux.
    ///
    /// All state is that of `queue`; nothing blocks, but for the lookup of names, which has a thread of Dispatch's.
    final class SocketTransport: WebSocketTransport, @unchecked Sendable {
        let reportsPings = true

        /// "upgrading" is the WebSocket's handshake.
        private enum State { case connecting, upgrading, open, closing, over }

        /// Messages that are kept for the reader before the socket is left alone.
        private static let readAhead = 64
        /// Seconds that the other side's close frame is waited for.
        private static let closeTimeout = 1.0
        /// Seconds that the rest of a refusal is waited for, once its status is there.
        private static let refusalTimeout = 1.0

        private let request: TransportRequest
        private let queue = DispatchQueue(label: "crossroom.socket")
        private var state = State.connecting
        private var socket: SecureSocket?
        private var handshake: WebSocketHandshake
        private var decoder: WebSocketDecoder
        private var openWaiter: CheckedContinuation<Void, any Error>?
        private var inbox: [TransportMessage] = []
        private var reader: CheckedContinuation<TransportMessage, any Error>?
        private var end = TransportFailure("The connection was closed.")
        private var timer: (any DispatchSourceTimer)?
        private var closeWaiters: [CheckedContinuation<Void, Never>] = []

        private init(_ request: TransportRequest) {
            self.request = request
            handshake = WebSocketHandshake(key: (0..<16).map { _ in UInt8.random(in: .min ... .max) })
            decoder = WebSocketDecoder(maxMessageSize: request.maxMessageSize)
        }

        static func connect(_ request: TransportRequest) async throws -> any WebSocketTransport {
            let transport = SocketTransport(request)
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    transport.queue.async { transport.begin(continuation) }
                }
            } onCancel: {
                transport.queue.async { transport.giveUp() }
            }
            return transport
        }

        func send(_ text: String) async throws {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                queue.async { [self] in
                    guard state == .open, let socket else { return continuation.resume(throwing: end) }
                    socket.write(WebSocketEncoder.text(text, mask: .random(in: .min ... .max))) { isSent in
                        if isSent { continuation.resume() } else { continuation.resume(throwing: self.end) }
                    }
                }
            }
        }

        func receive() async throws -> TransportMessage {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { [self] in
                    if !inbox.isEmpty {
                        continuation.resume(returning: inbox.removeFirst())
                        if inbox.isEmpty { socket?.isReading = true }
                    } else if state == .over {
                        continuation.resume(throwing: end)
                    } else {
                        reader = continuation
                    }
                }
            }
        }

        func close(abrupt: Bool) async {
            await withCheckedContinuation { continuation in
                queue.async { [self] in
                    if state == .over { return continuation.resume() }
                    closeWaiters.append(continuation)
                    if abrupt || state != .open { return finish(end) }
                    state = .closing
                    inbox = []
                    socket?.isReading = true
                    write(closeFrame(CloseCodes.normal))
                    wait(Self.closeTimeout) { $0.finish($0.end) }
                }
            }
        }

        private func begin(_ continuation: CheckedContinuation<Void, any Error>) {
            if state == .over { return continuation.resume(throwing: end) }
            openWaiter = continuation
            let socket = SecureSocket(queue: queue)
            self.socket = socket
            socket.opened = { [weak self] in self?.upgrade() }
            socket.received = { [weak self] in self?.received($0) }
            socket.failed = { [weak self] in self?.finish($0) }
            socket.connect(to: request.url)
        }

        private func giveUp() {
            let isUnreached = state == .connecting
            finish(TransportFailure("The attempt was given up.", isUnreached: isUnreached))
        }

        /// Does something after so many seconds, unless something else is waited for before, or all is over.
        private func wait(_ seconds: Double, _ task: @escaping (SocketTransport) -> Void) {
            timer?.cancel()
            let timer = DispatchSource.makeTimerSource(queue: queue)
            self.timer = timer
            timer.setEventHandler { [weak self] in
                guard let self else { return }
                stopWaiting()
                task(self)
            }
            timer.schedule(deadline: .now() + seconds)
            timer.resume()
        }

        private func stopWaiting() {
            timer?.cancel()
            timer = nil
        }

        private func upgrade() {
            state = .upgrading
            write(handshake.request(request))
        }

        /// Bytes of the network; nil: the other side has ended the connection.
        private func received(_ bytes: ArraySlice<UInt8>?) {
            switch state {
            case .upgrading: answered(handshake.feed(bytes ?? [], isEnd: bytes == nil))
            case .open, .closing:
                if let bytes { decode(bytes) } else { finish(TransportFailure("The connection was lost.")) }
            case .connecting, .over: break
            }
        }

        private func write(_ bytes: [UInt8]) { socket?.write(bytes) }

        private func answered(_ answer: WebSocketHandshake.Answer) {
            switch answer {
            case .incomplete: break
            case .refusing:
                if timer == nil { wait(Self.refusalTimeout) { $0.received(nil) } }
            case .refused(let failure): finish(failure)
            case .accepted(let rest):
                state = .open
                openWaiter?.resume()
                openWaiter = nil
                decode(rest[...])
            }
        }

        private func decode(_ bytes: ArraySlice<UInt8>) {
            for item in decoder.feed(bytes) { take(item) }
        }

        private func take(_ item: WebSocketDecoder.Item) {
            switch item {
            case .text(let text): give(.text(text))
            case .binary: give(.binary)
            case .pong: give(.ping)
            case .ping(let payload):
                if state == .open { write(WebSocketEncoder.pong(payload, mask: .random(in: .min ... .max))) }
                give(.ping)
            case .close(let code, let reason):
                if state == .open { write(closeFrame(code)) }
                let message = reason.isEmpty ? "The server closed the connection with code \(code)." : reason
                finish(TransportFailure(message, closeCode: code))
            case .violation(let violation):
                if state == .open { write(closeFrame(violation.code)) }
                finish(TransportFailure("The server broke the WebSocket protocol: \(violation.message)"))
            }
        }

        private func give(_ message: TransportMessage) {
            guard state == .open else { return }
            if let reader {
                self.reader = nil
                reader.resume(returning: message)
            } else {
                inbox.append(message)
                if inbox.count >= Self.readAhead { socket?.isReading = false }
            }
        }

        private func finish(_ failure: TransportFailure) {
            if state == .over { return }
            state = .over
            end = failure
            stopWaiting()
            socket?.close()
            socket = nil
            openWaiter?.resume(throwing: failure)
            openWaiter = nil
            reader?.resume(throwing: failure)
            reader = nil
            for waiter in closeWaiters { waiter.resume() }
            closeWaiters = []
        }

        private func closeFrame(_ code: Int) -> [UInt8] { WebSocketEncoder.close(code, mask: .random(in: .min ... .max)) }
    }
#endif
