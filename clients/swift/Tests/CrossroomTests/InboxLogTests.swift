import XCTest

@testable import Crossroom

/// How far the inbox is processed (docs/rooms-api.md, 9).
final class InboxLogTests: XCTestCase {
    private func item(_ offset: Int64, _ epoch: String = "e") -> InboxItem {
        .receipt(InboxReceipt(id: "\(offset)", position: at(offset, epoch), user: "ada", at: 0))
    }

    /// Actions in short: "process 3", "keep 3", "ack 3".
    private func short(_ effects: [InboxLog.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .process(let item): return "process \(item.position.offset)"
            case .keep(let position): return "keep \(position.offset)"
            case .ack(let position): return "ack \(position.offset)"
            }
        }
    }

    private func open(_ offset: Int64) -> InboxLog {
        var log = InboxLog(processed: at(offset))
        _ = log.processing(true)
        XCTAssertEqual(log.opened(at(offset)), [])
        return log
    }

    func testBeginsWhereTheServerHasItForADeviceThatKeptNothing() {
        var log = InboxLog(processed: nil)
        _ = log.processing(true)
        XCTAssertEqual(short(log.opened(at(7))), ["keep 7"])
        XCTAssertEqual(short(log.received(item(7)) + log.received(item(8))), ["process 8"])
    }

    func testHandsOutOneAtATimeAndKeepsThePositionBeforeItAcksIt() {
        var log = open(0)
        XCTAssertEqual(short(log.received(item(1))), ["process 1"])
        XCTAssertEqual(short(log.received(item(2))), [])
        XCTAssertEqual(short(log.done()), ["keep 1", "ack 1", "process 2"])
        XCTAssertEqual(log.cursor, at(1))
    }

    func testPutsIntoOneAckWhatWasProcessedMeanwhile() {
        var log = open(0)
        for offset in 1...3 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        _ = log.done()
        XCTAssertEqual(short(log.done() + log.done()), ["keep 2", "process 3", "keep 3"])
        XCTAssertEqual(short(log.acked()), ["ack 3"])
        XCTAssertEqual(short(log.acked()), [])
    }

    func testTellsAgainWhatCouldNotBeTold() {
        var log = open(0)
        for offset in 1...2 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        _ = log.done()
        XCTAssertEqual(short(log.ackFailed(at(1))), ["ack 1"])
        _ = log.done()
        XCTAssertEqual(short(log.ackFailed(at(1))), ["ack 2"])
    }

    func testGoesOnWithoutAConnectionAndSaysHowFarWithTheNextOne() {
        var log = open(0)
        for offset in 1...2 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        log.away()
        XCTAssertEqual(short(log.done() + log.done()), ["keep 1", "process 2", "keep 2"])
        XCTAssertEqual(short(log.opened(at(2))), ["ack 2"])
    }

    func testGivesAnItemThatFailedAgainAndLetsNoOtherGoBeforeIt() {
        var log = open(0)
        for offset in 1...2 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        log.failed()
        XCTAssertEqual(short(log.received(item(3))), [])
        XCTAssertEqual(short(log.processing(true)), ["process 1"])
    }

    func testPutsTheItemInHandBackIfNobodyProcessesAnyMore() {
        var log = open(0)
        _ = log.received(item(1))
        XCTAssertEqual(log.processing(false) + log.done(), [])
        XCTAssertEqual(short(log.processing(true)), ["process 1"])
    }

    func testTakesTheServersWordForWhatWasProcessedElsewhere() {
        var log = open(0)
        _ = log.processing(false)
        for offset in 1...3 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        log.away()
        XCTAssertEqual(short(log.opened(at(2))), ["keep 2"])
        XCTAssertEqual(short(log.processing(true)), ["process 3"])
    }

    func testGoesOnInAnotherLogAfterWhatItHasOfTheOldOne() {
        var log = open(5)
        for offset in 6...7 as ClosedRange<Int64> { _ = log.received(item(offset)) }
        log.away()
        XCTAssertEqual(short(log.opened(at(0, "f"))), ["keep 0"])
        _ = log.received(item(1, "f"))
        let effects = short(log.done() + log.done() + log.done()).filter { $0.hasPrefix("process") }
        XCTAssertEqual(effects, ["process 7", "process 1"])
        XCTAssertEqual(log.cursor, at(1, "f"))
    }

    /// Whatever network and program do, each item is processed once and in order.
    func testProcessesEachItemOnce() {
        for seed in 0..<1_000 as Range<UInt64> {
            var random = SeededRandom(seed)
            var model = Model()
            for _ in 0..<120 { model.take(Int.random(in: 0..<8, using: &random)) }
            model.settle()
            XCTAssertEqual(model.processed, Array(stride(from: 1, through: model.sent, by: 1)), "seed \(seed)")
            XCTAssertEqual(model.cursor, model.sent, "seed \(seed)")
        }
    }
}

/// A server's inbox, a device, and the storage that outlasts the device's program.
private struct Model {
    var sent: Int64 = 0
    /// The server's, of this device.
    var cursor: Int64 = 0
    var processed: [Int64] = []

    private var stored: Position?
    private var log = InboxLog(processed: nil)
    private var delivered: Int64 = 0
    private var inHand: Int64?
    private var acking: Position?

    init() {
        perform(log.processing(true))
        open()
    }

    mutating func take(_ step: Int) {
        switch step {
        case 0: sent += 1
        case 1:
            guard delivered < sent else { return }
            delivered += 1
            perform(log.received(.receipt(InboxReceipt(id: "", position: at(delivered), user: "", at: 0))))
        case 2:
            guard let item = inHand else { return }
            processed.append(item)
            inHand = nil
            perform(log.done())
        case 3:
            guard inHand != nil else { return }
            inHand = nil
            log.failed()
            perform(log.processing(true))
        case 4, 5:
            guard let position = acking else { return }
            acking = nil
            if step == 4 { cursor = max(cursor, position.offset) }
            perform(step == 4 ? log.acked() : log.ackFailed(position))
        case 6: reconnect()
        default:
            inHand = nil
            log = InboxLog(processed: stored)
            perform(log.processing(true))
            reconnect()
        }
    }

    mutating func settle() {
        reconnect()
        for _ in 0...sent + 1 { for step in [1, 2, 4] { take(step) } }
    }

    private mutating func open() {
        cursor = max(cursor, log.cursor?.offset ?? 0)
        delivered = cursor
        perform(log.opened(at(cursor)))
    }

    private mutating func reconnect() {
        acking = nil
        log.away()
        open()
    }

    private mutating func perform(_ effects: [InboxLog.Effect]) {
        for effect in effects {
            switch effect {
            case .keep(let position): stored = position
            case .ack(let position): acking = position
            case .process(let item): inHand = item.position.offset
            }
        }
    }
}
