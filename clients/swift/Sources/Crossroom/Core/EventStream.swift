/// Events, in the order in which they came, for one reader: `for try await event in stream { ... }`.
///
/// What has come and was not read yet is bounded. The stream ends, or fails with a `CrossroomError`, where the function that
/// makes it says so; it also ends when the reader's task is cancelled. A stream that nobody holds any more costs nothing.
public struct EventStream<Element: Sendable>: AsyncSequence, Sendable {
    private let handle: Handle

    @CrossroomActor
    init(_ channel: Channel<Element>) { handle = Handle(channel) }

    /// The reader's end of the stream. There is one stream behind all of its iterators.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Reads a stream.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        /// The next event; nil at the end.
        /// - Throws: `CrossroomError`, once.
        public mutating func next() async throws -> Element? { try await handle.channel.next() }
    }

    /// Knows when the last reader has gone.
    fileprivate final class Handle: Sendable {
        let channel: Channel<Element>

        init(_ channel: Channel<Element>) { self.channel = channel }

        deinit {
            Task { @CrossroomActor [channel] in channel.abandon() }
        }
    }
}

/// The inside of a stream: fed by the client, read by the application.
@CrossroomActor
final class Channel<Element: Sendable> {
    /// What to do with an element that would be one too many.
    enum Overflow {
        /// End the stream with `too_slow`.
        case fail
        /// Keep it all the same: whoever pushes it bounds how many there are.
        case grow
        case drop
        /// Keep it in place of the last one that is of its kind.
        case replace((Element) -> Bool)
    }

    private var buffer: [(element: Element, mark: Int)] = []
    /// Of the first element of `buffer` that was not read yet.
    private var head = 0
    private var readers: [Promise<Element?>] = []
    private var isEnded = false
    private var error: CrossroomError?
    let limit: Int
    /// How many elements were read.
    private(set) var taken = 0
    /// The last mark that was read: a number of the pusher's; 0 before.
    var mark = 0
    /// Called once when it is over, whoever ended it.
    private var ended: (@CrossroomActor (Channel) -> Void)?
    /// Called whenever something was read.
    var took: (@CrossroomActor () -> Void)?
    /// Called whenever there may be more space: something was read, or nobody reads any more.
    var drained: (@CrossroomActor () -> Void)?

    /// - Parameter limit: elements that may wait to be read; one more ends the stream with `too_slow`.
    init(limit: Int, ended: @escaping @CrossroomActor (Channel) -> Void) {
        self.limit = limit
        self.ended = ended
    }

    /// Elements that wait to be read.
    var count: Int { buffer.count - head }

    /// - Parameter mark: a number to know it by, 0 for none.
    func push(_ element: Element, mark: Int = 0, overflow: Overflow = .fail) {
        if isEnded { return }
        if !readers.isEmpty {
            readers.removeFirst().resolve(element)
            took(mark)
        } else if count < limit {
            buffer.append((element, mark))
        } else {
            switch overflow {
            case .fail: end(.tooSlow(limit))
            case .grow: buffer.append((element, mark))
            case .drop: break
            case .replace(let isOfItsKind):
                if let index = buffer[head...].lastIndex(where: { isOfItsKind($0.element) }) { buffer.remove(at: index) }
                buffer.append((element, mark))
            }
        }
    }

    /// Forgets what was not read yet, as far as it is such.
    func remove(where isSuch: (Element) -> Bool) {
        buffer = buffer[head...].filter { !isSuch($0.element) }
        head = 0
    }

    /// Nothing more will come. With an error, the reader gets it after what was pushed before.
    func end(_ error: CrossroomError? = nil) {
        if isEnded { return }
        isEnded = true
        self.error = error
        for reader in readers { finish(reader) }
        readers = []
        let ended = self.ended
        self.ended = nil
        ended?(self)
    }

    /// Nobody reads any more.
    func abandon() {
        buffer = []
        head = 0
        end()
        drained?()
    }

    func next() async throws -> Element? {
        if Task.isCancelled { return nil }
        if count > 0 { return take() }
        do {
            return try await promised { promise in
                if isEnded { return finish(promise) }
                readers.append(promise)
                promise.onCancel = { self.readers.removeAll { $0 === promise } }
            }
        } catch let error as CrossroomError where error.code == .aborted && Task.isCancelled {
            return nil
        }
    }

    private func take() -> Element {
        let (element, mark) = buffer[head]
        head += 1
        if head == buffer.count || head > 1_000 {
            buffer.removeFirst(head)
            head = 0
        }
        took(mark)
        return element
    }

    private func took(_ mark: Int) {
        taken += 1
        if mark > 0 { self.mark = mark }
        took?()
        drained?()
    }

    private func finish(_ promise: Promise<Element?>) {
        if let error {
            self.error = nil
            promise.reject(error)
        } else {
            promise.resolve(nil)
        }
    }
}

/// The streams of one kind of event: whatever is pushed comes to all of them.
@CrossroomActor
final class Broadcast<Element: Sendable> {
    private(set) var channels: [ObjectIdentifier: Channel<Element>] = [:]
    var took: (@CrossroomActor () -> Void)?
    var drained: (@CrossroomActor () -> Void)?

    nonisolated init() {}

    /// A new stream, of what comes from now on. `mark`: of what came before.
    func stream(limit: Int, mark: Int = 0) -> EventStream<Element> {
        let channel = Channel<Element>(limit: limit) { [weak self] in self?.channels[ObjectIdentifier($0)] = nil }
        channel.mark = mark
        channel.took = { [weak self] in self?.took?() }
        channel.drained = { [weak self] in self?.drained?() }
        channels[ObjectIdentifier(channel)] = channel
        return EventStream(channel)
    }

    /// What waits to be read in the stream that lags behind most.
    var lag: Int { channels.values.map(\.count).max() ?? 0 }

    func push(_ element: Element, mark: Int = 0, overflow: Channel<Element>.Overflow = .fail) {
        for channel in channels.values { channel.push(element, mark: mark, overflow: overflow) }
    }

    func end(_ error: CrossroomError? = nil) {
        for channel in channels.values { channel.end(error) }
    }

    /// An ended stream, for who comes too late.
    func endedStream(_ error: CrossroomError?) -> EventStream<Element> {
        let channel = Channel<Element>(limit: 0) { _ in }
        channel.end(error)
        return EventStream(channel)
    }
}
