/// How many publishes and sends wait in all queues.
@CrossroomActor
final class PendingCount {
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
