import XCTest

@testable import Crossroom

/// RFC 6455, which the transport for Linux speaks itself.
final class WebSocketCodecTests: XCTestCase {
    private func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        if payload.count < 126 { return [first, UInt8(payload.count)] + payload }
        return [first, 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
    }

    func testMessagesComeWholeHoweverTheBytesDo() throws {
        let text = String(repeating: "é😀", count: 100)
        let bytes = Array(text.utf8)
        let stream =
            frame(0x01, Array(bytes[..<251])) + frame(0x89, [1, 2]) + frame(0x80, Array(bytes[251...]))
            + frame(0x81, []) + frame(0x82, [0]) + frame(0x8A, []) + frame(0x88, [0x11, 0x33] + Array("bye".utf8))
        for size in [1, 2, 3, 7, 100, stream.count] {
            var decoder = WebSocketDecoder(maxMessageSize: 10_000)
            var items: [WebSocketDecoder.Item] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                items += decoder.feed(stream[start..<min(start + size, stream.count)])
            }
            XCTAssertEqual(
                items, [.ping([1, 2]), .text(text), .text(""), .binary, .pong, .close(code: 4403, reason: "bye")], "\(size)")
        }
    }

    func testCloseFramesMayHaveNoCode() throws {
        var decoder = WebSocketDecoder(maxMessageSize: 10)
        XCTAssertEqual(decoder.feed(frame(0x88, [])), [.close(code: 1005, reason: "")])
    }

    func testWhatBreaksTheProtocolIsAViolation() {
        let cases: [([UInt8], Int)] = [
            (frame(0x91, []), 1002), ([0x81, 0x80, 0, 0, 0, 0], 1002), (frame(0x80, []), 1002), (frame(0x83, []), 1002),
            (frame(0x01, []) + frame(0x81, []), 1002), (frame(0x09, []), 1002), (frame(0x88, [1]), 1002),
            (frame(0x81, [0xFF]), 1007), (frame(0x81, [UInt8](repeating: 65, count: 1_001)), 1009),
            ([0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0], 1009),
        ]
        for (bytes, code) in cases {
            var decoder = WebSocketDecoder(maxMessageSize: 1_000)
            guard case .violation(let violation) = decoder.feed(bytes).last else { return XCTFail("\(bytes.prefix(4))") }
            XCTAssertEqual(violation.code, code, "\(bytes.prefix(4))")
        }
    }

    func testWhatCameBeforeAViolationIsNotLost() {
        var decoder = WebSocketDecoder(maxMessageSize: 10)
        let items = decoder.feed(frame(0x81, [65]) + frame(0x83, []))
        XCTAssertEqual(items.first, .text("A"))
        XCTAssertEqual(items.count, 2)
    }

    func testFramesOfTheClientsAreMasked() {
        // RFC 6455, 5.7.
        XCTAssertEqual(
            WebSocketEncoder.text("Hello", mask: 0x37FA_213D),
            [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        XCTAssertEqual(WebSocketEncoder.text(String(repeating: "x", count: 126), mask: 0)[1...3], [0xFE, 0, 126])
        XCTAssertEqual(
            WebSocketEncoder.text(String(repeating: "x", count: 65_536), mask: 0)[1...9], [0xFF, 0, 0, 0, 0, 0, 1, 0, 0])
        XCTAssertEqual(WebSocketEncoder.close(1000, mask: 0), [0x88, 0x82, 0, 0, 0, 0, 3, 232])
        XCTAssertEqual(WebSocketEncoder.close(1005, mask: 0), [0x88, 0x80, 0, 0, 0, 0])
    }

    // RFC 6455, 1.3.
    private let key = Array("the sample nonce".utf8)
    private let accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    func testTheHandshakeIsThatOfTheStandard() throws {
        var handshake = WebSocketHandshake(key: key)
        let url = try XCTUnwrap(URL(string: "ws://[::1]:81/bridge?a=%20b"))
        let request = TransportRequest(url: url, subprotocol: "p", headers: ["X": "y\r\nZ: z"], maxMessageSize: 1)
        let lines = String(decoding: handshake.request(request), as: UTF8.self).components(separatedBy: "\r\n")
        XCTAssertEqual(lines[0], "GET /bridge?a=%20b HTTP/1.1")
        XCTAssert(lines.contains("Host: [::1]:81"), "\(lines)")
        XCTAssert(lines.contains("X: yZ: z"))
        XCTAssert(lines.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
        XCTAssertEqual(handshake.feed(accepted.utf8.prefix(50)), .incomplete)
        XCTAssertEqual(handshake.feed(Array(accepted.utf8.dropFirst(50)) + [1, 2]), .accepted(rest: [1, 2]))
    }

    func testARefusalSaysItsStatusAndWhy() {
        var handshake = WebSocketHandshake(key: key)
        let body = #"{"error":{"code":"unauthorized","message":"no token"}}"#
        let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        XCTAssertEqual(handshake.feed(head.utf8), .refusing)
        guard case .refused(let failure) = handshake.feed(body.utf8) else { return XCTFail("not refused") }
        XCTAssertEqual(failure.status, 401)
        XCTAssert(failure.message.contains("no token"))
    }

    func testARefusalWithoutAnEndIsTakenForWhatItsHeadSays() {
        var handshake = WebSocketHandshake(key: key)
        let answer = "HTTP/1.0 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n"
        XCTAssertEqual(handshake.feed(answer.utf8), .refusing)
        guard case .refused(let failure) = handshake.feed([], isEnd: true) else { return XCTFail("not refused") }
        XCTAssertEqual(failure.status, 403)
    }

    func testAnAnswerThatIsNoHandshakeIsRefused() {
        for answer in [
            accepted.replacingOccurrences(of: "s3pP", with: "xxxx"), "SSH-2.0\r\n\r\n", "HTTP/1.1 101 X\r\n\r\n",
        ] {
            var handshake = WebSocketHandshake(key: key)
            guard case .refused(let failure) = handshake.feed(answer.utf8) else { return XCTFail(answer) }
            XCTAssertNil(failure.status)
        }
    }

    func testSHA1() {
        // RFC 3174, 7.3, and the empty message.
        func hash(_ text: String) -> String { SHA1.hash(Array(text.utf8)).map { String(format: "%02x", $0) }.joined() }
        XCTAssertEqual(hash("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
        XCTAssertEqual(hash(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        XCTAssertEqual(
            hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
    }
}
