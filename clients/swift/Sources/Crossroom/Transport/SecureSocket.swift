#if os(Linux)
    import Foundation

    /// A TCP connection to the host of a URL, with TLS where the URL's scheme wants it. Tries the host's addresses one after the other. To be
    /// used on its queue only, which is what makes it sendable; nothing blocks, but for the lookup of names, which has a thread of Dispatch's.
    final class SecureSocket: @unchecked Sendable {
        private enum State { case connecting, securing, open, over }

        /// Seconds that an address has to answer, where there is another one: of two families one may be broken.
        private static let addressTimeout = 5.0

        /// Called once, when bytes may be written; reading is on then.
        var opened: (() -> Void)?
        /// Called with what came; with nil, once, when the other side has ended it.
        var received: ((ArraySlice<UInt8>?) -> Void)?
        /// Called once, when it could not be made, or TLS broke; nothing else is called after that.
        var failed: ((TransportFailure) -> Void)?
        /// Whether what comes is read, once it is open.
        var isReading = true {
            didSet { if state == .open { socket?.isReading = isReading } }
        }

        private let queue: DispatchQueue
        private var state = State.connecting
        private var addresses: [SocketAddress] = []
        private var socket: WatchedSocket?
        private var tls: TLSFilter?
        private var timer: (any DispatchSourceTimer)?

        init(queue: DispatchQueue) { self.queue = queue }

        deinit { socket?.close() }

        /// Begins to connect.
        func connect(to url: URL) {
            let isSecure = url.scheme == "wss" || url.scheme == "https"
            let port = url.port ?? (isSecure ? 443 : 80)
            let host = url.host ?? ""
            do { tls = isSecure ? try TLSFilter(host: host) : nil } catch { return fail(error.message) }
            DispatchQueue.global().async { [self] in
                let found = SocketAddress.lookup(host: host, port: port)
                queue.async {
                    self.addresses = found
                    self.tryNext("The name \(host) is not known.")
                }
            }
        }

        /// - Parameter done: called once, with whether all of it has left.
        func write(_ bytes: [UInt8], done: @escaping (Bool) -> Void = { _ in }) {
            guard state == .open, let socket else { return done(false) }
            socket.write(tls?.encrypt(bytes) ?? bytes, done: done)
        }

        /// Nothing is called any more, but for what was given to `write`.
        func close() {
            state = .over
            timer?.cancel()
            timer = nil
            (opened, received, failed) = (nil, nil, nil)
            socket?.close()
            socket = nil
        }

        private func fail(_ reason: String) {
            let failed = self.failed
            close()
            failed?(TransportFailure(reason, isUnreached: true))
        }

        private func tryNext(_ reason: String) {
            guard state == .connecting else { return }
            if addresses.isEmpty { return fail("The server could not be reached: \(reason)") }
            let address = addresses.removeFirst()
            guard let socket = WatchedSocket(to: address, queue: queue) else { return tryNext(lastError()) }
            self.socket = socket
            if !addresses.isEmpty { wait(Self.addressTimeout) }
            socket.connected = { [weak self] error in
                guard let self, state == .connecting else { return }
                timer?.cancel()
                timer = nil
                if let error { return giveUpAddress(error) }
                connected()
            }
            socket.read = { [weak self] in self?.came($0) }
        }

        private func wait(_ seconds: Double) {
            timer?.cancel()
            let timer = DispatchSource.makeTimerSource(queue: queue)
            self.timer = timer
            timer.setEventHandler { [weak self] in self?.giveUpAddress("No answer.") }
            timer.schedule(deadline: .now() + seconds)
            timer.resume()
        }

        private func giveUpAddress(_ reason: String) {
            guard state == .connecting else { return }
            socket?.close()
            socket = nil
            tryNext(reason)
        }

        private func connected() {
            if tls == nil { return open() }
            state = .securing
            socket?.isReading = true
            came([])
        }

        private func open() {
            state = .open
            socket?.isReading = isReading
            opened?()
            opened = nil
        }

        /// Bytes of the network; nil: the other side has ended the connection.
        private func came(_ bytes: ArraySlice<UInt8>?) {
            guard let tls, let bytes else {
                if state == .securing { return fail("The connection was closed in TLS's handshake.") }
                received?(bytes)
                return
            }
            let progress = tls.feed(bytes)
            if !progress.toSend.isEmpty { socket?.write(progress.toSend) { _ in } }
            if progress.isReady, state == .securing { open() }
            if !progress.plain.isEmpty { received?(progress.plain[...]) }
            if let failure = progress.failure {
                let failed = self.failed
                close()
                failed?(failure)
            } else if progress.isEnded {
                received?(nil)
            }
        }
    }
#endif
