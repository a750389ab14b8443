#if os(Linux)
    import Foundation
    import XCTest

    @testable import Crossroom

    /// The transport for Linux, over the loopback.
    final class SocketTransportTests: XCTestCase {
        func testMessagesOfAnySizeComeWholeAndTheCloseCodeIsTold() async throws {
            let large = String(repeating: "é", count: 200_000)
            let server = try LoopbackServer { peer in
                peer.accept()
                peer.write([0x81, 2] + Array("hi".utf8) + [0x89, 0])
                let bytes = Array(large.utf8)
                peer.write([0x81, 127, 0, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes)
                // The pong, and the text: 6 and 11 bytes.
                peer.heard = peer.read(17)
                peer.write([0x88, 5, 0x11, 0x33] + Array("bye".utf8))
                peer.goodbye = peer.read(8)
            }
            let transport = try await SocketTransport.connect(server.request)
            try await transport.send("Hello")
            let messages = try await [transport.receive(), transport.receive(), transport.receive()]
            XCTAssertEqual(messages, [.text("hi"), .ping, .text(large)])
            do {
                let message = try await transport.receive()
                XCTFail("\(message)")
            } catch {
                XCTAssertEqual(error as? TransportFailure, TransportFailure("bye", closeCode: 4403))
            }
            await transport.close(abrupt: false)
            let peer = await server.ended()
            XCTAssertEqual(peer.heard.count, 17)
            // The same code back.
            let goodbye = peer.goodbye
            XCTAssertEqual(goodbye.prefix(2), [0x88, 0x82])
            XCTAssertEqual(zip(goodbye[6...], goodbye[2...]).map { $0 ^ $1 }, [0x11, 0x33])
        }

        func testARefusedUpgradeSaysItsStatus() async throws {
            let server = try LoopbackServer { peer in
                _ = peer.readHead()
                peer.write(Array("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".utf8))
            }
            do {
                _ = try await SocketTransport.connect(server.request)
                XCTFail("connected")
            } catch {
                XCTAssertEqual((error as? TransportFailure)?.status, 401)
            }
            _ = await server.ended()
        }

        func testARefusalWithoutAnEndSaysItsStatus() async throws {
            let server = try LoopbackServer { peer in
                _ = peer.readHead()
                peer.write(Array("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
                // Until the client has had enough.
                peer.heard = peer.read(1)
            }
            do {
                _ = try await SocketTransport.connect(server.request)
                XCTFail("connected")
            } catch {
                XCTAssertEqual((error as? TransportFailure)?.status, 403)
            }
            _ = await server.ended()
        }

        func testNothingOfASocketIsLeftAfterClose() async throws {
            let server = try LoopbackServer { peer in
                peer.accept()
                peer.heard = peer.read(1)
            }
            let transport = try await SocketTransport.connect(server.request)
            weak var socket: WatchedSocket?
            for case let child? in Mirror(reflecting: transport).children.filter({ $0.label == "socket" }).map(\.value) as [Any?] {
                socket = child as? WatchedSocket
            }
            XCTAssertNotNil(socket)
            await transport.close(abrupt: true)
            _ = await server.ended()
            // The queue may still be at it.
            for _ in 0..<10_000 where socket != nil { try await Task.sleep(nanoseconds: 100_000) }
            XCTAssertNil(socket)
        }

        func testAnAttemptThatIsCancelledEndsItsConnection() async throws {
            let reached = AsyncStream.makeStream(of: Void.self)
            let server = try LoopbackServer { peer in
                _ = peer.readHead()
                reached.continuation.finish()
                // Nothing, as the client has gone.
                peer.heard = peer.read(1)
            }
            let request = server.request
            let attempt = Task { try await SocketTransport.connect(request) }
            for await _ in reached.stream {}
            attempt.cancel()
            let result = await attempt.result
            XCTAssertThrowsError(try result.get())
            let peer = await server.ended()
            XCTAssertEqual(peer.heard, [])
        }
    }

    /// Takes one connection, on a thread of its own.
    private final class LoopbackServer: Sendable {
        let request: TransportRequest
        private let finished: Task<Peer, Never>

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
            let (peers, feed) = AsyncStream.makeStream(of: Peer.self)
            Thread.detachNewThread {
                let peer = Peer(Glibc.accept(listener, nil, nil))
                script(peer)
                close(peer.descriptor)
                close(listener)
                feed.yield(peer)
                feed.finish()
            }
            finished = Task {
                for await peer in peers { return peer }
                return Peer(-1)
            }
        }

        /// When the script is done and the connection closed.
        func ended() async -> Peer { await finished.value }
    }

    /// The server's end of a connection. Blocks. Used by the script alone, and after it by the test.
    private final class Peer: @unchecked Sendable {
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
