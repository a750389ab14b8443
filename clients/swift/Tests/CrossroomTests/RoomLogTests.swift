import XCTest

@testable import Crossroom

func at(_ offset: Int64, _ epoch: String = "e") -> Position { Position(epoch: epoch, offset: offset) }

func messageAt(_ position: Position) -> RoomMessage {
    RoomMessage(
        room: "r", id: "\(position.epoch)\(position.offset)", position: position,
        from: Sender(user: "u", name: "U", sid: "s", transport: "bridge"), data: .null, at: 0)
}

/// What a device has of a room's log (docs/rooms-api.md, 5).
final class RoomLogTests: XCTestCase {
    private func message(_ offset: Int64, _ epoch: String = "e") -> RoomMessage { messageAt(at(offset, epoch)) }

    private func page(_ offsets: ClosedRange<Int64>, more: Bool = false) -> HistoryPage {
        HistoryPage(messages: offsets.map { message($0) }, more: more)
    }

    /// Actions in short: "3" is the delivery of the message at 3.
    private func short(_ effects: [RoomLog.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .deliver(let message): return "\(message.position.offset)"
            case .read(let after, let failures): return "read \(after.offset)" + (failures > 0 ? " after \(failures)" : "")
            case .rejoin: return "rejoin"
            case .behind(let joinedAt): return "behind" + (joinedAt.map { ", joined \($0.epoch)\($0.offset)" } ?? "")
            case .joined(let joined):
                return "\(joined.recovered ? "joined" : "lost, joined") \(joined.position.epoch)\(joined.position.offset)"
            }
        }
    }

    private func live(_ offset: Int64, maxHeld: Int = 100) -> RoomLog {
        var log = RoomLog(maxHeld: maxHeld)
        log.begin(since: nil)
        log.joining()
        XCTAssertEqual(short(log.joined(JoinAnswer(position: at(offset)))), ["joined e\(offset)"])
        return log
    }

    private func rejoining(_ offset: Int64) -> RoomLog {
        var log = live(offset)
        log.away()
        log.joining()
        return log
    }

    private func lost(_ position: Position) -> JoinAnswer { JoinAnswer(position: position) }

    private func recovered(_ position: Position, _ offsets: ClosedRange<Int64>) -> JoinAnswer {
        JoinAnswer(position: position, recovered: true, messages: offsets.map { message($0) })
    }

    func testNeverGoesBackToBeforeWhatItHasReadMeanwhile() {
        var log = live(0)
        XCTAssertEqual(short(log.received(message(3))), ["read 0"])
        XCTAssertEqual(short(log.page(page(1...4, more: true))), ["1", "2", "3", "4"])
        XCTAssertEqual(short(log.received(message(5))), ["5"])
    }

    func testBeginsWhereTheFirstJoinIs() {
        var log = live(5)
        XCTAssertEqual(log.position, at(5))
        XCTAssertEqual(short(log.received(message(6))), ["6"])
        XCTAssertEqual(log.position, at(6))
    }

    func testBeginsAfterTheSinceOfTheApplication() {
        var log = RoomLog()
        log.begin(since: at(3))
        log.joining()
        XCTAssertEqual(short(log.joined(recovered(at(5), 4...5))), ["4", "5", "joined e5"])
    }

    func testDropsWhatWasDelivered() {
        var log = live(5)
        XCTAssertEqual(short(log.received(message(5)) + log.received(message(1))), [])
    }

    func testReadsWhatIsMissingAndHoldsWhatComesMeanwhile() {
        var log = live(5)
        XCTAssertEqual(short(log.received(message(8))), ["read 5"])
        XCTAssertEqual(short(log.received(message(9))), [])
        XCTAssertEqual(short(log.page(page(6...7))), ["6", "7", "8", "9"])
        XCTAssertEqual(short(log.received(message(10))), ["10"])
    }

    func testDeliversWhatIsRecoveredThenSaysSoThenWhatCameLive() {
        var log = rejoining(5)
        XCTAssertEqual(short(log.received(message(8))), [])
        XCTAssertEqual(short(log.joined(recovered(at(7), 6...7))), ["6", "7", "joined e7", "8"])
    }

    func testPagesThroughTheLogWhereTheAnswerHasNotEverything() {
        var log = rejoining(5)
        XCTAssertEqual(short(log.joined(lost(at(9)))), ["read 5"])
        XCTAssertEqual(short(log.page(page(6...7, more: true))), ["6", "7", "read 7"])
        XCTAssertEqual(short(log.page(page(8...9))), ["8", "9", "joined e9"])
    }

    func testCountsAsRecoveredWhereNothingWasMissed() {
        var log = rejoining(5)
        XCTAssertEqual(short(log.joined(lost(at(5)))), ["joined e5"])
    }

    func testDeclaresLostWhatCannotBeReadUpToTheJoin() {
        var log = rejoining(5)
        _ = log.joined(lost(at(9)))
        _ = log.received(message(10))
        XCTAssertEqual(short(log.unreadable()), ["lost, joined e9", "10"])
    }

    func testDeclaresLostWhatCannotBeReadUpToTheFirstLiveMessage() {
        var log = live(5)
        _ = log.received(message(8))
        XCTAssertEqual(short(log.unreadable()), ["lost, joined e7", "8"])
    }

    func testGoesOnInAnotherLog() {
        var log = rejoining(5)
        XCTAssertEqual(short(log.joined(lost(at(2, "f")))), ["lost, joined f2"])
        XCTAssertEqual(short(log.received(message(3, "f"))), ["3"])
    }

    func testGoesBackToWhereAShorterLogEnds() {
        var log = rejoining(5)
        XCTAssertEqual(short(log.joined(lost(at(4)))), ["lost, joined e4"])
    }

    func testJoinsAgainWhenAMessageOfAnotherLogComes() {
        var log = live(5)
        XCTAssertEqual(short(log.received(message(3, "f"))), ["rejoin"])
        log.joining()
        XCTAssertEqual(short(log.joined(lost(at(2, "f")))), ["lost, joined f2", "3"])
    }

    func testDoesNotTripOverOneStrayMessage() {
        var log = live(5)
        _ = log.received(message(3, "f"))
        log.joining()
        XCTAssertEqual(short(log.joined(JoinAnswer(position: at(5), recovered: true))), ["joined e5"])
        XCTAssertEqual(short(log.received(message(6))), ["6"])
    }

    func testHoldsOnlySoManyLiveMessages() {
        var log = live(0, maxHeld: 2)
        for offset in [2, 3, 4] as [Int64] { _ = log.received(message(offset)) }
        XCTAssertEqual(short(log.page(page(1...2))), ["1", "2", "read 2"])
        XCTAssertEqual(short(log.page(page(3...3))), ["3", "4"])
    }

    func testWaitsForTheReaderAndReadsTheRestOfTheLogThen() {
        var log = live(0, maxHeld: 2)
        log.space = 1
        XCTAssertEqual(short(log.received(message(1))), ["1"])
        // Too much to be held, and of no use: it is in the log.
        XCTAssertEqual(short((2...9).flatMap { log.received(message($0)) }), ["behind"])
        XCTAssert(log.isBehind)
        XCTAssertEqual(short(log.resumed()), [])
        log.space = 3
        XCTAssertEqual(short(log.resumed()), ["read 1"])
        XCTAssertEqual(short(log.page(page(2...4, more: true))), ["2", "3", "4", "behind"])
        log.space = 9
        XCTAssertEqual(short(log.resumed()), ["read 4"])
        XCTAssertEqual(short(log.page(page(5...9))), ["5", "6", "7", "8", "9"])
        XCTAssertEqual(short(log.received(message(10))), ["10"])
    }

    func testSaysThatTheJoinWaitsForTheReaderAndThenThatItIsComplete() {
        var log = rejoining(5)
        log.space = 2
        XCTAssertEqual(short(log.joined(recovered(at(9), 6...9))), ["6", "7", "behind, joined e9"])
        log.space = 2
        XCTAssertEqual(short(log.resumed()), ["read 7"])
        XCTAssertEqual(short(log.page(page(8...9))), ["8", "9", "joined e9"])
    }

    func testDeclaresInItsPlaceWhatTheLogDidNotKeepForASlowReader() {
        var log = live(0)
        log.space = 1
        XCTAssertEqual(short(log.received(message(1)) + log.received(message(2))), ["1", "behind"])
        log.away()
        log.joining()
        log.space = 0
        XCTAssertEqual(short(log.joined(lost(at(9)))), ["behind, joined e9"])
        log.space = 5
        XCTAssertEqual(short(log.resumed()), ["read 1"])
        XCTAssertEqual(short(log.unreadable()), ["lost, joined e9"])
        XCTAssertEqual(short(log.received(message(10))), ["10"])
    }

    func testDoesNotTakeAReaderWithoutSpaceForALogWithoutMessages() {
        var log = live(0)
        _ = log.received(message(3))
        log.space = 0
        for _ in 0..<20 {
            XCTAssertEqual(short(log.page(page(1...2))), ["behind"])
            log.space = 2
            XCTAssertEqual(short(log.resumed()), ["read 0"])
            log.space = 0
        }
    }

    func testReadsAgainAfterAFailure() {
        var log = live(0)
        _ = log.received(message(3))
        XCTAssertEqual(short(log.readingFailed()), ["read 0 after 1"])
        XCTAssertEqual(short(log.readingFailed()), ["read 0 after 2"])
        XCTAssertEqual(short(log.page(page(1...1, more: true))), ["1", "read 1"])
    }

    func testGivesUpALogThatNeverHasWhatItMustHave() {
        var log = live(0)
        _ = log.received(message(3))
        let effects = (0..<9).map { _ in short(log.page(HistoryPage(messages: [], more: false))) }
        XCTAssertEqual(effects.dropLast().flatMap { $0 }, (1...8).map { "read 0 after \($0)" })
        XCTAssertEqual(effects.last, ["lost, joined e2", "3"])
    }

    func testTakesNothingOutOfItsOrderFromAPageWithAHole() {
        var log = live(0)
        _ = log.received(message(4))
        XCTAssertEqual(short(log.page(HistoryPage(messages: [message(1), message(3)], more: false))), ["1", "read 1"])
    }

    func testHearsNothingWhileAway() {
        var log = live(5)
        _ = log.received(message(8))
        log.away()
        let effects = log.received(message(6)) + log.page(page(6...7)) + log.unreadable() + log.readingFailed()
        XCTAssertEqual(effects + log.joined(lost(at(9))), [])
        XCTAssertEqual(log.position, at(5))
    }

    /// Against a server that loses broadcasts, connections and old messages.
    func testDeliversEachMessageOnceAndInOrderWhateverHappens() {
        for seed in 0..<1_000 as Range<UInt64> {
            var world = LogSimulation(seed: seed)
            for _ in 0..<80 { world.step() }
            world.settle()
            XCTAssertNil(world.breach, "seed \(seed)")
            XCTAssertEqual(world.log.position, at(world.end), "seed \(seed)")
            if !world.hasTrimmed { XCTAssertFalse(world.declaredLoss, "seed \(seed)") }
        }
    }
}

