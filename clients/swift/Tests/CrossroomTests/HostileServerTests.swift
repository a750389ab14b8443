import Foundation
import XCTest

@testable import Crossroom

/// What a broken or hostile server may send ends nothing, and is answered by a warning (docs/sdk.md, 2.10). The scripts are told in
/// test/vectors/hostile-server.json.
final class HostileServerTests: XCTestCase, @unchecked Sendable {
    private struct Vector: Sendable {
        let name: String
        let layer: String
        let at: String
        let then: String
        let frames: [Value]
    }

    private struct Script: Sendable {
        let connected: Value
        let welcome: Value
        let answers: Value
        let then: Value
        let vectors: [Vector]
    }

    private func script() throws -> Script {
        let text = try readText(repository.appendingPathComponent("test/vectors/hostile-server.json"))
        let file = try XCTUnwrap(Value(json: text))
        let vectors = try XCTUnwrap(file["vectors"]?.array).map { vector in
            Vector(
                name: try XCTUnwrap(vector["name"]?.string), layer: try XCTUnwrap(vector["layer"]?.string),
                at: try XCTUnwrap(vector["at"]?.string), then: try XCTUnwrap(vector["then"]?.string),
                frames: try XCTUnwrap(vector["frames"]?.array))
        }
        return Script(
            connected: file["connected"] ?? .null, welcome: file["welcome"] ?? .null, answers: file["answers"] ?? .null,
            then: file["then"] ?? .null, vectors: vectors)
    }

    @CrossroomActor
    private func send(_ frames: [Value], _ socket: FakeSocket, id: Value = 0) {
        for frame in frames {
            if let data = frame["binary"] {
                XCTAssertNotNil(data.string)
                socket.raw(.binary)
            } else {
                let id = (try? id.json()) ?? ""
                let text = Self.text(frame["text"] ?? frame).replacingOccurrences(of: "$id", with: id)
                for _ in 0..<(frame["times"]?.int ?? 1) { socket.raw(.text(text)) }
            }
        }
    }

    private static func text(_ parts: Value) -> String {
        (parts.array ?? [parts]).map { part in
            part.string ?? String(repeating: part["repeat"]?.string ?? "", count: Int(part["times"]?.int ?? 0))
        }.joined()
    }

    func testNothingThatAServerSendsEndsTheProgram() async throws {
        let script = try script()
        XCTAssertGreaterThan(script.vectors.count, 300)
        for vector in script.vectors {
            do {
                try await withDeadline(vector.name) { [self] in
                    if vector.layer == "bridge" { try await bridge(vector, script) } else { try await rooms(vector, script) }
                }
            } catch {
                XCTFail("\(vector.name): \(error)")
            }
        }
    }

    @CrossroomActor
    private func bridge(_ vector: Vector, _ script: Script) async throws {
        let server = FakeServer()
        let bridge = try Bridge(
            "http://server", options: BridgeOptions(transports: [.webSocket], transport: server.factory), environment: .fast)
        let main = bridge.namespace()
        var events = main.events().makeAsyncIterator()
        async let connecting = thrown { try await main.connect() }
        let socket = try await server.accept()
        _ = try await socket.frame()
        if vector.at == "connect" { send(vector.frames, socket) }
        if vector.then != "refused", vector.then != "nothing" { socket.push(script.connected.object ?? [:]) }
        if vector.then == "nothing" {
            await bridge.close()
            return
        }
        let error = await connecting
        XCTAssertEqual(error?.code, vector.then == "refused" ? .connectError : nil, vector.name)
        if vector.at == "connected" { send(vector.frames, socket) }
        if vector.at == "call" {
            async let outcome = thrown { try await main.call("ask", timeout: vector.then == "event" ? 9 : 3_600) }
            let (id, _) = try await socket.call("ask")
            send(vector.frames, socket, id: id)
            let code = await outcome?.code
            switch vector.then {
            case "answered": XCTAssertNil(code, vector.name)
            case "failed": XCTAssert(["too_deep", "brand_new"].contains(code), vector.name)
            default: XCTAssertEqual(code, .timeout, vector.name)
            }
        }
        if vector.then == "event" {
            socket.push(script.then["event"]?.object ?? [:])
            var isThere = false
            while !isThere, let event = try await events.next() {
                if case .event(let event) = event { isThere = event.name == "after" && event.args == [1] }
            }
            XCTAssert(isThere, vector.name)
        }
        await bridge.close()
    }

