#if os(Linux)
    import Foundation

    /// Where a TCP connection may go to.
    struct SocketAddress {
        let bytes: [UInt8]
        let family: Int32

        /// All addresses of a name, best first. Blocks.
        static func lookup(host: String, port: Int) -> [SocketAddress] {
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            // The brackets of an IPv6 address are the URL's.
            let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            guard getaddrinfo(name, String(port), &hints, &list) == 0 else { return [] }
            defer { freeaddrinfo(list) }
            return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { $0?.pointee }.map { info in
                let bytes = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
                return SocketAddress(bytes: Array(bytes), family: info.ai_family)
            }
        }
    }

    /// What the system says of the last call that failed.
    func lastError() -> String { String(cString: strerror(errno)) }

    /// A TCP socket that never blocks, watched by Dispatch. To be used on `queue` only, which is what makes it sendable.
    final class WatchedSocket: @unchecked Sendable {
        /// Called once: with nil, or with what went wrong.
        var connected: ((String?) -> Void)?
        /// Called with what came; with nil, once, at the end.
        var read: ((ArraySlice<UInt8>?) -> Void)?
        /// Whether what comes is read. At first it is not.
        var isReading = false {
            didSet {
                update()
                // Dispatch may have told of what there is to read while nobody read it, and may not tell again.
                if isReading && !oldValue { queue.async { [weak self] in self?.receive() } }
            }
        }

        private let queue: DispatchQueue
        private let descriptor: Int32
        private let readable: any DispatchSourceRead
        private let writable: any DispatchSourceWrite
        private var isReadableResumed = true
        private var isWritableResumed = true
        private var isConnecting = true
        private var isClosed = false
        private var outgoing: [UInt8] = []
        /// Bytes of `outgoing` that have left.
        private var sent = 0
        /// Whom to tell when so many bytes of `outgoing` have left.
        private var senders: [(end: Int, done: (Bool) -> Void)] = []

        /// Begins to connect; nil where that fails at once.
        init?(to address: SocketAddress, queue: DispatchQueue) {
            let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let file = socket(address.family, flags, 0)
            guard file >= 0 else { return nil }
            descriptor = file
            self.queue = queue
            var on: Int32 = 1
            setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            let result = address.bytes.withUnsafeBytes { bytes in
                // The kernel reads so many bytes of whatever family it is.
                connect(file, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
            // Before another call sets it anew.
            let failure = errno
            readable = DispatchSource.makeReadSource(fileDescriptor: file, queue: queue)
            writable = DispatchSource.makeWriteSource(fileDescriptor: file, queue: queue)
            let group = DispatchGroup()
            // Only when neither source looks at it any more may its number be another file's.
            for source in [readable, writable] as [any DispatchSourceProtocol] {
                group.enter()
                source.setCancelHandler { group.leave() }
            }
            group.notify(queue: queue) { Glibc.close(file) }
            readable.setEventHandler { [weak self] in self?.becameReadable() }
            writable.setEventHandler { [weak self] in self?.becameWritable() }
            // The reader first, and both now: when a connection is reset, Dispatch tells the sources that are there, and watches it no
            // more. One that comes later is never called.
            readable.resume()
            writable.resume()
            if result != 0 && failure != EINPROGRESS {
                close()
                errno = failure
                return nil
            }
        }

        deinit { close() }

        /// - Parameter done: called once, with whether all of it has left.
        func write(_ bytes: [UInt8], done: @escaping (Bool) -> Void) {
            if isClosed { return done(false) }
            outgoing += bytes
            senders.append((outgoing.count, done))
            if !isConnecting { flush() }
        }

        func close() {
            if isClosed { return }
            isClosed = true
            // A source that is suspended must not be cancelled.
            if !isReadableResumed { readable.resume() }
            if !isWritableResumed { writable.resume() }
            readable.cancel()
            writable.cancel()
            // They hold those who hold this.
            connected = nil
            read = nil
            outgoing = []
            sent = 0
            let waiting = senders
            senders = []
            for (_, done) in waiting { done(false) }
        }

        private var wantsRead: Bool { isReading && !isConnecting }

        private func update() {
            if isClosed { return }
            // Suspended only when it tells of what nobody reads.
            if wantsRead && !isReadableResumed {
                isReadableResumed = true
                readable.resume()
            }
            let wantsWrite = isConnecting || sent < outgoing.count
            if wantsWrite != isWritableResumed {
                isWritableResumed = wantsWrite
                if wantsWrite { writable.resume() } else { writable.suspend() }
            }
        }

        private func finishConnecting() {
            if isClosed { return }
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&watched, 1, 0) == 1 else { return }
            isConnecting = false
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            let connected = self.connected
            self.connected = nil
            connected?(error == 0 ? nil : String(cString: strerror(error)))
            update()
        }

        private func flush() {
            if isClosed { return }
            while sent < outgoing.count {
                let count = outgoing.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
                }
                let failure = errno
                if count > 0 {
                    sent += count
                } else if failure == EAGAIN || failure == EINTR {
                    break
                } else {
                    return broken()
                }
            }
            while let first = senders.first, first.end <= sent {
                senders.removeFirst()
                first.done(true)
            }
            if sent == outgoing.count {
                outgoing = []
                sent = 0
            } else if sent > 1 << 20 {
                outgoing.removeFirst(sent)
                senders = senders.map { ($0.end - sent, $0.done) }
                sent = 0
            }
            update()
        }

        /// Nothing can be sent any more; the reader hears of the end.
        private func broken() {
            let waiting = senders
            senders = []
            outgoing = []
            sent = 0
            update()
            for (_, done) in waiting { done(false) }
        }

        private func becameWritable() {
            if isConnecting { finishConnecting() } else { flush() }
        }

        private func becameReadable() {
            // Of a connection that was refused, the reader may be the only one that is told.
            if isConnecting { finishConnecting() }
            receive()
            if !wantsRead && isReadableResumed && !isClosed {
                isReadableResumed = false
                readable.suspend()
            }
        }

        /// Reads all that there is: of a connection that was reset, Dispatch tells once, and not again for what was left.
        private func receive() {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while wantsRead && !isClosed {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                let failure = errno
                if count > 0 {
                    read?(buffer[..<count])
                } else if count == 0 || (failure != EAGAIN && failure != EINTR) {
                    isReading = false
                    read?(nil)
                } else if failure == EAGAIN {
                    return
                }
            }
        }
    }
#endif