/// A server's log, a network, and a device on it.
private struct LogSimulation {
    var log: RoomLog
    var end: Int64 = 0
    var breach: String?
    var declaredLoss = false
    var hasTrimmed = false

    private enum Question {
        case join(Position?)
        case read(Position)
    }

    private var random: SeededRandom
    private var oldest: Int64 = 1
    private var isConnected = false
    private var question: Question?
    private var onTheWay: [Int64] = []
    private var told: Int64?
    private let pageSize: Int64
    /// Messages that the reader can take.
    private var space = Int.max

    init(seed: UInt64) {
        random = SeededRandom(seed)
        pageSize = Int64.random(in: 1...4, using: &random)
        log = RoomLog(maxHeld: Int.random(in: 1...4, using: &random))
        log.begin(since: nil)
    }

    mutating func step() {
        switch Int.random(in: 0..<22, using: &random) {
        case 0..<5: publish(isLost: false)
        case 5..<7: publish(isLost: true)
        case 7..<11: arrive()
        case 11..<15: answer()
        case 15..<17: connect()
        case 17: cut()
        case 18: fail()
        case 19: space = Int.random(in: 0...2, using: &random)
        case 20: read()
        default:
            oldest = max(oldest, end - 2)
            hasTrimmed = true
        }
    }

