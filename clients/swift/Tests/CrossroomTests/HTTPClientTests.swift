import Foundation
import XCTest

@testable import Crossroom

#if os(Linux)
    /// The clients of HTTP over the loopback: the library's own for Linux, and URLSession's.
    final class HTTPClientTests: XCTestCase, @unchecked Sendable {
        private let clients: [(name: String, make: @Sendable () -> any HTTPClient)] = [
            ("socket", { SocketHTTPClient() }), ("URLSession", { URLSessionHTTPClient() }),
        ]

        private func request(_ server: LoopbackServer, _ method: String, body: [UInt8]? = nil) throws -> HTTPRequest {
            let port = server.request.url.port ?? 0
            let url = try XCTUnwrap(URL(string: "http://127.0.0.1:\(port)/bridge?a=b"))
            return HTTPRequest(method: method, url: url, headers: ["Crossroom-Ack": "3"], body: body)
        }

        private func answer(_ head: [String], _ body: String = "") -> [UInt8] {
            Array(((["HTTP/1.1 \(head[0])"] + head.dropFirst() + ["", ""]).joined(separator: "\r\n") + body).utf8)
        }

        func testAnAnswerComesWithItsStatusHeadersAndBody() async throws {
            for (name, make) in clients {
                let server = try LoopbackServer { [self] peer in
                    let head = peer.readHead()
                    peer.heard = Array(head.utf8) + peer.read(5)
                    peer.write(answer(["201 Created", "Content-Length: 14", "Retry-After: 7", "Connection: close"], #"{"session":"s"}"#))
                    peer.goodbye = peer.read(1)
                }
                let client = make()
                let got = try await withDeadline { [self] in
                    try await client.begin(request(server, "POST", body: Array("hello".utf8))).answer()
                }
                XCTAssertEqual(got.status, 201, name)
                XCTAssertEqual(got.retryAfter, 7, name)
                client.end()
                let heard = String(decoding: try await server.ended().heard, as: UTF8.self)
                XCTAssert(heard.hasPrefix("POST /bridge?a=b HTTP/1.1\r\n"), heard)
                XCTAssert(heard.lowercased().contains("content-length: 5\r\n"), heard)
                XCTAssert(heard.contains("Crossroom-Ack: 3\r\n"), heard)
                XCTAssert(heard.hasSuffix("hello"), heard)
            }
        }

        func testAPostWithoutABodySaysSo() async throws {
            for (name, make) in clients {
                let server = try LoopbackServer { [self] peer in
                    peer.heard = Array(peer.readHead().utf8)
                    peer.write(answer(["204 No Content", "Connection: close"]))
                    peer.goodbye = peer.read(1)
                }
                let client = make()
                let got = try await withDeadline { [self] in try await client.begin(request(server, "POST", body: [])).answer() }
                XCTAssertEqual(got.status, 204, name)
                client.end()
                let heard = String(decoding: try await server.ended().heard, as: UTF8.self).lowercased()
                XCTAssert(heard.contains("content-length: 0\r\n"), heard)
                XCTAssertFalse(heard.contains("transfer-encoding"), heard)
            }
        }

        func testAStreamComesPieceByPieceAndItsCutIsAFailure() async throws {
            for (name, make) in clients {
                let seen = DispatchSemaphore(value: 0)
                let server = try LoopbackServer { [self] peer in
                    _ = peer.readHead()
                    peer.write(answer(["200 OK", "Transfer-Encoding: chunked"], "3\r\none\r\n"))
                    seen.wait()
                    peer.write(Array("3\r\ntwo\r\n".utf8))
                    seen.wait()
                }
                let client = make()
                let exchange = client.begin(try request(server, "GET"))
                let pieces = try await withDeadline {
                    var pieces: [String] = []
                    do {
                        for try await event in exchange.events {
                            switch event {
                            case .head(let status, _): XCTAssertEqual(status, 200)
                            case .body(let bytes):
                                pieces.append(String(decoding: bytes, as: UTF8.self))
                                // The next one is sent only now: this one has not waited for it.
                                seen.signal()
                            }
                        }
                        XCTFail("\(name): a cut is no end")
                    } catch {}
                    return pieces
                }
                XCTAssertEqual(pieces, ["one", "two"], name)
                client.end()
                _ = try await server.ended()
            }
        }

        func testARequestThatIsGivenUpEndsItsConnection() async throws {
            for (_, make) in clients {
                let reached = AsyncStream.makeStream(of: Void.self)
                let server = try LoopbackServer { peer in
                    _ = peer.readHead()
                    reached.continuation.finish()
                    peer.heard = peer.read(1)
                }
                let client = make()
                let exchange = client.begin(try request(server, "GET"))
                try await withDeadline { for await _ in reached.stream {} }
                exchange.cancel()
                let heard = try await server.ended().heard
                XCTAssertEqual(heard, [])
                do {
                    _ = try await withDeadline { try await exchange.answer() }
                    XCTFail("an answer")
                } catch {}
                client.end()
            }
        }

        func testAServerThatIsNotThereIsNotReached() async throws {
            let server = try LoopbackServer { _ in }
            let request = try request(server, "GET")
            // The one connection that it takes.
            _ = try? await withDeadline { try await SocketHTTPClient().begin(request).answer() }
            _ = try await server.ended()
            for (name, make) in clients {
                let client = make()
                do {
                    _ = try await withDeadline { try await client.begin(request).answer() }
                    XCTFail("an answer")
                } catch {
                    XCTAssertEqual((error as? TransportFailure)?.isUnreached, true, name)
                }
                client.end()
            }
        }

        /// Dispatch may tell of it before it watches all of the connection. Many at a time, so that it is busy.
        func testAConnectionThatIsResetAtOnceIsAlwaysNoticed() async throws {
            try await manyTimes { [self] in
                let server = try LoopbackServer { _ in }
                let failure = try await failure(of: request(server, "GET"))
                XCTAssertFalse(failure.isUnreached)
                _ = try await server.ended()
            }
        }

        func testAConnectionThatIsRefusedIsAlwaysNoticed() async throws {
            let server = try LoopbackServer { _ in }
            let request = try request(server, "GET")
            _ = try await failure(of: request)
            _ = try await server.ended()
            try await manyTimes { [self] in
                let failure = try await failure(of: request)
                XCTAssert(failure.isUnreached)
            }
        }

        private func manyTimes(_ body: @escaping @Sendable () async throws -> Void) async throws {
            for _ in 0..<30 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 { group.addTask(operation: body) }
                    try await group.waitForAll()
                }
            }
        }

        private func failure(of request: HTTPRequest) async throws -> TransportFailure {
            do {
                _ = try await withDeadline { try await SocketHTTPClient().begin(request).answer() }
            } catch let failure as TransportFailure {
                return failure
            }
            throw DeadlineExceeded(what: "no answer, but there was one")
        }

        func testAConnectionIsUsedAgainWithTheCookiesOfAProxyAndNotAfterTheNetworkChanged() async throws {
            let server = try LoopbackServer { [self] peer in
                _ = peer.readHead()
                peer.write(answer(["200 OK", "Content-Length: 2", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2"], "{}"))
                peer.heard = Array(peer.readHead().utf8)
                peer.write(answer(["200 OK", "Content-Length: 2"], "{}"))
                peer.goodbye = peer.read(1)
            }
            let client = SocketHTTPClient()
            for _ in 0..<2 {
                let got = try await withDeadline { [self] in try await client.begin(request(server, "GET")).answer() }
                XCTAssertEqual(got.status, 200)
            }
            client.renewConnections()
            let peer = try await server.ended()
            let heard = String(decoding: peer.heard, as: UTF8.self)
            XCTAssert(heard.contains("Cookie: a=1; b=2\r\n") || heard.contains("Cookie: b=2; a=1\r\n"), heard)
            XCTAssertEqual(peer.goodbye, [])
            client.end()
        }

        func testWhatIsNotReadStaysWithTheServer() async throws {
            let server = try LoopbackServer { [self] peer in
                _ = peer.readHead()
                var patience = timeval(tv_sec: 0, tv_usec: 300_000)
                setsockopt(peer.descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                peer.write(answer(["200 OK", "Content-Length: 50000000"]))
                // Gives up when nothing of it is taken.
                peer.write([UInt8](repeating: 120, count: 50_000_000))
            }
            let client = SocketHTTPClient()
            let exchange = client.begin(try request(server, "GET"))
            exchange.setReading(false)
            _ = try await server.ended()
            exchange.setReading(true)
            let total = try await withDeadline {
                var total = 0
                do { for try await case .body(let bytes) in exchange.events { total += bytes.count } } catch {}
                return total
            }
            XCTAssertLessThan(total, 50_000_000)
            client.end()
        }
    }
#endif
