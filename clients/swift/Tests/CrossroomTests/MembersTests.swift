import XCTest

@testable import Crossroom

/// Who is in a room, as far as the server tells (docs/rooms-api.md, 8).
final class MembersTests: XCTestCase {
    private func member(_ user: String, _ name: String = "", _ devices: [Device] = []) -> Member {
        Member(user: user, name: name, devices: devices)
    }

    func testAnUpdateTellsWhatChangedAlone() throws {
        var members = Members()
        func device(_ id: String, _ sid: String) -> Value { ["id": .string(id), "sid": .string(sid), "transport": "bridge"] }
        func update(_ devices: [Value], gone: [Value]? = nil, name: String = "A") throws -> Presence {
            let member: Value = ["user": "a", "name": .string(name), "devices": .array(devices)]
            var change: [String: Value] = ["type": "update", "member": member]
            if let gone { change["gone"] = .array(gone) }
            return try XCTUnwrap(Presence(["room": "r", "count": 1, "changes": [.object(change)]]))
        }
        func known() -> [String] { members.list[0].devices.map { "\($0.id) \($0.sid)" } }
        members.told(Presence(count: 1, members: [member("a", "A", [Device(id: "x", sid: "1", transport: "bridge")])]))
        members.told(try update([device("y", "2")]))
        XCTAssertEqual(known(), ["x 1", "y 2"])
        members.told(try update([device("x", "3"), device("z", "4")], gone: ["y"], name: "B"))
        XCTAssertEqual(known(), ["x 3", "z 4"])
        XCTAssertEqual(members.list[0].name, "B")
        // Gone and come again between two events.
        members.told(try update([device("z", "5")], gone: ["z", "stranger"]))
        XCTAssertEqual(known(), ["x 3", "z 5"])
        XCTAssertEqual(members.count, 1)
    }

    func testChangesAreTakenInTheirOrderAndTheCountIsTheServers() {
        var members = Members()
        members.told(Presence(count: 2, members: [member("a"), member("b")]))
        let changes = [
            PresenceChange(kind: .update, member: member("a", "A")),
            PresenceChange(kind: .join, member: member("c")),
            PresenceChange(kind: .leave, member: member("b")),
            PresenceChange(kind: .join, member: member("b", "again")),
            PresenceChange(kind: .join, member: member("c", "C")),
            PresenceChange(kind: .update, member: member("unknown")),
            PresenceChange(kind: .leave, member: member("stranger")),
        ]
        members.told(Presence(count: 9, changes: changes))
        XCTAssertEqual(members.list, [member("a", "A"), member("c", "C"), member("b", "again"), member("unknown")])
        XCTAssertEqual(members.count, 9)
        XCTAssertFalse(members.isCounted)
    }

    func testACountedRoomHasNoNamesUntilItIsNamedAgain() {
        var members = Members()
        members.told(Presence(count: 1, members: [member("a")]))
        members.told(Presence(count: 300))
        XCTAssertEqual(members.list, [])
        XCTAssertEqual(members.count, 300)
        XCTAssert(members.isCounted)
        members.told(Presence(count: 2, members: [member("b"), member("c")]))
        XCTAssertEqual(members.list, [member("b"), member("c")])
        XCTAssertEqual(members.count, 2)
        XCTAssertFalse(members.isCounted)
        // Of a room whose presence is off.
        members.told(Presence(count: 0, members: []))
        XCTAssertEqual(members.list, [])
        XCTAssertFalse(members.isCounted)
    }

    /// A server that tells, at random times, by names or by numbers, what has happened since it told last, and some of it again.
    func testAClientKnowsWhatTheServerKnowsWhateverHappens() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var server = PresenceServer(seed)
            var members = Members()
            members.told(server.joined())
            for step in 0..<40 {
                members.told(server.next())
                let isSame = sorted(members.list) == sorted(server.named)
                guard isSame, members.count == server.members.count, members.isCounted == server.isCounted else {
                    return XCTFail("seed \(seed), step \(step): \(members), not \(server.named)")
                }
            }
        }
    }

    /// What is told once more may change the order.
    private func sorted(_ members: [Member]) -> [Member] {
        members.sorted { $0.user < $1.user }.map { member($0.user, $0.name, $0.devices.sorted { $0.id < $1.id }) }
    }
}

/// What a server may tell of a room that is named up to five users.
private struct PresenceServer {
    private(set) var members: [Member] = []
    private(set) var isCounted = false
    private var changes: [PresenceChange] = []
    private var random: SeededRandom

    init(_ seed: UInt64) {
        random = SeededRandom(seed)
        for _ in 0..<5 { happen() }
    }

    /// Those whom a client may know.
    var named: [Member] { isCounted ? [] : members }

    /// As the answer to a join, or named again. What it shows already may be told once more.
    mutating func joined() -> Presence {
        isCounted = members.count > 5
        if Bool.random(using: &random) { changes = [] }
        return Presence(count: members.count, members: isCounted ? nil : members)
    }

    mutating func next() -> Presence {
        for _ in 0..<Int.random(in: 0...6, using: &random) { happen() }
        if members.count > 5 { isCounted = true } else if isCounted, members.count <= 4 { return joined() }
        defer { changes = [] }
        return isCounted ? Presence(count: members.count) : Presence(count: members.count, changes: changes)
    }

    private mutating func happen() {
        let user = "u\(Int.random(in: 0...7, using: &random))"
        guard let index = members.firstIndex(where: { $0.user == user }) else {
            let member = Member(user: user, name: user, devices: [device()])
            members.append(member)
            return changes.append(PresenceChange(kind: .join, member: member))
        }
        let (known, changed) = (members[index].devices, device())
        switch Int.random(in: 0...2, using: &random) {
        case 0:
            changes.append(PresenceChange(kind: .leave, member: Member(user: user, name: user, devices: [])))
            members.remove(at: index)
        case 1 where known.count > 1:
            changes.append(PresenceChange(kind: .update, member: Member(user: user, name: user, devices: []), gone: [known[0].id]))
            members[index] = Member(user: user, name: user, devices: Array(known.dropFirst()))
        default:
            let name = "\(user) \(Int.random(in: 0...9, using: &random))"
            changes.append(PresenceChange(kind: .update, member: Member(user: user, name: name, devices: [changed])))
            let devices = known.contains { $0.id == changed.id } ? known.map { $0.id == changed.id ? changed : $0 } : known + [changed]
            members[index] = Member(user: user, name: name, devices: devices)
        }
    }

    private mutating func device() -> Device {
        Device(id: "d\(Int.random(in: 0...3, using: &random))", sid: "\(random.next())", transport: "bridge")
    }
}
