/// Who one is, as the server says after each connect.
public struct Identity: Sendable, Hashable {
    /// The user's id.
    public let user: String
    /// For people to see.
    public let name: String
    /// The id of this connection.
    public let sid: String
    /// The id of this device.
    public let device: String
    /// Whether one is a guest, who showed no token.
    public let isGuest: Bool
    /// Which way frames went when one connected; `Rooms.transport` says it of now.
    public internal(set) var transport = TransportKind.webSocket
    /// When the token runs out, in milliseconds since the Unix epoch.
    public internal(set) var expiresAt: Double?
    /// A guest's, to come back with.
    let token: String?
    /// What the data of one message may have, as `Value.messageSize` counts.
    let messageBytes: Int?
}

extension Identity {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string, let sid = value["sid"]?.string,
            let device = value["device"]?.string
        else { return nil }
        self.init(
            user: user, name: name, sid: sid, device: device, isGuest: value["guest"]?.bool ?? false,
            expiresAt: value["expiresAt"]?.double, token: value["token"]?.string, messageBytes: value["messageBytes"]?.count)
    }
}
