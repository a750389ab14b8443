import XCTest

@testable import Crossroom

/// Who is in a room, as far as the server tells (docs/rooms-api.md, 8).
final class MembersTests: XCTestCase {
    func testAnUpdateTellsWhatChangedAlone() throws {
        var members = Members()
        func device(_ id: String, _ sid: String) -> Value { ["id": .string(id), "sid": .string(sid), "transport": "bridge"] }
        func update(_ devices: [Value], gone: [Value]? = nil, name: String = "A") throws -> PresenceChange {
            let member: Value = ["user": "a", "name": .string(name), "devices": .array(devices)]
            var event: [String: Value] = ["room": "r", "type": "update", "member": member]
            if let gone { event["gone"] = .array(gone) }
            return try XCTUnwrap(PresenceChange(.object(event)))
        }
        func known() -> [String] { members.list[0].devices.map { "\($0.id) \($0.sid)" } }
        members.reset([Member(user: "a", name: "A", devices: [Device(id: "x", sid: "1", transport: "bridge")])], count: 1)
        members.change(try update([device("y", "2")]))
        XCTAssertEqual(known(), ["x 1", "y 2"])
        members.change(try update([device("x", "3"), device("z", "4")], gone: ["y"], name: "B"))
        XCTAssertEqual(known(), ["x 3", "z 4"])
        XCTAssertEqual(members.list[0].name, "B")
        // Gone and come again between two events.
        members.change(try update([device("z", "5")], gone: ["z", "stranger"]))
        XCTAssertEqual(known(), ["x 3", "z 5"])
        XCTAssertEqual(members.count, 1)
    }

    func testMembersAreAsTheServerTells() {
        var members = Members()
        func member(_ user: String, _ name: String = "") -> Member { Member(user: user, name: name, devices: []) }
        members.reset([member("a"), member("b")], count: 5)
        members.change(PresenceChange(kind: .update, member: member("a", "A")))
        members.change(PresenceChange(kind: .join, member: member("c")))
        members.change(PresenceChange(kind: .join, member: member("c")))
        XCTAssertEqual(members.list.map(\.user), ["a", "b", "c"])
        XCTAssertEqual(members.list[0].name, "A")
        XCTAssertEqual(members.count, 6)
        members.change(PresenceChange(kind: .leave, member: member("stranger")))
        members.change(PresenceChange(kind: .leave, member: member("a")))
        XCTAssertEqual(members.list.map(\.user), ["b", "c"])
        XCTAssertEqual(members.count, 4)
    }
}
