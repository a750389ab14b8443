/// What is shown at each connect: the application's own `auth`, a token, the device, and a name.
@CrossroomActor
final class Credentials {
    /// Of the token that was shown last.
    var source = TokenSource.none
    /// This device's id: asked for once, by whoever needs it first.
    private(set) lazy var device = Task { [storedState, environment, given] in
        if let given { return given }
        if let device = await storedState.device() { return device }
        let device = environment.newId()
        storedState.keepDevice(device)
        return device
    }

    private let storedState: StoredState
    private let environment: Environment
    /// By the application.
    private let given: String?
    private let token: Token?
    private let name: String?
    private let own: AuthProvider?

    nonisolated init(_ options: RoomsOptions, _ storedState: StoredState, _ environment: Environment) {
        self.storedState = storedState
        self.environment = environment
        given = options.device
        token = options.token
        name = options.name
        own = options.bridge.auth
    }

    func collect() async throws -> [String: Value] {
        var auth = try await own?() ?? [:]
        if let name { auth["name"] = .string(name) }
        if let token = try await currentToken(auth["token"]) { auth["token"] = token }
        auth["device"] = .string(await device.value)
        return auth
    }

    /// A token to go on with, if there is a function that gets one.
    func renewed() async throws -> String? {
        guard case .provided(let get) = token else { return nil }
        return try await get()
    }

    private func currentToken(_ given: Value?) async throws -> Value? {
        switch token {
        case .provided(let get):
            source = .provider
            do { return .string(try await get()) } catch let error as CrossroomError where !error.isRetryable {
                throw CrossroomError(.unauthorized, "There is no token any more: \(error.message)")
            }
        case .fixed(let token):
            source = .fixed
            return .string(token)
        case nil:
            if let given {
                source = .provider
                return given
            }
            // Anew each time: another client with the same storage may have been given a newer one.
            let token = await storedState.guestToken()
            source = token == nil ? .none : .guest
            return .from(token)
        }
    }
}
