import XCTest

@testable import Crossroom

/// At what rate messages leave (PROTOCOL.md, 9; docs/sdk.md, 2.11).
final class RateLimiterTests: XCTestCase {
    /// Messages that leave at once, and then in each of some seconds.
    private func leaving(_ rate: Rate?, seconds: Int) -> [Int] {
        var rateLimiter = RateLimiter(0)
        if let rate { rateLimiter.adopt(rate, 0) }
        return (0...seconds).map { second in
            var count = 0
            while rateLimiter.take(Double(second) * 1000) { count += 1 }
            return count
        }
    }

    func testLeavesATenthOfWhatTheServerAllows() {
        XCTAssertEqual(leaving(Rate(perSecond: 10, burst: 100), seconds: 2), [90, 9, 9])
        XCTAssertEqual(leaving(nil, seconds: 1), [900, 450])
    }

    func testRatesThatCannotBeMeantHoldNobodyUpForEver() {
        XCTAssertEqual(leaving(Rate(perSecond: 1e-300, burst: 1e-300), seconds: 0), [1])
        var rateLimiter = RateLimiter(0)
        rateLimiter.adopt(Rate(perSecond: 1e-300, burst: 1), 0)
        XCTAssert(rateLimiter.take(0))
        XCTAssertLessThanOrEqual(rateLimiter.wait(0), 10_000)
    }

    func testCountsWhatDoesNotWaitAndWhatWasSentBeforeTheServerSaidItsRate() {
        var rateLimiter = RateLimiter(0)
        for _ in 0..<50 { rateLimiter.spend(0) }
        rateLimiter.adopt(Rate(perSecond: 10, burst: 100), 0)
        var count = 0
        while rateLimiter.take(0) { count += 1 }
        XCTAssertEqual(count, 40)
        XCTAssertEqual(rateLimiter.wait(0), 1_000 / 9, accuracy: 0.001)
    }

    func testAClockThatStandsStillOrGoesBackGivesNothing() {
        var rateLimiter = RateLimiter(1_000)
        while rateLimiter.take(1_000) {}
        XCTAssertFalse(rateLimiter.take(0))
        XCTAssertFalse(rateLimiter.take(1_000))
    }
}
