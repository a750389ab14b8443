/// Where the token came from that was shown.
enum TokenSource {
    /// The application's function.
    case provider
    /// A string of the application's.
    case fixed
    /// The server's own, from an earlier welcome.
    case guest
    case none
}

/// Whether to come back after a connection ended or was refused, and when. A state machine with no I/O; the clock and randomness
/// are passed in. The bridge reconnects by itself after a failure of the network; the rest is decided here.
struct ReconnectPolicy {
    enum Decision: Equatable {
        /// The bridge comes back by itself.
        case wait
        /// In so many milliseconds.
        case reconnect(after: Double, forgetGuest: Bool)
        case end(CrossroomError)
    }

    /// Milliseconds after which a connection counts as a good one, and delays begin anew.
    private static let lasting = 10_000.0
    /// Fresh tokens that are refused in a row before it is of no use to get another one.
    private static let maxFreshRefused = 2

    private let options: ReconnectOptions
    private let now: @Sendable () -> Double
    private let random: @Sendable () -> Double
    private var failures = 0
    private var freshRefused = 0
    private var ending: CrossroomError?
    private var upSince: Double?

    init(options: ReconnectOptions, now: @escaping @Sendable () -> Double, random: @escaping @Sendable () -> Double) {
        self.options = options
        self.now = now
        self.random = random
    }

    mutating func welcomed() {
        freshRefused = 0
        ending = nil
        upSince = now()
    }

    /// The server says why it is about to close the connection.
    mutating func endAnnounced(_ error: CrossroomError) { ending = error }

    /// The connection ended. `isActive`: whether the bridge comes back by itself.
    mutating func closed(code: Int?, isActive: Bool, source: TokenSource) -> Decision {
        let announced = ending
        ending = nil
        if let upSince, now() - upSince >= Self.lasting { failures = 0 }
        upSince = nil
        if let announced { return ended(announced, isActive: isActive, source: source) }
        if isActive { return .wait }
        return closedByItself(code) ?? reconnect()
    }

    /// The end, where a close code says so.
    private func closedByItself(_ code: Int?) -> Decision? {
        // 4000 says only that the server ended every namespace, and 1009 something of one message: whether to come back is this
        // layer's to decide.
        guard let code, ![1000, 1009, 4000].contains(code), !CloseCodes.mayReconnect(code) else { return nil }
        let message = "The server closed the connection for good, with code \(code)."
        return .end(CrossroomError(.refused, message, closeCode: code))
    }

    /// A connect was refused for good.
    mutating func refused(_ error: CrossroomError, source: TokenSource) -> Decision {
        // The connection was closed while the connect was under way.
        if let code = error.closeCode { return closedByItself(code) ?? reconnect() }
        let reason = Self.reason(error)
        if [.unauthorized, .tokenRevoked].contains(reason.code), source == .guest { return reconnect(forgetGuest: true) }
        return ended(reason, isActive: false, source: source)
    }

    private mutating func ended(_ error: CrossroomError, isActive: Bool, source: TokenSource) -> Decision {
        if error.code == .tokenExpired {
            if source == .guest { return reconnect(forgetGuest: true) }
            if source == .provider {
                freshRefused += 1
                if freshRefused < Self.maxFreshRefused { return isActive ? .wait : reconnect() }
            }
        } else if error.isRetryable {
            return isActive ? .wait : reconnect(after: error)
        }
        return .end(error)
    }

    private mutating func reconnect(after error: CrossroomError? = nil, forgetGuest: Bool = false) -> Decision {
        if let maxAttempts = options.maxAttempts, failures >= maxAttempts {
            return .end(error?.asFinal ?? CrossroomError(.unreachable, "The server takes no connection for long."))
        }
        let delay = Backoff.connection(attempt: failures, options: options, random: random())
        failures += 1
        return .reconnect(after: max(delay, (error?.retryAfter ?? 0) * 1000), forgetGuest: forgetGuest)
    }

    /// What a refused connect says: docs/rooms-api.md, 2.2 and 10.2.
    private static func reason(_ error: CrossroomError) -> CrossroomError {
        if let said = CrossroomError(api: error.data) { return said }
        switch (error.code, error.status) {
        case (.refused, 401): return CrossroomError(.unauthorized, error.message, status: 401)
        case (.refused, 403): return CrossroomError(.forbidden, error.message, status: 403)
        case (.connectError, _): return CrossroomError(.refused, error.message, data: error.data)
        default: return error
        }
    }
}
