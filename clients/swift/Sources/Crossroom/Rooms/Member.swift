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
