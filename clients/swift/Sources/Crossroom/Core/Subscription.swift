/// One reader's end of a `Broadcast`, the inside of a stream: fed by the client, read by the application.
@CrossroomActor
final class Subscription<Element: Sendable> {
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
    private var ended: (@CrossroomActor (Subscription) -> Void)?
    /// Called whenever something was read.
    var took: (@CrossroomActor () -> Void)?
    /// Called whenever there may be more space: something was read, or nobody reads any more.
    var drained: (@CrossroomActor () -> Void)?

    /// - Parameter limit: elements that may wait to be read; one more ends the stream with `too_slow`.
    init(limit: Int, ended: @escaping @CrossroomActor (Subscription) -> Void) {
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
