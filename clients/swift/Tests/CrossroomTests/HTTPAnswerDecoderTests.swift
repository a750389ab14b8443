import XCTest

@testable import Crossroom

/// Answers in HTTP/1.1 (RFC 9112), as the transport for Linux reads them.
final class HTTPAnswerDecoderTests: XCTestCase {
    /// What came, with the pieces of the body joined.
    private struct Outcome: Equatable {
        var status: Int?
        var body = ""
        var end: HTTPAnswerDecoder.Item?
    }

    private func decode(_ pieces: [[UInt8]], thenEnds: Bool = false) -> Outcome {
        var decoder = HTTPAnswerDecoder()
        var outcome = Outcome()
        var body: [UInt8] = []
        for item in pieces.flatMap({ decoder.feed($0) }) + (thenEnds ? decoder.feedEnd() : []) {
            switch item {
            case .event(.head(let status, _)): outcome.status = status
            case .event(.body(let bytes)): body += bytes
            case .end, .broken: outcome.end = item
            }
        }
        outcome.body = String(decoding: body, as: UTF8.self)
        return outcome
    }

    private func check(_ lines: [String], thenEnds: Bool = false, _ expected: Outcome, line: UInt = #line) {
        let bytes = Array(lines.joined(separator: "\r\n").utf8)
        for cut in 0...bytes.count {
            let outcome = decode([Array(bytes[..<cut]), Array(bytes[cut...])], thenEnds: thenEnds)
            XCTAssertEqual(outcome, expected, "cut at \(cut)", line: line)
        }
        XCTAssertEqual(decode(bytes.map { [$0] }, thenEnds: thenEnds), expected, line: line)
    }

    func testABodyOfAKnownLength() {
        check(["HTTP/1.1 200 OK", "content-length: 5", "", "hello"], Outcome(status: 200, body: "hello", end: .end(mayGoOn: true)))
        check(["HTTP/1.1 201 Created", "Content-Length: 0", "", ""], Outcome(status: 201, end: .end(mayGoOn: true)))
    }

    func testABodyInChunks() {
        let lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "3", "hel", "2; x=y", "lo", "0", "X: y", "", ""]
        check(lines, Outcome(status: 200, body: "hello", end: .end(mayGoOn: true)))
    }

    func testABodyUpToTheEndOfTheConnection() {
        check(["HTTP/1.0 200 OK", "", "hello"], thenEnds: true, Outcome(status: 200, body: "hello", end: .end(mayGoOn: false)))
    }

    func testAnswersWithoutABody() {
        check(["HTTP/1.1 204 No Content", "", ""], Outcome(status: 204, end: .end(mayGoOn: true)))
    }

    func testWhatAnnouncesAnAnswerIsNone() {
        let lines = ["HTTP/1.1 100 Continue", "", "HTTP/1.1 413 X", "Connection: close", "Content-Length: 1", "", "x"]
        check(lines, Outcome(status: 413, body: "x", end: .end(mayGoOn: false)))
    }

    func testACutIsNoEnd() {
        check(["HTTP/1.1 200 OK", "Content-Length: 9", "", "hello"], thenEnds: true, Outcome(status: 200, body: "hello", end: .broken))
        check(
            ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", ""], thenEnds: true,
            Outcome(status: 200, body: "hello", end: .broken))
        check(["HTTP/1.1 200 OK", "Content-"], thenEnds: true, Outcome(end: .broken))
    }

    func testWhatIsNoHTTPIsBroken() {
        check(["SSH-2.0", "", ""], Outcome(end: .broken))
        check(["HTTP/1.1 200 OK", "Content-Length: -1", "", ""], Outcome(end: .broken))
        let chunk = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "zz", ""]
        check(chunk, Outcome(status: 200, end: .broken))
    }

    func testARequestHasNoLineThatAHeaderBringsIn() throws {
        let url = try XCTUnwrap(URL(string: "http://host:81/bridge?a=b%20c"))
        let request = String(decoding: HTTPHead.request("POST", url, ["A": "b\r\nC: d"]), as: UTF8.self)
        XCTAssert(request.hasPrefix("POST /bridge?a=b%20c HTTP/1.1\r\n"))
        XCTAssert(request.contains("Host: host:81\r\n"))
        XCTAssert(request.contains("A: bC: d\r\n"))
    }
}
