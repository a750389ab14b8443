/// Goes on with a new token before the old one runs out, while the connection lasts (docs/rooms-api.md, 10.4).
@CrossroomActor
final class Renewal {
    struct View {
        /// nil where there is nothing that gets tokens.
        let newToken: @CrossroomActor () async throws -> String?
        let refresh: @CrossroomActor (String, @escaping @CrossroomActor (CallOutcome) -> Void) -> Void
        let refreshed: @CrossroomActor (_ expiresAt: Double?) -> Void
        let failed: @CrossroomActor (CrossroomError) -> Void
    }

    private let environment: Environment
    private let view: View
    /// Counts what was begun or stopped: late answers are those to an earlier one.
    private var generation = 0
    private var retry = Retry()
    private var question: Task<Void, Never>?
    private var stopTimer: Cancel = {}

    init(_ environment: Environment, _ view: View) {
        self.environment = environment
        self.view = view
    }

    func start() {
        stop()
        retry.succeeded()
        attempt()
    }

    func stop() {
        generation += 1
        question?.cancel()
        question = nil
        stopTimer()
    }

    private func attempt() {
        let generation = self.generation
        question = Task {
            do {
                let token = try await view.newToken()
                if generation == self.generation, let token { show(token) }
            } catch {
                guard generation == self.generation else { return }
                // Where there will be no token any more, the server ends the session in time.
                if let error = error as? CrossroomError, !error.isRetryable { view.failed(error) } else { later(.from(error)) }
            }
        }
    }

    private func show(_ token: String) {
        let generation = self.generation
        view.refresh(token) { [weak self] outcome in
            guard let self, generation == self.generation else { return }
            switch outcome {
            case .ok(let result): view.refreshed(result["expiresAt"]?.double)
            case .timeout: show(token)
            // Where it is refused for good, the server ends the session in time, and a reconnect asks for another token.
            case .refused(let error): if error.isRetryable { later(error) } else { view.failed(error) }
            case .lost, .suspected: break
            }
        }
    }

    private func later(_ error: CrossroomError) {
        let delay = retry.failed(error, environment.now(), random: environment.random())
        stopTimer = environment.after(delay) { [weak self] in self?.attempt() }
        view.failed(error)
    }
}
