import Foundation

/// How long to wait before something is tried again. Pure.
enum Backoff {
    /// Past this many doublings every delay is at its longest.
    private static let maxDoublings = 20

    /// Milliseconds before the try that follows `failures` (1 or more) in a row: doubled each time from 500 to 10,000, and from
    /// half of that up to the whole by `random` (from 0 up to 1), so that clients that failed together do not come back together.
    static func call(failures: Int, random: Double) -> Double {
        let whole = min(500 * doublings(failures - 1), 10_000)
        return (whole * (0.5 + random / 2)).rounded(.down)
    }

    /// Milliseconds before a request of a session over HTTP that failed so often (1 or more) is made again: at once, then doubled from 500 to
    /// 5,000, and from half of that up to the whole by `random` (from 0 up to 1).
    static func request(failures: Int, random: Double) -> Double {
        if failures <= 1 { return 0 }
        return (min(500 * doublings(failures - 2), 5_000) * (0.5 + random / 2)).rounded(.down)
    }

    /// Milliseconds before connection attempt number `attempt`, the first being 0.
    static func connection(attempt: Int, options: ReconnectOptions, random: Double) -> Double {
        let mean = min(options.minDelay * 1000 * doublings(attempt), options.maxDelay * 1000)
        let jitter = min(max(options.jitter, 0), 1)
        return (mean * (1 + jitter * (2 * random - 1))).rounded(.down)
    }

    private static func doublings(_ count: Int) -> Double { pow(2, Double(min(max(count, 0), maxDoublings))) }
}
