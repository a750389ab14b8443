import XCTest

@testable import Crossroom

/// An inbox: its items, one at a time.
final class InboxTests: RoomsTestCase, @unchecked Sendable {
    @CrossroomActor
    func testItemsAreProcessedOneByOneAndAckedAfterThePositionIsKept() async throws {
        let server = FakeServer()
        let storage = MemoryStorage()
        let rooms = try make(server) { $0.storage = storage }
        let failing = Counter()
        let processed = Subscription<Int64>(limit: 10) { _ in }
        async let waiting = rooms.inbox.process { item in
            if await failing.next() == 1 { throw CrossroomError(.unavailable, "not now", isRetryable: true) }
            await processed.push(item.position.offset)
        }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 2, "known": false])
        for offset in 1...2 as ClosedRange<Int64> {
            socket.event("inbox", ["type": "receipt", "id": "i", "position": position(offset), "from": ["user": "u"], "at": 1])
        }
        let count = try await waiting
        XCTAssertEqual(count, 2)
        let (ack, call) = try await socket.call("inbox_ack")
        XCTAssertEqual(call, ["position": position(1)])
        socket.ack(ack, ["cursor": position(1)])
        let (ackTwo, callTwo) = try await socket.call("inbox_ack")
        XCTAssertEqual(callTwo, ["position": position(2)])
        socket.ack(ackTwo, ["cursor": position(2)])
        let order = try await [processed.next(), processed.next()]
        XCTAssertEqual(order, [1, 2])
        XCTAssertEqual(storage.get(#"crossroom.inbox.["ada","d"]"#), "2:e")
        let inUse = await thrown { try await rooms.inbox.process { _ in } }
        XCTAssertEqual(inUse?.code, .inUse)
        await rooms.close()

        // Another run goes on from there.
        let next = try make(server) { $0.storage = storage }
        async let again = next.inbox.process { _ in }
        let other = try await server.welcomeRooms()
        let (open, since) = try await other.call("inbox")
        XCTAssertEqual(since, ["since": position(2)])
        other.ack(open, ["cursor": position(2), "waiting": 0, "known": true])
        _ = try await again
        await next.close()
    }

    @CrossroomActor
    func testAnItemOfASequenceIsProcessedWhenTheNextOneIsAskedFor() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let inbox = rooms.inbox
        let reading = Task { @CrossroomActor in
            var seen: [Int64] = []
            for try await item in inbox.items() {
                seen.append(item.position.offset)
                if seen.count == 2 { break }
            }
            return seen
        }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 2, "known": false])
        for offset in 1...2 as ClosedRange<Int64> {
            socket.event("inbox", ["type": "receipt", "id": "i", "position": position(offset), "from": ["user": "u"], "at": 1])
        }
        let (ack, call) = try await socket.call("inbox_ack")
        XCTAssertEqual(call, ["position": position(1)])
        socket.ack(ack, ["cursor": position(1)])
        let seen = try await withDeadline { try await reading.value }
        XCTAssertEqual(seen, [1, 2])
        XCTAssertEqual(inbox.cursor, at(1))
        await rooms.close()
    }

    @CrossroomActor
    func testAnInboxThatWasOpenIsOpenedAgainWhereTheAnswerCannotBeRead() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        async let refused = thrown { try await rooms.inbox.process { _ in } }
        let socket = try await server.welcomeRooms()
        let (first, _) = try await socket.call("inbox")
        socket.ack(first)
        let code = await refused?.code
        XCTAssertEqual(code, .badAnswer)
        async let opened = rooms.inbox.process { _ in }
        let (second, _) = try await socket.call("inbox")
        socket.ack(second, ["cursor": position(0), "waiting": 0, "known": false])
        _ = try await opened
        socket.end()
        let again = try await server.welcomeRooms()
        let (third, _) = try await again.call("inbox")
        again.ack(third)
        let (_, call) = try await again.call("inbox")
        XCTAssertEqual(call, ["since": position(0)])
        await rooms.close()
    }

    @CrossroomActor
    func testATaskThatIsCancelledAlreadyDoesNotTakeTheInbox() async throws {
        let server = FakeServer()
        let rooms = try make(server)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await thrown { try await rooms.inbox.process { _ in } }?.code
        }
        let code = await cancelled.value
        XCTAssertEqual(code, .aborted)
        async let waiting = rooms.inbox.process { _ in }
        let socket = try await server.welcomeRooms()
        let (id, _) = try await socket.call("inbox")
        socket.ack(id, ["cursor": position(0), "waiting": 3, "known": true])
        let count = try await waiting
        XCTAssertEqual(count, 3)
        await rooms.close()
    }
}