    @CrossroomActor
    private func rooms(_ vector: Vector, _ script: Script) async throws {
        let server = FakeServer()
        let options = RoomsOptions(
            device: "d",
            bridge: BridgeOptions(reconnect: ReconnectOptions(minDelay: 0.01), transports: [.webSocket], transport: server.factory))
        let rooms = try Rooms("http://server", options, .fast)
        async let ready = thrown { try await rooms.ready() }
        let socket = try await server.accept()
        _ = try await socket.frame()
        if vector.at == "connect" {
            send(vector.frames, socket)
            let error = await ready
            XCTAssertNotNil(error, vector.name)
            await rooms.close()
            return
        }
        socket.push(script.connected.object ?? [:])
        if vector.at == "welcome" { send(vector.frames, socket) }
        socket.push(script.welcome.object ?? [:])
        let error = await ready
        XCTAssertNil(error, vector.name)
        try await joined(vector, script, rooms, socket)
        await rooms.close()
    }

    @CrossroomActor
    private func joined(_ vector: Vector, _ script: Script, _ rooms: Rooms, _ socket: FakeSocket) async throws {
        let room = rooms.room("r")
        var messages = room.messages().makeAsyncIterator()
        let processed = Subscription<InboxItem>(limit: .max) { _ in }
        let (called, asked) = (Subscription<Bool>(limit: .max) { _ in }, vector.at)
        let serving = Task {
            var isFirst = true
            while let frame = try? await socket.frame() {
                guard let id = frame["id"], let name = frame["event"]?.string else { continue }
                if name == asked, isFirst {
                    isFirst = false
                    send(vector.frames, socket, id: id)
                    called.push(true)
                } else {
                    socket.ack(id, script.answers[name]?.object ?? [:])
                }
            }
        }
        defer { serving.cancel() }
        if vector.at != "join" { try await room.join() }
        if ["joined", "inbox_ack"].contains(vector.at) {
            try await rooms.inbox.process { item in await processed.push(item) }
        }
        switch vector.then {
        case "message":
            send(vector.frames, socket)
            socket.push(script.then["message"]?.object ?? [:])
            let message = try await messages.next()
            XCTAssertEqual(message?.id, "good", vector.name)
        case "item":
            send(vector.frames, socket)
            socket.push(script.then["item"]?.object ?? [:])
            guard case .message(let item)? = try await processed.next() else { return XCTFail(vector.name) }
            XCTAssertEqual(item.id, "good", vector.name)
        case "bad_answer":
            let code = await thrown { try await self.call(vector.at, rooms, room) }?.code
            XCTAssertEqual(code, .badAnswer, vector.name)
            try await call(vector.at, rooms, room)
        case "nothing" where vector.at == "inbox_ack":
            socket.push(script.then["item"]?.object ?? [:])
            _ = try await called.next()
        case "nothing": await room.leave()
        default: break
        }
    }

    @CrossroomActor
    private func call(_ name: String, _ rooms: Rooms, _ room: Room) async throws {
        switch name {
        case "join": try await room.join()
        case "publish": try await room.publish(1)
        case "send": try await rooms.send(1, to: "ben")
        case "history": _ = try await room.history()
        default: try await rooms.inbox.process { _ in }
        }
    }

    /// Threads of Apple's systems have half a megabyte of stack.
    func testWhatIsNestedDeeplyNeedsNoStack() throws {
        let deepest = String(repeating: "[{\"a\":", count: 128) + "1" + String(repeating: "}]", count: 128)
        let tooDeep = String(repeating: "[", count: 1_000_000)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let value = Value(json: deepest)
            XCTAssertNotNil(value)
            XCTAssertEqual(value, value?.unrevived)
            XCTAssertEqual(try? value?.json(), deepest)
            XCTAssertNil(Value(json: tooDeep))
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        XCTAssertEqual(done.wait(timeout: .now() + 10), .success)
    }
}
