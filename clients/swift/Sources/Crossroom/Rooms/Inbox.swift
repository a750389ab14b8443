/// One's inbox: items come one at a time, in order, each once, and are acked when they are processed.
@CrossroomActor
public final class Inbox {
    /// Processes an item. Where it throws, the item comes again after a pause.
    public typealias Processor = @Sendable (InboxItem) async throws -> Void

    /// Until the end.
    private var host: Rooms?
    /// Why the session is over, after the end.
    private var over: CrossroomError?
    private var log = InboxLog(processed: nil)
    /// Whose inbox `log` is of.
    private var user: String?
    private var processor: Processor?
    /// Whether the inbox was asked for: it is opened on each connection from then on.
    private var isWanted = false
    private var isOpen = false
    private var waiters: [Promise<Int>] = []
    private var readers: [ObjectIdentifier: ItemReader] = [:]
    /// Counts connections; what belongs to an earlier one is ignored.
    private var turn = 0
    /// Counts the items that were given to a processor; the end of an earlier one is ignored.
    private var run = 0
    private var work: Task<Void, Never>?
    private var failures = (open: 0, process: 0, ack: 0)
    private var stopCallTimer: Cancel = {}
    private var stopProcessTimer: Cancel = {}

    init(_ host: Rooms) { self.host = host }

    /// Up to where this device has processed it; nil before the inbox was open.
    public var cursor: Position? { log.cursor }

    /// Opens the inbox with the function that processes an item: one at a time, acked when it is done. There is one at a time.
    /// - Returns: how many items wait, when the inbox is open.
    /// - Throws: `CrossroomError` with what the server refuses it for; `in_use`, `closed`; `aborted` when the task was cancelled: then
    ///   the function stays.
    @discardableResult
    public func process(_ processor: @escaping Processor) async throws -> Int {
        guard let host else { throw over ?? .closed }
        try host.start()
        // Before it takes the inbox: nobody would give that back.
        if Task.isCancelled { throw CrossroomError.aborted }
        if self.processor != nil {
            throw CrossroomError(.inUse, "The inbox has a processor already. It takes one at a time.")
        }
        self.processor = processor
        perform(log.processing(true))
        return try await promised { promise in
            waiters.append(promise)
            promise.onCancel = { self.waiters.removeAll { $0 === promise } }
            isWanted = true
            // On a connection where it is open already too: only the server knows how many items wait.
            open()
        }
    }

    /// The same as a sequence, instead of `process`: an item is processed when the next one is asked for.
    public func items() -> InboxItems {
        let reader = ItemReader(self)
        if let over { reader.end(over.unlessClosed) } else { readers[ObjectIdentifier(reader)] = reader }
        return InboxItems(reader)
    }

    func up(_ user: String) {
        if user != self.user { begin(user) }
        if isWanted { open() }
    }

    func down() {
        turn += 1
        isOpen = false
        stopCallTimer()
        log.away()
    }

    func end(_ error: CrossroomError) {
        down()
        isWanted = false
        stop()
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.reject(error) }
        let reading = readers
        readers = [:]
        for reader in reading.values { reader.end(error.unlessClosed) }
        over = error
        host = nil
    }

    func itemCame(_ item: InboxItem) {
        if isOpen { perform(log.received(item)) }
    }

    /// A sequence of items is over. `hasBegun`: it had the inbox.
    func ended(_ reader: ItemReader, hasBegun: Bool) {
        // After the end of all there is nothing to stop.
        if readers.removeValue(forKey: ObjectIdentifier(reader)) != nil, hasBegun { stop() }
    }

    private func begin(_ user: String) {
        guard let host else { return }
        self.user = user
        run += 1
        work?.cancel()
        log = InboxLog(processed: host.kept.processed(user: user, device: host.device))
        perform(log.processing(processor != nil))
    }

    private func open() {
        guard let host, host.isUp else { return }
        turn += 1
        let turn = self.turn
        stopCallTimer()
        let call: [String: Value] = log.cursor.map { ["since": $0.value] } ?? [:]
        host.call("inbox", .object(call)) { [weak self] outcome in
            guard let self, turn == self.turn else { return }
            switch outcome {
            case .lost: break
            case .timeout: open()
            case .refused(let error): refused(error)
            case .ok(let value):
                guard let cursor = value["cursor"].flatMap(Position.init) else { return refused(.malformedAnswer) }
                opened(cursor, waiting: value["waiting"]?.count ?? 0)
            }
        }
    }

    private func opened(_ cursor: Position, waiting: Int) {
        isOpen = true
        failures.open = 0
        let promises = waiters
        waiters = []
        for promise in promises { promise.resolve(waiting) }
        perform(log.opened(cursor))
    }

    private func refused(_ error: CrossroomError) {
        if error.isRetryable {
            failures.open += 1
            later(failures.open) { $0.open() }
            host?.warn(error)
            return
        }
        isWanted = false
        if waiters.isEmpty { host?.warn(error) }
        let promises = waiters
        waiters = []
        for promise in promises { promise.reject(error) }
        stop()
    }

    private func perform(_ actions: [InboxLog.Action]) {
        for action in actions {
            switch action {
            case .keep(let position):
                if let user, let host { host.kept.keepProcessed(user: user, device: host.device, position) }
            case .ack(let position): ack(position)
            case .process(let item): give(item)
            }
        }
    }

    private func ack(_ position: Position) {
        let turn = self.turn
        host?.call("inbox_ack", ["position": position.value]) { [weak self] outcome in
            guard let self, turn == self.turn else { return }
            switch outcome {
            case .lost: break
            case .ok:
                failures.ack = 0
                perform(log.acked())
            case .timeout: perform(log.ackFailed(position))
            case .refused(let error) where error.isRetryable:
                failures.ack += 1
                later(failures.ack) { $0.perform($0.log.ackFailed(position)) }
            case .refused(let error) where error.code == .inboxNotOpen: open()
            case .refused(let error):
                // The next one covers it; and when the inbox is opened again, `since` says it.
                host?.warn(error)
                perform(log.acked())
            }
        }
    }

    private func give(_ item: InboxItem) {
        guard let processor else { return }
        run += 1
        let run = self.run
        work = Task {
            do {
                try await processor(item)
                if run == self.run { processed() }
            } catch {
                if run == self.run { notProcessed(.from(error)) }
            }
        }
    }

    private func processed() {
        failures.process = 0
        perform(log.done())
    }

    private func notProcessed(_ error: CrossroomError) {
        guard let host else { return }
        log.failed()
        failures.process += 1
        let delay = Backoff.call(failures: failures.process, random: host.environment.random())
        stopProcessTimer = host.environment.after(delay) { [weak self] in
            guard let self else { return }
            perform(log.processing(true))
        }
        host.warn(error)
    }

    /// Nobody processes items any more; the one in hand is not processed.
    private func stop() {
        run += 1
        work?.cancel()
        work = nil
        processor = nil
        stopProcessTimer()
        perform(log.processing(false))
    }

    private func later(_ failures: Int, _ task: @escaping @CrossroomActor @Sendable (Inbox) -> Void) {
        guard let host else { return }
        let delay = Backoff.call(failures: failures, random: host.environment.random())
        stopCallTimer = host.environment.after(delay) { [weak self] in if let self { task(self) } }
    }
}
