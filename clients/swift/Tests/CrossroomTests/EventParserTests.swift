import XCTest

@testable import Crossroom

/// Server-sent events (PROTOCOL.md, 12.5).
final class EventParserTests: XCTestCase {
    private typealias Event = EventParser.Event

    private func parse(_ pieces: [[UInt8]], maxSize: Int = 1_000) throws -> [Event] {
        var parser = EventParser(maxSize: maxSize)
        return try pieces.flatMap { try parser.feed($0) }
    }

    private let text = """
        event: open
        data: {"next":17}

        : \(String(repeating: "x", count: 30))
        data: {"type":"event","event":"é€😀"}

        event: ping
        data: {}

        event: close
        data: {"code":4501,"reason":"server_shutdown"}


        """

    private let events = [
        Event(name: "open", data: #"{"next":17}"#), Event(name: "", data: #"{"type":"event","event":"é€😀"}"#),
        Event(name: "ping", data: "{}"), Event(name: "close", data: #"{"code":4501,"reason":"server_shutdown"}"#),
    ]

    func testEventsAreTheSameWhereverTheyAreCut() throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            XCTAssertEqual(try parse([Array(bytes[..<cut]), Array(bytes[cut...])]), events, "cut at \(cut)")
        }
        XCTAssertEqual(try parse(bytes.map { [$0] }), events)
    }

    func testEventsAreTheSameInPiecesOfAnySize() throws {
        let bytes = Array(text.utf8)
        for seed in 0..<200 {
            var random = SeededRandom(UInt64(seed))
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...20, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            XCTAssertEqual(try parse(pieces), events, "seed \(seed)")
        }
    }

    func testWhatTheAnswerEndsInTheMiddleOfDidNotCome() throws {
        XCTAssertEqual(try parse([Array("data: 1\n\ndata: 2\n".utf8)]), [Event(name: "", data: "1")])
    }

    func testLinesMayEndAsInOtherServersAndUnknownFieldsAreIgnored() throws {
        let odd = "id: 4\r\nevent:open\r\nretry: 10\r\ndata\r\ndata:a\r\ndata:  b\r\n\r\nevent: x\n\ndata: c\n\n"
        XCTAssertEqual(try parse([Array(odd.utf8)]), [Event(name: "open", data: "\na\n b"), Event(name: "", data: "c")])
    }

    func testAnEventThatIsTooLargeIsRefusedBeforeItsEnd() throws {
        XCTAssertThrowsError(try parse([Array("data: \(String(repeating: "x", count: 100))".utf8)], maxSize: 100))
        let lines = String(repeating: "data: xxxxxxxx\n", count: 20)
        XCTAssertThrowsError(try parse([Array(lines.utf8)], maxSize: 100))
    }
}
