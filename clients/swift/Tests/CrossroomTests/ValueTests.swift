import Foundation
import XCTest

@testable import Crossroom

final class ValueTests: XCTestCase {
    private struct Note: Codable, Equatable {
        var text: String
        var count: Int64
        var ratio: Double
        var picture: Data
        var tags: [String]?
        var extra: Value
    }

    private let note = Note(
        text: "é\u{2028}\"\\\n", count: 9_007_199_254_740_991, ratio: 0.1, picture: Data([0, 255]), tags: nil,
        extra: ["n": -9_007_199_254_740_991, "b": .binary(Data([1])), "list": [.null, true, 1.5]])

    func testATypeOfTheApplicationsArrivesAsItWasSent() throws {
        let value = try Value(encoding: note)
        XCTAssertEqual(value["picture"], .binary(Data([0, 255])))
        XCTAssertEqual(value["count"], .int(9_007_199_254_740_991))
        let arrived = try XCTUnwrap(Value(json: try value.json()))
        XCTAssertEqual(try arrived.decode(Note.self), note)
    }

    func testSingleValuesAreEncodedToo() throws {
        XCTAssertEqual(try Value(encoding: "x"), "x")
        XCTAssertEqual(try Value(encoding: 1), 1)
        XCTAssertEqual(try Value(encoding: Data([1])), .binary(Data([1])))
        XCTAssertEqual(try Value(encoding: Int?.none), .null)
        XCTAssertEqual(try Value.int(3).decode(Int.self), 3)
        XCTAssertThrowsError(try Value.string("x").decode(Int.self))
        XCTAssertThrowsError(try Value(encoding: Double.infinity))
    }

    func testIntegersAndDoublesAreToldApart() throws {
        let value = try XCTUnwrap(Value(json: "[0,-1,9007199254740991,1.5,1e3,5e-324,1e308,18446744073709551616,-0]"))
        XCTAssertEqual(
            value,
            [
                0, -1, 9_007_199_254_740_991, 1.5, 1000.0, .double(.leastNonzeroMagnitude), 1e308, 18_446_744_073_709_551_616.0,
                .double(-0.0),
            ])
        XCTAssertEqual(value[4]?.int, 1000)
        XCTAssertNil(value[3]?.int)
        XCTAssertEqual(Value(json: try value.json()), value)
    }

    func testJSONIsReadToTheLetter() {
        for text in ["01", "1.", ".5", "+1", "\"\u{01}\"", "\"\\x\"", "[1,]", "{\"a\":1,}", "nul", "1 2", "\"\\u12\"", ""] {
            XCTAssertNil(Value(json: text), text)
        }
        XCTAssertEqual(Value(json: #""\ud83d\ude00\ud83d\u0041""#), "😀\u{FFFD}A")
        XCTAssertEqual(Value(json: " {\"a\" : [ ] }\r\n"), ["a": []])
    }

    func testAccessorsAreNilForOtherTypes() {
        let value: Value = ["a": [1, "x"], "b": .null]
        XCTAssertEqual(value["a"]?[1]?.string, "x")
        XCTAssertNil(value["a"]?[2])
        XCTAssertNil(value["c"])
        XCTAssertEqual(value["b"]?.isNull, true)
        XCTAssertNil(value.string)
    }
}
