/// The items of an inbox: `for try await item in inbox.items() { ... }`. An item is processed when the next one is asked for; one
/// that was in hand when the loop was left is not.
public struct InboxItems: AsyncSequence, Sendable {
    /// An item.
    public typealias Element = InboxItem

    private let handle: Handle

    @CrossroomActor
    init(_ reader: ItemReader) { handle = Handle(reader) }

    /// There is one reader behind all iterators.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// Reads the items.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        /// Says that the last item is processed, and waits for the next one; nil at the end.
        /// - Throws: `CrossroomError`: `in_use`, and why the session is over.
        public mutating func next() async throws -> InboxItem? { try await handle.reader.next() }
    }

    /// Knows when the loop was left.
    fileprivate final class Handle: Sendable {
        let reader: ItemReader

        init(_ reader: ItemReader) { self.reader = reader }

        deinit {
            Task { @CrossroomActor [reader] in reader.end(nil) }
        }
    }
}
