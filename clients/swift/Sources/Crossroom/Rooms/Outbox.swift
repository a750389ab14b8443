/// Makes calls, if there is a connection.
@CrossroomActor
protocol Caller: AnyObject {
    var isUp: Bool { get }
    func call(_ name: String, _ argument: Value, _ done: @escaping @CrossroomActor (Outcome) -> Void)
}

/// How many publishes and sends wait in all lanes.
@CrossroomActor
final class Pending {
    private let max: Int
    private(set) var count = 0
    private var waiters: [Promise<Void>] = []

    nonisolated init(max: Int) { self.max = max }

    var isFull: Bool { count >= max }

    func add() { count += 1 }

    func remove() {
        count -= 1
        if count == 0 { for waiter in waiters { waiter.resolve(()) } }
    }

    /// Returns when none waits any more, or after so many milliseconds.
    func none(within milliseconds: Double, _ environment: Environment) async {
        if count == 0 { return }
        var stopTimer: Cancel = {}
        _ = try? await promised { promise in
            waiters.append(promise)
            stopTimer = environment.after(milliseconds) { promise.resolve(()) }
        }
        stopTimer()
        waiters.removeAll(where: \.isSettled)
    }
}

/// The shell around a lane: makes its calls, owns its timer, and bounds how much waits in all of them together.
@CrossroomActor
final class OutLane {
    private let lane: Lane
    /// Gone at the end, like the calls.
    private weak var caller: (any Caller)?
    private let environment: Environment
    private let pending: Pending
    /// Whether this lane's calls would be taken now. `isFresh`: whether it is the first call of its errand.
    private let isReady: @CrossroomActor (_ isFresh: Bool) -> Bool
    /// Called when the lane has become empty while nobody waited for one of its calls.
    private let emptied: @CrossroomActor (OutLane) -> Void
    private var isFlushing = false
    private var stopTimer: Cancel = {}

    init(
        _ caller: any Caller, _ environment: Environment, _ pending: Pending,
        isReady: @escaping @CrossroomActor (_ isFresh: Bool) -> Bool, emptied: @escaping @CrossroomActor (OutLane) -> Void = { _ in }
    ) {
        self.caller = caller
        self.environment = environment
        self.pending = pending
        self.isReady = isReady
        self.emptied = emptied
        lane = Lane(now: environment.now, random: environment.random)
    }

    var isEmpty: Bool { lane.isEmpty }

    /// - Parameter id: of a publish or a send, which counts in `maxPending`; nil for a call that only reads.
    /// - Returns: what the server answers.
    func submit(_ name: String, _ argument: Value, id: String?) async throws -> Value {
        if id != nil, pending.isFull {
            throw CrossroomError(.tooManyPending, "As many publishes and sends as `maxPending` wait for their acks.")
        }
        if id != nil { pending.add() }
        defer { if id != nil { pending.remove() } }
        return try await promised { promise in
            let errand = Errand(name: name, argument: argument, id: id) { result in
                switch result {
                case .success(let value): promise.resolve(value)
                case .failure(let error): promise.reject(error)
                }
            }
            promise.onCancel = {
                self.lane.drop(errand)
                self.flush()
            }
            lane.add(errand)
            flush()
        }
    }

    /// A new connection: what had to wait for the old one's sake need not wait any longer.
    func renew() {
        stopTimer()
        lane.resume()
        flush()
    }

    /// Makes the next call, if it is time. What cannot be sent is answered at once: then the one after it, too.
    func flush() {
        if isFlushing { return }
        isFlushing = true
        defer { isFlushing = false }
        while let caller, caller.isUp, isReady(lane.isFresh) {
            switch lane.next() {
            case .call(let errand): caller.call(errand.name, errand.argument) { [weak self] outcome in self?.done(outcome) }
            case .wait(let milliseconds): return pause(milliseconds)
            case .nothing: return
            }
        }
    }

    private func done(_ outcome: Outcome) {
        if case .wait(let milliseconds) = lane.done(outcome) { pause(milliseconds) } else { flush() }
        if lane.isEmpty { emptied(self) }
    }

    /// The server has carried out the errand of this id: its ack is not waited for.
    func seen(id: String, result: Value) { lane.seen(id: id, result: result) }

    func rejectAll(_ error: CrossroomError, sparing: Bool = false) {
        stopTimer()
        lane.resume()
        lane.rejectAll(error, sparing: sparing)
    }

    private func pause(_ milliseconds: Double) {
        stopTimer()
        stopTimer = environment.after(milliseconds) { [weak self] in
            self?.lane.resume()
            self?.flush()
        }
    }
}