    /// Lets everything come to rest, with one more message that tells of all before it.
    mutating func settle() {
        space = .max
        read()
        connect()
        rest()
        publish(isLost: false)
        rest()
    }

    private mutating func rest() {
        for _ in 0..<500 where question != nil || !onTheWay.isEmpty {
            answer()
            arrive()
        }
    }

    /// The reader has taken something.
    private mutating func read() {
        if space < .max { space += 3 }
        perform { $0.resumed() }
    }

    private mutating func publish(isLost: Bool) {
        end += 1
        if isConnected, !isLost { onTheWay.append(end) }
    }

    private mutating func arrive() {
        if onTheWay.isEmpty { return }
        let message = messageAt(at(onTheWay.removeFirst()))
        perform { $0.received(message) }
    }

    private mutating func connect() {
        if isConnected { return }
        isConnected = true
        join()
    }

    private mutating func join() {
        log.joining()
        question = .join(log.position)
    }

    private mutating func cut() {
        isConnected = false
        question = nil
        onTheWay = []
        log.away()
    }

    private mutating func fail() {
        guard case .read? = question else { return }
        question = nil
        perform { $0.readingFailed() }
    }

    private mutating func answer() {
        guard let question else { return }
        self.question = nil
        switch question {
        case .join(let since):
            let isKept = since.map { $0.offset + 1 >= oldest && end - $0.offset <= 3 } ?? false
            let missed = isKept ? messages(after: since!.offset, limit: end) : []
            let answer = JoinAnswer(position: at(end), recovered: isKept, messages: missed)
            perform { $0.joined(answer) }
        case .read(let after):
            if after.offset + 1 < oldest { return perform { $0.unreadable() } }
            let messages = messages(after: after.offset, limit: pageSize)
            let page = HistoryPage(messages: messages, more: after.offset + pageSize < end)
            perform { $0.page(page) }
        }
    }

    private func messages(after offset: Int64, limit: Int64) -> [RoomMessage] {
        stride(from: offset + 1, through: min(end, offset + limit), by: 1).map { messageAt(at($0)) }
    }

    private mutating func perform(_ method: (inout RoomLog) -> [RoomLog.Effect]) {
        log.space = space
        for effect in method(&log) {
            switch effect {
            case .behind(let position):
                if space > 0 { breach = "behind at \(String(describing: position)) with space for \(space)" }
            case .deliver(let message):
                if space < .max { space -= 1 }
                if space < 0 { breach = "no space for \(message.position)" }
                if let told, message.position.offset != told + 1 { breach = "\(message.position) after \(told)" }
                told = message.position.offset
            case .joined(let joined):
                if let told, joined.recovered, joined.position.offset > told { breach = "complete at \(told)" }
                if !joined.recovered { declaredLoss = true }
                told = max(told ?? 0, joined.position.offset)
            case .read(let after, _): question = .read(after)
            case .rejoin: join()
            }
        }
    }
}
