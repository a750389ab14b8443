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
    private func short(_ actions: [RoomLog.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .deliver(let message): return "\(message.position.offset)"
            case .read(let after, let failures): return "read \(after.offset)" + (failures > 0 ? " after \(failures)" : "")
            case .rejoin: return "rejoin"
            case .joined(let joined):
                return "\(joined.recovered ? "joined" : "lost, joined") \(joined.position.epoch)\(joined.position.offset)"
            }
        }
    }

    private let limits = RoomLog.Limits(held: 100, repaired: 1_000)

    private func live(_ offset: Int64, _ limits: RoomLog.Limits? = nil) -> RoomLog {
        var log = RoomLog(limits: limits ?? self.limits)
        log.begin(since: nil)
        log.joining()
        XCTAssertEqual(short(log.joined(JoinAnswer(position: at(offset)))), ["joined e\(offset)"])
        return log
    }

    private func rejoining(_ offset: Int64, _ limits: RoomLog.Limits? = nil) -> RoomLog {
        var log = live(offset, limits)
        log.away()
        log.joining()
        return log
    }

    private func lost(_ position: Position) -> JoinAnswer { JoinAnswer(position: position) }

    private func recovered(_ position: Position, _ offsets: ClosedRange<Int64>) -> JoinAnswer {
        JoinAnswer(position: position, recovered: true, messages: offsets.map { message($0) })
    }

    func testNeverGoesBackToBeforeWhatItHasReadMeanwhile() {
        var log = live(0, RoomLog.Limits(held: 100, repaired: 4))
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
        var log = live(0, .init(held: 2, repaired: 1_000))
        for offset in [2, 3, 4] as [Int64] { _ = log.received(message(offset)) }
        XCTAssertEqual(short(log.page(page(1...2))), ["1", "2", "read 2"])
        XCTAssertEqual(short(log.page(page(3...3))), ["3", "4"])
    }

    func testReadsOnlySoManyMessagesInARow() {
        var log = rejoining(0, .init(held: 2, repaired: 4))
        _ = log.joined(lost(at(9)))
        _ = log.page(page(1...2, more: true))
        XCTAssertEqual(short(log.page(page(3...4, more: true))), ["3", "4", "lost, joined e9"])
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
        let actions = (0..<9).map { _ in short(log.page(HistoryPage(messages: [], more: false))) }
        XCTAssertEqual(actions.dropLast().flatMap { $0 }, (1...8).map { "read 0 after \($0)" })
        XCTAssertEqual(actions.last, ["lost, joined e2", "3"])
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
        let actions = log.received(message(6)) + log.page(page(6...7)) + log.unreadable() + log.readingFailed()
        XCTAssertEqual(actions + log.joined(lost(at(9))), [])
        XCTAssertEqual(log.position, at(5))
    }

    /// Against a server that loses broadcasts, connections and old messages.
    func testDeliversEachMessageOnceAndInOrderWhateverHappens() {
        for seed in 0..<1_000 as Range<UInt64> {
            var world = LogWorld(seed: seed)
            for _ in 0..<80 { world.step() }
            world.settle()
            XCTAssertNil(world.breach, "seed \(seed)")
            XCTAssertEqual(world.log.position, at(world.end), "seed \(seed)")
            if !world.hasTrimmed { XCTAssertFalse(world.declaredLoss, "seed \(seed)") }
        }
    }
}

/// A server's log, a network, and a device on it.
private struct LogWorld {
    var log: RoomLog
    var end: Int64 = 0
    var breach: String?
    var declaredLoss = false
    var hasTrimmed = false

    private enum Question { case join(Position?), read(Position) }

    private var random: SeededRandom
    private var oldest: Int64 = 1
    private var isConnected = false
    private var question: Question?
    private var onTheWay: [Int64] = []
    private var told: Int64?
    private let pageSize: Int64

    init(seed: UInt64) {
        random = SeededRandom(seed)
        pageSize = Int64.random(in: 1...4, using: &random)
        log = RoomLog(limits: .init(held: Int.random(in: 1...4, using: &random), repaired: 1_000))
        log.begin(since: nil)
    }

    mutating func step() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5: publish(isLost: false)
        case 5..<7: publish(isLost: true)
        case 7..<11: arrive()
        case 11..<15: answer()
        case 15..<17: connect()
        case 17: cut()
        case 18: fail()
        default:
            oldest = max(oldest, end - 2)
            hasTrimmed = true
        }
    }

    /// Lets everything come to rest, with one more message that tells of all before it.
    mutating func settle() {
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

    private mutating func publish(isLost: Bool) {
        end += 1
        if isConnected, !isLost { onTheWay.append(end) }
    }

    private mutating func arrive() {
        if !onTheWay.isEmpty { perform(log.received(messageAt(at(onTheWay.removeFirst())))) }
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
        perform(log.readingFailed())
    }

    private mutating func answer() {
        guard let question else { return }
        self.question = nil
        switch question {
        case .join(let since):
            let isKept = since.map { $0.offset + 1 >= oldest && end - $0.offset <= 3 } ?? false
            let missed = isKept ? messages(after: since!.offset, limit: end) : []
            perform(log.joined(JoinAnswer(position: at(end), recovered: isKept, messages: missed)))
        case .read(let after):
            if after.offset + 1 < oldest { return perform(log.unreadable()) }
            let page = messages(after: after.offset, limit: pageSize)
            perform(log.page(HistoryPage(messages: page, more: after.offset + pageSize < end)))
        }
    }

    private func messages(after offset: Int64, limit: Int64) -> [RoomMessage] {
        stride(from: offset + 1, through: min(end, offset + limit), by: 1).map { messageAt(at($0)) }
    }

    private mutating func perform(_ actions: [RoomLog.Action]) {
        for action in actions {
            switch action {
            case .deliver(let message):
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
