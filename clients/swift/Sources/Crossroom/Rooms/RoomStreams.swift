/// The streams of a room: what has come and was not read, and how far its readers are. The slowest sets the pace.
@CrossroomActor
final class RoomStreams {
    /// Something was read, or a stream has gone: there may be more space.
    var drained: @CrossroomActor () -> Void = {}

    /// Of the last message that every reader was handed, or where one joined; never ahead of any.
    private(set) var position: Position?

    private let events = Broadcast<RoomEvent>()
    private let messages = Broadcast<RoomMessage>()
    private let limit: Int
    /// Of what was pushed last: numbers of messages and of losses, from 1.
    private var mark = 0
    /// Those that not every reader has been handed, in order.
    private var marks: [(mark: Int, position: Position)] = []
    private var isPushing = false

    init(limit: Int) {
        self.limit = limit
        // Only what is handed over moves the position: a stream that was let go with something in it does not.
        events.took = { [weak self] in self?.advance() }
        messages.took = events.took
        events.drained = { [weak self] in self?.drained() }
        messages.drained = events.drained
    }

    /// What happens from now on.
    func eventStream() -> EventStream<RoomEvent> { events.stream(limit: limit, mark: mark) }

    /// The messages from now on.
    func messageStream() -> EventStream<RoomMessage> { messages.stream(limit: limit, mark: mark) }

    /// Messages that all readers can take. Where nobody reads there is space for any number.
    var space: Int { readers.map { limit - $0.count }.min() ?? .max }

    func deliver(_ message: RoomMessage) {
        add(message.position)
        isPushing = true
        events.push(.message(message), mark: mark, overflow: .grow)
        messages.push(message, mark: mark, overflow: .grow)
        isPushing = false
        advance()
    }

    func joined(_ joined: Joined) {
        if position == nil { place(joined.position) }
        if joined.recovered {
            events.push(.joined(joined), overflow: .replace { if case .joined(let other) = $0 { other.recovered } else { false } })
        } else if !events.subscriptions.isEmpty {
            add(joined.position)
            isPushing = true
            events.push(.joined(joined), mark: mark, overflow: .grow)
            isPushing = false
            advance()
        }
    }

    func left(_ error: CrossroomError) { events.push(.left(error), overflow: .grow) }

    /// Whoever reads slowly may miss it.
    func signal(_ signal: Signal) { events.push(.signal(signal), overflow: .drop) }

    /// Whoever reads slowly is told the last of several.
    func presence(_ people: Members) {
        let event = RoomEvent.presence(members: people.list, count: people.count, isCounted: people.isCounted)
        events.push(event, overflow: .replace { if case .presence = $0 { true } else { false } })
    }

    /// The application begins at this position, or goes back to it: what is after it and was not read comes again.
    func goBack(to position: Position) {
        for subscription in events.subscriptions.values { subscription.remove { if case .message = $0 { true } else { false } } }
        for subscription in messages.subscriptions.values { subscription.remove { _ in true } }
        place(position)
    }

    /// The room is joined anew, nobody knows where yet.
    func begin() { place(nil) }

    func endMessages(_ error: CrossroomError?) { messages.end(error) }

    func endEvents() { events.end() }

    /// Ends the streams that have taken nothing since `before`, and that others wait for.
    func endStalled(since before: [ObjectIdentifier: Int]) {
        let all = readers
        guard all.contains(where: { $0.count == 0 }) else { return }
        for reader in all where reader.count >= limit && before[reader.id] == reader.taken { reader.fail() }
        drained()
    }

    /// How much each reader has taken so far.
    var progress: [ObjectIdentifier: Int] { Dictionary(uniqueKeysWithValues: readers.map { ($0.id, $0.taken) }) }

    private struct Reader {
        let id: ObjectIdentifier
        let count: Int
        let taken: Int
        let mark: Int
        let fail: @CrossroomActor () -> Void

        @CrossroomActor
        init<Element>(_ subscription: Subscription<Element>) {
            (id, count, taken, mark) = (ObjectIdentifier(subscription), subscription.count, subscription.taken, subscription.mark)
            fail = { subscription.end(.tooSlow(subscription.limit)) }
        }
    }

    private var readers: [Reader] { events.subscriptions.values.map { Reader($0) } + messages.subscriptions.values.map { Reader($0) } }

    private func place(_ position: Position?) {
        self.position = position
        marks = []
    }

    private func add(_ position: Position) {
        mark += 1
        // Where nobody reads nothing is handed to anybody.
        if !events.subscriptions.isEmpty || !messages.subscriptions.isEmpty { marks.append((mark, position)) }
    }

    /// Readers that have nothing to read have been handed all.
    private func advance() {
        // Not between the streams that one message is pushed to.
        if isPushing || marks.isEmpty { return }
        guard let reached = readers.map({ $0.count == 0 ? mark : $0.mark }).min() else {
            marks = []
            return
        }
        let done = marks.prefix { $0.mark <= reached }
        guard let last = done.last else { return }
        position = last.position
        marks.removeFirst(done.count)
    }
}
