/// One connection of a user's in a room.
public struct Device: Sendable, Hashable, Codable {
    /// The device's id.
    public let id: String
    /// The id of its connection.
    public let sid: String
    /// "bridge", "websocket", "polling" or "webtransport".
    public let transport: String
}

extension Device {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let sid = value["sid"]?.string, let transport = value["transport"]?.string
        else { return nil }
        self.init(id: id, sid: sid, transport: transport)
    }
}

/// A user who is in a room.
public struct Member: Sendable, Hashable, Codable {
    /// The user's id.
    public let user: String
    /// For people to see; not unique.
    public let name: String
    /// The user's connections in the room.
    public let devices: [Device]
}

extension Member {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string,
            let devices = value["devices"]?.array?.parsed(Device.init)
        else { return nil }
        self.init(user: user, name: name, devices: devices)
    }
}

/// A page of those who are in a room, in the order in which they came.
public struct MembersPage: Sendable, Hashable, Codable {
    /// The members.
    public let members: [Member]
    /// How many are in the room, in all.
    public let count: Int
    /// Whether there are more after these.
    public let more: Bool
}

extension MembersPage {
    init?(_ value: Value) {
        guard let members = value["members"]?.array?.parsed(Member.init), let count = value["count"]?.count,
            let more = value["more"]?.bool
        else { return nil }
        self.init(members: members, count: count, more: more)
    }
}

/// Who sent something.
public struct Sender: Sendable, Hashable, Codable {
    /// The user's id.
    public let user: String
    /// For people to see; not unique.
    public let name: String
    /// The id of the connection it came from.
    public let sid: String
    /// As in `Device`.
    public let transport: String
}

extension Sender {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string, let sid = value["sid"]?.string,
            let transport = value["transport"]?.string
        else { return nil }
        self.init(user: user, name: name, sid: sid, transport: transport)
    }
}
