import Foundation
import XCTest

@testable import Crossroom

/// The repository's root.
let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The package's folder.
let package = repository.appendingPathComponent("clients/swift")

func readText(_ path: URL) throws -> String { try String(contentsOf: path, encoding: .utf8) }

/// The golden vectors of a file in test/vectors.
func readVectors(_ name: String) throws -> [Value] {
    let text = try readText(repository.appendingPathComponent("test/vectors/\(name).json"))
    // Raw, as the files say what binary looks like on the wire.
    return try XCTUnwrap(Value(json: text)?.unrevived["vectors"]?.array)
}

/// Fails the test if the task takes longer than any machine needs.
@discardableResult
func withDeadline<T: Sendable>(_ what: String = #function, _ task: @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask { try await task() }
        group.addTask {
            try await Task.sleep(nanoseconds: 60_000_000_000)
            return nil
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() ?? nil else { throw DeadlineExceeded(what: what) }
        return result
    }
}

struct DeadlineExceeded: Error { let what: String }

/// What an async expression throws.
@CrossroomActor
func thrown(_ body: @CrossroomActor @Sendable () async throws -> some Any) async -> CrossroomError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? CrossroomError ?? CrossroomError("foreign", String(describing: error))
    }
}

/// The same numbers at every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A clock that the test moves.
final class ManualClock: @unchecked Sendable {
    private let lock = NSLock()
    private var time = 0.0
    var now: Double {
        get { lock.withLock { time } }
        set { lock.withLock { time = newValue } }
    }
}

extension Environment {
    /// Delays a hundred times as fast; what waits for the other side (10 s and more) has its time, as machines may be slow.
    static var fast: Environment {
        var environment = Environment.real
        environment.memory = TransportMemory()
        environment.after = { milliseconds, body in
            Environment.real.after(milliseconds < 10_000 ? milliseconds / 100 : milliseconds, body)
        }
        return environment
    }
}
