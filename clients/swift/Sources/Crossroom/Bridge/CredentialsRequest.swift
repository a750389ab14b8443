/// Asks the application for what a namespace is connected with: again, with backoff, until it gives some, or says that it will not.
@CrossroomActor
final class CredentialsRequest {
    var given: @CrossroomActor ([String: Value]?) -> Void = { _ in }
    /// Asking again would be of no use.
    var refused: @CrossroomActor (CrossroomError) -> Void = { _ in }

    private let connection: Connection
    private var task: Task<Void, Never>?
    private var stopTimer: Cancel = {}

    init(_ connection: Connection) { self.connection = connection }

    /// An answer to an earlier question is not wanted any more. Where there is nobody to ask, nothing is given, at once.
    func ask() { ask(failures: 0) }

    /// No answer is wanted any more.
    func cancel() {
        stopTimer()
        task?.cancel()
        task = nil
    }

    private func ask(failures: Int) {
        cancel()
        guard let auth = connection.options.auth else { return given(nil) }
        task = Task {
            do {
                let data = try await auth()
                if !Task.isCancelled { given(data) }
            } catch {
                if !Task.isCancelled { failed(error, failures: failures + 1) }
            }
        }
    }

    private func failed(_ thrown: any Error, failures: Int) {
        let error = CrossroomError.from(thrown)
        if thrown is CrossroomError, !error.isRetryable { return refused(error) }
        let options = connection.options.reconnect
        if let max = options.maxAttempts, failures > max { return refused(error.asFinal) }
        connection.report(error)
        let backoff = Backoff.connection(attempt: failures - 1, options: options, random: connection.environment.random())
        let delay = max(backoff, (error.retryAfter ?? 0) * 1000)
        stopTimer = connection.environment.after(delay) { [weak self] in self?.ask(failures: failures) }
    }
}
