#if os(Linux)
    import Foundation
    import XCTest

    @testable import Crossroom

    /// Takes one connection, on a thread of its own.
    final class LoopbackServer: Sendable {
        let request: TransportRequest
        private let peers: AsyncStream<Peer>

        init(_ script: @escaping @Sendable (Peer) -> Void) throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(listener, $0, size)
                    _ = getsockname(listener, $0, &size)
                }
            }
            guard listen(listener, 1) == 0 else { throw DeadlineExceeded(what: "a port: \(lastError())") }
            let url = try XCTUnwrap(URL(string: "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/bridge"))
            request = TransportRequest(url: url, subprotocol: "p", headers: [:], maxMessageSize: 1 << 20)
            let feed: AsyncStream<Peer>.Continuation
            (peers, feed) = AsyncStream.makeStream(of: Peer.self)
            Thread.detachNewThread {
                let peer = Peer(Glibc.accept(listener, nil, nil))
                script(peer)
                close(peer.descriptor)
                close(listener)
                feed.yield(peer)
                feed.finish()
            }
        }

        /// When the script is done and the connection closed. To be called once.
        func ended() async throws -> Peer {
            try await withDeadline("the end of the connection") { [peers] in
                for await peer in peers { return peer }
                throw DeadlineExceeded(what: "the end of the connection, for which nobody waits any more")
            }
        }
    }

    /// The server's end of a connection. Blocks. Used by the script alone, and after it by the test.
    final class Peer: @unchecked Sendable {
        let descriptor: Int32
        var heard: [UInt8] = []
        var goodbye: [UInt8] = []

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// So many bytes, or what came before the end.
        func read(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while bytes.count < count, recv(descriptor, &byte, 1, 0) == 1 { bytes.append(byte) }
            return bytes
        }

        func readHead() -> String {
            var head = ""
            while !head.hasSuffix("\r\n\r\n") {
                let byte = read(1)
                if byte.isEmpty { break }
                head += String(decoding: byte, as: UTF8.self)
            }
            return head
        }

        func write(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
                if count <= 0 { return }
                sent += count
            }
        }

        /// The server's side of the handshake.
        func accept() {
            let head = readHead()
            let key = head.components(separatedBy: "Sec-WebSocket-Key: ").last?.components(separatedBy: "\r\n").first ?? ""
            let answer = Data(SHA1.hash(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).base64EncodedString()
            let lines = ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: \(answer)", "", ""]
            write(Array(lines.joined(separator: "\r\n").utf8))
        }
    }
#endif
