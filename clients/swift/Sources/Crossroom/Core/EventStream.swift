/// Events, in the order in which they came, for one reader: `for try await event in stream { ... }`.
///
/// What has come and was not read yet is bounded. The stream ends, or fails with a `CrossroomError`, where the function that
/// makes it says so; it also ends when the reader's task is cancelled. A stream that nobody holds any more costs nothing.
public struct EventStream<Element: Sendable>: AsyncSequence, Sendable {
    private let handle: Handle

    @CrossroomActor
    init(_ subscription: Subscription<Element>) { handle = Handle(subscription) }

    /// The reader's end of the stream. There is one stream behind all of its iterators.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Reads a stream.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        /// The next event; nil at the end.
        /// - Throws: `CrossroomError`, once.
        public mutating func next() async throws -> Element? { try await handle.subscription.next() }
    }

    /// Knows when the last reader has gone.
    fileprivate final class Handle: Sendable {
        let subscription: Subscription<Element>

        init(_ subscription: Subscription<Element>) { self.subscription = subscription }

        deinit {
            Task { @CrossroomActor [subscription] in subscription.abandon() }
        }
    }
}
