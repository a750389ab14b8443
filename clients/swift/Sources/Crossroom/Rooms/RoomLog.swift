/// What a device has of a room's log: each message once, in order, and no gap that is not declared. A state machine with no
/// I/O: each method takes what happened and returns what is to be done, in order. docs/rooms-api.md, 5, is its rule: what is
/// broadcast is a hint, the log is the truth. It goes at the reader's pace: what there is no space for is read from the log later.
struct RoomLog {
    enum Effect: Equatable {
        case deliver(RoomMessage)
        /// Read the log after this position. `failures`, from 0: how often in a row that brought nothing.
        case read(after: Position, failures: Int)
        /// Join again: the log is another one.
        case rejoin
        /// All up to the position was delivered; or, if not `recovered`, what lies between the last message and it is lost.
        case joined(Joined)
        /// There is more, and no space for it: `resumed` is to be called when there is some. The position is where one joined, as long as
        /// that was not reached.
        case behind(Position?)
    }

    /// "joining" is from the call to its ack; "repairing" is while the log is read; "behind" is while the reader is waited for. In these,
    /// live messages are held.
    private enum Mode { case away, joining, repairing, behind, live }

    /// Readings in a row that brought nothing although something is missing, before it is declared lost.
    private static let maxEmptyPages = 8

    /// Of the last message that was given out for delivery, or where one joined.
    private(set) var position: Position?
    /// Messages that the reader can take: to be set before any method is called.
    var space = Int.max
    /// Live messages that wait, at most. With one more they are all dropped, and read from the log too.
    private let maxHeld: Int
    private var mode = Mode.away
    /// Live messages that cannot be delivered yet, in the order in which they came.
    private var held: [RoomMessage] = []
    /// The furthest position that the server told of.
    private var heard: Position?
    /// Where the join was answered to be, until everything up to there is delivered or declared lost.
    private var joinedAt: Position?
    private var emptyPages = 0
    private var failures = 0

    init(maxHeld: Int = 1_000) { self.maxHeld = maxHeld }

    var isBehind: Bool { mode == .behind }

    /// The room is joined anew: after `since`, or wherever the log is when the join is answered.
    mutating func begin(since: Position?) {
        away()
        position = since
    }

    /// `join` is called, with `since` the position.
    mutating func joining() {
        if mode == .joining { return }
        away()
        mode = .joining
    }

    /// The connection is lost, or the room was left. What was held comes again with the next join.
    mutating func away() {
        mode = .away
        held = []
        heard = nil
        joinedAt = nil
        startCounting()
    }

    /// The call was answered.
    mutating func joined(_ answer: JoinAnswer) -> [Effect] {
        guard mode == .joining else { return [] }
        mode = .repairing
        joinedAt = answer.position
        // What is of another log than the one that was joined is old news.
        held = held.filter { $0.position.epoch == answer.position.epoch }
        hear(answer.position)
        let at = position ?? answer.position
        position = at
        if at.epoch != answer.position.epoch || at.offset > answer.position.offset { return skip() }
        var effects = arrive()
        effects += take(answer.recovered ? answer.messages : [])
        return effects + goOn()
    }

    /// A message was broadcast.
    mutating func received(_ message: RoomMessage) -> [Effect] {
        if mode == .away { return [] }
        if held.count >= maxHeld { held = [] }
        held.append(message)
        hear(message.position)
        return mode == .live ? goOn() : []
    }

    /// The reading that was asked for brought this.
    mutating func page(_ page: HistoryPage) -> [Effect] {
        guard mode == .repairing else { return [] }
        let hasSpace = space > 0
        let taken = take(page.messages)
        let isEmptyPage = hasSpace && !taken.contains { if case .deliver = $0 { return true } else { return false } }
        emptyPages = isEmptyPage ? emptyPages + 1 : 0
        failures = isEmptyPage ? failures + 1 : 0
        return taken + (emptyPages > Self.maxEmptyPages ? skip() : goOn())
    }

    /// The reader has space again.
    mutating func resumed() -> [Effect] { mode == .behind ? goOn() : [] }

    /// The reading that was asked for failed; it may be tried again.
    mutating func readingFailed() -> [Effect] {
        guard mode == .repairing else { return [] }
        failures += 1
        return goOn()
    }

    /// What was asked for cannot be read any more.
    mutating func unreadable() -> [Effect] { mode == .repairing ? skip() : [] }

    private mutating func hear(_ position: Position) {
        if position.epoch != heard?.epoch || position.offset > (heard?.offset ?? -1) { heard = position }
    }

    /// Delivers messages of the log, as far as they are the next ones.
    private mutating func take(_ messages: [RoomMessage]) -> [Effect] {
        var effects: [Effect] = []
        for message in messages {
            guard space > 0, isNext(message.position) else { break }
            space -= 1
            position = message.position
            effects.append(.deliver(message))
            effects += arrive()
        }
        return effects
    }

    private func isNext(_ next: Position) -> Bool {
        guard let position else { return false }
        return next.epoch == position.epoch && next.offset == position.offset + 1
    }

    /// Says that the join is complete, once everything up to its position is delivered.
    private mutating func arrive() -> [Effect] {
        guard let joinedAt, hasReached(joinedAt) else { return [] }
        self.joinedAt = nil
        return [.joined(Joined(recovered: true, position: joinedAt))]
    }

    private func hasReached(_ other: Position) -> Bool {
        guard let position else { return false }
        return other.epoch == position.epoch && position.offset >= other.offset
    }

    /// Delivers what is held as far as it is in order, and has the rest read.
    private mutating func goOn() -> [Effect] {
        var effects: [Effect] = []
        var done = 0
        for message in held {
            guard hasReached(message.position) || (space > 0 && isNext(message.position)) else { break }
            effects += take([message])
            done += 1
        }
        held.removeFirst(done)
        return effects + next()
    }

    private mutating func next() -> [Effect] {
        guard let position, let heard else { return [] }
        let heldEpoch = held.first?.position.epoch ?? position.epoch
        if heard.epoch != position.epoch || heldEpoch != position.epoch {
            mode = .joining  // and not `joining()`: what is held may be after the position that the join gives
            return [.rejoin]
        }
        if position.offset >= heard.offset {
            mode = .live
            startCounting()
            return []
        }
        if space <= 0 {
            let wasBehind = mode == .behind
            mode = .behind
            return wasBehind ? [] : [.behind(joinedAt)]
        }
        mode = .repairing
        return [.read(after: position, failures: failures)]
    }

    /// Gives up what is missing: up to where one joined, or else up to the first message that is held.
    private mutating func skip() -> [Effect] {
        // Where there is none, nothing is missing that anybody knows of.
        guard let target = joinedAt ?? beforeHeld() else { return goOn() }
        position = target
        joinedAt = nil
        startCounting()
        return [.joined(Joined(recovered: false, position: target))] + goOn()
    }

    private func beforeHeld() -> Position? {
        // Not one that has come from the log meanwhile: the position must not go back.
        let first = held.first { $0.position.epoch == position?.epoch && !hasReached($0.position) }?.position
        if let first { return Position(epoch: first.epoch, offset: first.offset - 1) }
        return heard.flatMap { hasReached($0) ? nil : $0 }
    }

    private mutating func startCounting() {
        emptyPages = 0
        failures = 0
    }
}
