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
            let peer = try await server.ended()
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
            _ = try await server.ended()
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
            _ = try await server.ended()
        }

        func testNothingOfASocketIsLeftAfterClose() async throws {
            let server = try LoopbackServer { peer in
                peer.accept()
                peer.heard = peer.read(1)
            }
            let transport = try await SocketTransport.connect(server.request)
            weak var socket: WatchedSocket?
            func children(_ of: Any) -> [Any] { Mirror(reflecting: of).children.filter { $0.label == "socket" }.map(\.value) }
            for case let secure as SecureSocket in children(transport) {
                for case let child as WatchedSocket in children(secure) { socket = child }
            }
            XCTAssertNotNil(socket)
            await transport.close(abrupt: true)
            _ = try await server.ended()
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
            try await withDeadline { for await _ in reached.stream {} }
            attempt.cancel()
            let result = await attempt.result
            XCTAssertThrowsError(try result.get()) { error in
                // TCP was there: it may be the WebSocket that is not let through.
                XCTAssertEqual((error as? TransportFailure)?.isUnreached, false)
            }
            let peer = try await server.ended()
            XCTAssertEqual(peer.heard, [])
        }
    }
#endif
