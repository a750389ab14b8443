import Foundation

/// Stops a timer. May be called twice, and after it has run out.
typealias Cancel = @CrossroomActor @Sendable () -> Void

/// What the client needs of the world around it: a clock, timers, and randomness.
struct Environment: Sendable {
    /// Milliseconds of a clock that also counts while the machine sleeps.
    var now: @Sendable () -> Double
    /// From 0 up to 1.
    var random: @Sendable () -> Double
    /// A string that is never the same twice: 128 random bits.
    var newId: @Sendable () -> String
    /// Runs the task once, so many milliseconds from now, unless what it returns was called before.
    var after: @CrossroomActor @Sendable (Double, @escaping @CrossroomActor @Sendable () -> Void) -> Cancel

    static let real = Environment(
        now: { Clock.now() },
        random: { Double.random(in: 0..<1) },
        newId: { UUIDs.random() },
        after: { milliseconds, body in
            let task = Task { @CrossroomActor in
                await Clock.sleep(milliseconds)
                // On the actor, as `cancel` is: one of the two comes first, and the other sees it.
                if !Task.isCancelled { body() }
            }
            return { task.cancel() }
        }
    )
}

private enum UUIDs {
    /// A UUID has only 122 random bits, so not one.
    static func random() -> String {
        let halves = [UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)]
        return halves.map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// A clock that goes on while the machine sleeps, where the system has one.
private enum Clock {
    static func now() -> Double {
        if #available(macOS 13, iOS 16, tvOS 16, watchOS 9, *) { return Continuous.now() }
        return Date().timeIntervalSince1970 * 1000
    }

    /// Returns early when the task is cancelled.
    static func sleep(_ milliseconds: Double) async {
        let milliseconds = max(0, min(milliseconds, 1e9))
        if #available(macOS 13, iOS 16, tvOS 16, watchOS 9, *) {
            // Until a time of that clock: a machine that wakes after it goes on at once.
            try? await Task.sleep(until: .now + .milliseconds(Int64(milliseconds)), clock: .continuous)
        } else {
            try? await Task.sleep(nanoseconds: UInt64(milliseconds * 1e6))
        }
    }

    @available(macOS 13, iOS 16, tvOS 16, watchOS 9, *)
    private enum Continuous {
        static let start = ContinuousClock.now

        static func now() -> Double {
            let (seconds, attoseconds) = start.duration(to: .now).components
            return Double(seconds) * 1000 + Double(attoseconds) / 1e15
        }
    }
}
