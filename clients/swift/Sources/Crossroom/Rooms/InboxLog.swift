/// How far this device has processed its inbox: one item at a time, in order; each at least once, and again only after the program ended
/// between processing it and keeping its position. A state machine with no I/O: methods
/// return what is to be done, in order. docs/rooms-api.md, 9, is its rule.
struct InboxLog {
    enum Effect: Equatable {
        case process(InboxItem)
        /// Keep the position, so that it outlasts the program.
        case keep(Position)
        /// Tell the server; then call `acked` or `ackFailed`, unless the connection is lost before.
        case ack(Position)
    }

    /// Up to where this device has processed it.
    private(set) var cursor: Position?
    private var queue: [InboxItem] = []
    private var current: InboxItem?
    /// Of the last item that was taken into the queue: what is not after it has come before.
    private var last: Position?
    private var isOpen = false
    private var isAcking = false
    private var hasProcessor = false
    /// What the server has not been told yet.
    private var due: Position?

    /// - Parameter processed: what was kept of an earlier run.
    init(processed: Position?) {
        cursor = processed
        last = processed
    }

    /// The inbox is open on this connection, from the server's cursor on.
    mutating func opened(_ cursor: Position) -> [Effect] {
        isOpen = true
        isAcking = false
        // The server has what was processed, by `since`; and where this device knows nothing, it begins at the cursor.
        let isBehind = !Self.isReached(cursor, self.cursor)
        if isBehind { self.cursor = cursor }
        if !Self.isReached(cursor, last) { last = cursor }
        // Processed elsewhere, under this device's name; or told in the words of a log that is gone.
        queue = queue.filter { !Self.isReached($0.position, cursor) }
        if due?.epoch != cursor.epoch { due = nil }
        return (isBehind ? [.keep(cursor)] : []) + ack()
    }

    /// The connection is lost. What has come already is still processed.
    mutating func away() { isOpen = false }

    mutating func received(_ item: InboxItem) -> [Effect] {
        if Self.isReached(item.position, last) { return [] }
        last = item.position
        queue.append(item)
        return process()
    }

    /// There is somebody to process items, or nobody any more: then the item in hand comes again.
    mutating func processing(_ isPossible: Bool) -> [Effect] {
        hasProcessor = isPossible
        if !isPossible { putBack() }
        return process()
    }

    /// The item in hand was processed.
    mutating func done() -> [Effect] {
        guard let position = current?.position else { return [] }
        current = nil
        cursor = position
        due = position
        var effects: [Effect] = [.keep(position)]
        effects += ack()
        return effects + process()
    }

    /// The item in hand could not be processed; it comes again with `processing`.
    mutating func failed() {
        putBack()
        hasProcessor = false
    }

    /// The server knows; or it does not want to.
    mutating func acked() -> [Effect] {
        isAcking = false
        return ack()
    }

    /// The position is still to be told: now, or with the next `opened`.
    mutating func ackFailed(_ position: Position) -> [Effect] {
        due = due ?? position
        return acked()
    }

    /// Another connection of this device has the inbox, which goes on to process it. What was not told is told when that has gone.
    mutating func taken(_ position: Position) {
        isOpen = false
        isAcking = false
        due = due ?? position
    }

    /// This connection has the inbox again; items that are not processed come again.
    mutating func returned() -> [Effect] {
        isOpen = true
        return ack()
    }

    private mutating func putBack() {
        if let current { queue.insert(current, at: 0) }
        current = nil
    }

    private mutating func process() -> [Effect] {
        guard hasProcessor, current == nil, !queue.isEmpty else { return [] }
        let item = queue.removeFirst()
        current = item
        return [.process(item)]
    }

    /// One ack at a time: what is processed meanwhile goes into the next one, which covers all before it.
    private mutating func ack() -> [Effect] {
        guard let position = due, isOpen, !isAcking else { return [] }
        due = nil
        isAcking = true
        return [.ack(position)]
    }

    /// Whether `position` is not after `known`. Positions of another epoch are always new.
    private static func isReached(_ position: Position, _ known: Position?) -> Bool {
        guard let known else { return false }
        return position.epoch == known.epoch && position.offset <= known.offset
    }
}
