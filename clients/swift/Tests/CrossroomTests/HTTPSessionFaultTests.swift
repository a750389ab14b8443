import XCTest

@testable import Crossroom

/// Sessions over HTTP on a network that loses, cuts and repeats: nothing is lost, nothing comes twice, all is in order.
final class HTTPSessionFaultTests: XCTestCase {
    /// A server as PROTOCOL.md, 12, has it, and a network in front of it that is as bad as the random numbers say.
    private struct World {
        var random: SeededRandom
        var session: HTTPSession
        var now = 0.0
        /// How often something goes wrong, of 100.
        let badness: Int

        // The server's.
        var lines: [String] = []
        var frames: [String] = []
        var toSay: [String]
        var ackedByClient = 0

        // The client's.
        var delivered: [String] = []
        var accepted = 0
        var isPolling = false
        var end: TransportFailure?
        var requests: [Effect] = []
        typealias Effect = HTTPSession.Effect

        mutating func isBad() -> Bool { Int.random(in: 0..<100, using: &random) < badness }

        mutating func run(_ effects: [Effect]) {
            for effect in effects {
                switch effect {
                case .read, .post: requests.append(effect)
                case .deliver(let text): delivered.append(text)
                case .accepted(let count): accepted += count
                case .changedToPolling: isPolling = true
                case .end(let failure): end = failure
                case .endRead, .endPost, .delete, .renewConnections, .heard, .pollingWorks: break
                }
            }
        }

        /// One request is carried out, or time passes.
        mutating func step() {
            now += Double.random(in: 1...200, using: &random)
            if requests.isEmpty {
                if let deadline = session.nextDeadline { now = max(now, deadline) }
                return run(session.tick(now))
            }
            let request = requests.remove(at: Int.random(in: 0..<requests.count, using: &random))
            switch request {
            case .read(let number, let ack, let isStream, _): read(number, ack, isStream)
            case .post(let number, let seq, let ack, let lines): post(number, seq, ack, lines)
            default: break
            }
            run(session.tick(now))
        }

        private mutating func read(_ number: Int, _ ack: Int, _ isStream: Bool) {
            if isBad() { return run(session.readEnded(number, now)) }
            ackedByClient = max(ackedByClient, ack)
            let count = Int.random(in: 0...4, using: &random)
            frames += toSay.prefix(count)
            toSay.removeFirst(min(count, toSay.count))
            // From where it keeps them, which may be before what the client has.
            let next = Int.random(in: max(0, ack - 2)...ack, using: &random)
            var bytes = Array("event: open\ndata: {\"next\":\(next)}\n\n: x\n".utf8)
            for frame in frames[next...] { bytes += Array("data: \(frame)\n\n".utf8) }
            if isStream { bytes += Array("event: ping\ndata: {}\n\n".utf8) }
            if isBad() { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
            while !bytes.isEmpty {
                let piece = Array(bytes.prefix(Int.random(in: 1...40, using: &random)))
                bytes.removeFirst(piece.count)
                run(session.readBytes(number, piece, now))
            }
            run(session.readEnded(number, now))
        }

        private mutating func post(_ number: Int, _ seq: Int?, _ ack: Int, _ body: [String]) {
            if isBad() { return run(session.postFailed(number, now)) }
            ackedByClient = max(ackedByClient, ack)
            let seq = seq ?? lines.count
            XCTAssertLessThanOrEqual(seq, lines.count)
            lines += body.dropFirst(lines.count - seq)
            // It came, but its answer does not.
            if isBad() { return run(session.postFailed(number, now)) }
            let answer = isBad() ? HTTPAnswer(status: 502) : HTTPAnswer(status: 200, json: ["received": .int(Int64(lines.count))])
            run(session.postAnswered(number, answer, now))
        }
    }

    private func play(_ seed: Int, isStreaming: Bool) throws {
        let json: Value = [
            "session": "s", "pingInterval": 25_000, "pingTimeout": 20_000, "maxPayload": 100, "resumeTimeout": 1_000_000_000,
        ]
        let terms = try XCTUnwrap(HTTPSessionTerms(json))
        let session = HTTPSession(terms, isStreaming: isStreaming, mayPoll: true, maxMessageSize: 10_000, random: { 0.5 })
        var random = SeededRandom(UInt64(seed))
        let badness = Int.random(in: 0...60, using: &random)
        let frames = (0..<40).map { "frame \($0)" }
        var world = World(random: random, session: session, badness: badness, toSay: frames)
        world.run(world.session.start(0))
        var sent: [String] = []
        for step in 0..<20_000 {
            if sent.count < 40, step.isMultiple(of: 3) {
                let some = (sent.count..<min(40, sent.count + Int.random(in: 1...3, using: &world.random))).map { "line \($0)" }
                sent += some
                world.run(world.session.send(some, world.now))
            }
            world.step()
            XCTAssertLessThanOrEqual(world.delivered.count, 40, "seed \(seed)")
            if world.accepted == 40, world.delivered.count == 40 { break }
        }
        XCTAssertNil(world.end, "seed \(seed)")
        XCTAssertEqual(world.delivered, frames, "seed \(seed)")
        XCTAssertEqual(world.lines.filter { $0.hasPrefix("line") }, sent, "seed \(seed)")
        XCTAssertEqual(world.accepted, 40, "seed \(seed)")
    }

    func testNothingIsLostAndNothingComesTwiceOnStreams() throws {
        for seed in 0..<300 { try play(seed, isStreaming: true) }
    }

    func testNothingIsLostAndNothingComesTwiceOnPolls() throws {
        for seed in 0..<300 { try play(seed, isStreaming: false) }
    }
}
