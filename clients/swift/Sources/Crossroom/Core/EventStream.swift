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
    private var buffer: [Element] = []
    /// Of the first element of `buffer` that was not read yet.
    private var head = 0
    private var readers: [Promise<Element?>] = []
    private var isEnded = false
    private var error: CrossroomError?
    private let limit: Int
    /// Called once when it is over, whoever ended it.
    private var ended: (@CrossroomActor (Channel) -> Void)?
    /// Called whenever something was read.
    var drained: (@CrossroomActor () -> Void)?

    /// - Parameter limit: elements that may wait to be read; one more ends the stream with `too_slow`.
    init(limit: Int, ended: @escaping @CrossroomActor (Channel) -> Void) {
        self.limit = limit
        self.ended = ended
    }

    /// Elements that wait to be read.
    var count: Int { buffer.count - head }

    func push(_ element: Element) {
        if isEnded { return }
        if !readers.isEmpty {
            readers.removeFirst().resolve(element)
        } else if count < limit {
            buffer.append(element)
        } else {
            end(CrossroomError(.tooSlow, "More than \(limit) events waited to be read. Read faster."))
        }
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
        let element = buffer[head]
        head += 1
        if head == buffer.count || head > 1_000 {
            buffer.removeFirst(head)
            head = 0
        }
        drained?()
        return element
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
    private var channels: [ObjectIdentifier: Channel<Element>] = [:]
    var drained: (@CrossroomActor () -> Void)?

    nonisolated init() {}

    /// A new stream, of what comes from now on.
    func stream(limit: Int) -> EventStream<Element> {
        let channel = Channel<Element>(limit: limit) { [weak self] in self?.channels[ObjectIdentifier($0)] = nil }
        channel.drained = { [weak self] in self?.drained?() }
        channels[ObjectIdentifier(channel)] = channel
        return EventStream(channel)
    }

    /// What waits to be read in the stream that lags behind most.
    var lag: Int { channels.values.map(\.count).max() ?? 0 }

    func push(_ element: Element) {
        for channel in channels.values { channel.push(element) }
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
