/// What is shown at each connect: the application's own `auth`, a token, the device, and a name.
@CrossroomActor
final class Credentials {
    /// Of the token that was shown last.
    var source = TokenSource.none
    /// A token that the server gave to this guest.
    var guestToken: String?
    var device = ""

    private let token: Token?
    private let name: String?
    private let own: AuthProvider?

    nonisolated init(_ options: RoomsOptions) {
        token = options.token
        name = options.name
        own = options.bridge.auth
    }

    func collect() async throws -> [String: Value] {
        var auth = try await own?() ?? [:]
        if let name { auth["name"] = .string(name) }
        if let token = try await currentToken(auth["token"]) { auth["token"] = token }
        auth["device"] = .string(device)
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
            source = guestToken == nil ? .none : .guest
            return .from(guestToken)
        }
    }
}
