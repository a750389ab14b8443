/// What a suspended task waits for. Settled once; what comes after that is ignored.
@CrossroomActor
final class Promise<Success: Sendable> {
    private var continuation: CheckedContinuation<Success, any Error>?
    /// Called before the promise fails as its task was cancelled.
    var onCancel: (@CrossroomActor () -> Void)?

    fileprivate init() {}

    var isSettled: Bool { continuation == nil }

    func resolve(_ value: Success) { take()?.resume(returning: value) }

    func reject(_ error: CrossroomError) { take()?.resume(throwing: error) }

    fileprivate func begin(_ continuation: CheckedContinuation<Success, any Error>) {
        self.continuation = continuation
    }

    fileprivate func cancel() {
        guard !isSettled else { return }
        onCancel?()
        reject(.aborted)
    }

    private func take() -> CheckedContinuation<Success, any Error>? {
        defer {
            continuation = nil
            onCancel = nil
        }
        return continuation
    }
}

/// Suspends the task until the promise that `register` is given is settled. `register` runs at once.
/// - Throws: what the promise is rejected with; `aborted` when the task is cancelled.
@CrossroomActor
func promised<Success: Sendable>(_ register: (Promise<Success>) -> Void) async throws -> Success {
    if Task.isCancelled { throw CrossroomError.aborted }
    let promise = Promise<Success>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            promise.begin(continuation)
            register(promise)
        }
    } onCancel: {
        // Cannot come before `register`: that has the actor until the task is suspended.
        Task { @CrossroomActor in promise.cancel() }
    }
}
