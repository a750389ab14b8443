import Foundation

/// Stops a timer. May be called twice, and after it has run out.
typealias Cancel = @CrossroomActor @Sendable () -> Void

/// What the client needs of the world around it: a clock, timers, and randomness.
struct Environment: Sendable {
    /// Milliseconds of a clock that is not set, and that also counts while the machine sleeps.
    var now: @Sendable () -> Double
    /// From 0 up to 1.
    var random: @Sendable () -> Double
    /// A string that is never the same twice: 128 random bits.
    var newId: @Sendable () -> String
    /// Runs the task once, so many milliseconds from now, unless what it returns was called before.
    var after: @CrossroomActor @Sendable (Double, @escaping @CrossroomActor @Sendable () -> Void) -> Cancel
    /// What worked where.
    var memory: TransportMemory

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
        },
        memory: .shared
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

/// A clock that nobody sets, and that goes on while the machine sleeps.
private enum Clock {
    /// Milliseconds that are slept at a time where the system's timers stand still in sleep: a deadline that has passed meanwhile is
    /// noticed so soon after the machine wakes.
    private static let slice = 5_000.0

    static func now() -> Double {
        #if os(Linux)
            let clock = CLOCK_BOOTTIME
        #else
            // Goes on in sleep on Apple's systems.
            let clock = CLOCK_MONOTONIC
        #endif
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// Returns early when the task is cancelled.
    static func sleep(_ milliseconds: Double) async {
        let end = now() + max(0, min(milliseconds, 1e9))
        while !Task.isCancelled {
            let left = end - now()
            if left <= 0 { return }
            try? await Task.sleep(nanoseconds: UInt64(max(1, min(left, slice)) * 1e6))
        }
    }
}
