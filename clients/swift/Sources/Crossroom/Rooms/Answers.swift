/// The acks and notices of docs/rooms-api.md, as far as the layer reads them. What has another shape is nil.

/// The ack of `join`.
struct JoinAnswer: Equatable {
    let position: Position
    let recovered: Bool
    let messages: [RoomMessage]
    let members: [Member]
    let count: Int

    init?(_ value: Value) {
        guard let position = value["position"].flatMap(Position.init) else { return nil }
        self.init(
            position: position, recovered: value["recovered"]?.bool ?? false,
            messages: value["messages"]?.array?.compactMap(RoomMessage.init) ?? [],
            members: value["members"]?.array?.compactMap(Member.init) ?? [], count: value["count"]?.count ?? 0)
    }

    init(position: Position, recovered: Bool = false, messages: [RoomMessage] = [], members: [Member] = [], count: Int = 0)
    {
        self.position = position
        self.recovered = recovered
        self.messages = messages
        self.members = members
        self.count = count
    }
}

/// The notice `presence`.
struct PresenceChange {
    enum Kind: String { case join, update, leave }
    let kind: Kind
    let member: Member

    init?(_ value: Value) {
        guard let kind = value["type"]?.string.flatMap(Kind.init), let member = value["member"].flatMap(Member.init)
        else { return nil }
        self.init(kind: kind, member: member)
    }

    init(kind: Kind, member: Member) {
        self.kind = kind
        self.member = member
    }
}

extension Value {
    /// How many of something there are, as far as an Int goes; nil for what is no number of things.
    var count: Int? { int.flatMap { (0..<1 << 53).contains($0) ? Int(clamping: $0) : nil } }
}

extension Position {
    init?(_ value: Value) {
        guard let epoch = value["epoch"]?.string, let offset = value["offset"]?.int else { return nil }
        self.init(epoch: epoch, offset: offset)
        if !isValid { return nil }
    }

    /// Whether it can be a server's, whose offsets are exact: from 0 to 2^53-1.
    var isValid: Bool { (0..<1 << 53).contains(offset) }

    var value: Value { ["epoch": .string(epoch), "offset": .int(offset)] }
}

extension Device {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let sid = value["sid"]?.string else { return nil }
        self.init(id: id, sid: sid, transport: value["transport"]?.string ?? "")
    }
}

extension Member {
    init?(_ value: Value) {
        guard let user = value["user"]?.string else { return nil }
        let devices = value["devices"]?.array?.compactMap(Device.init) ?? []
        self.init(user: user, name: value["name"]?.string ?? "", devices: devices)
    }
}

extension Sender {
    init?(_ value: Value) {
        guard let user = value["user"]?.string else { return nil }
        self.init(
            user: user, name: value["name"]?.string ?? "", sid: value["sid"]?.string ?? "",
            transport: value["transport"]?.string ?? "")
    }
}

extension RoomMessage {
    init?(_ value: Value) {
        guard let room = value["room"]?.string, let id = value["id"]?.string,
            let position = value["position"].flatMap(Position.init), let from = value["from"].flatMap(Sender.init),
            let data = value["data"], let at = value["at"]?.double
        else { return nil }
        self.init(room: room, id: id, position: position, from: from, data: data, at: at)
    }
}

extension Signal {
    init?(_ value: Value) {
        guard let room = value["room"]?.string, let from = value["from"].flatMap(Sender.init), let data = value["data"],
            let at = value["at"]?.double
        else { return nil }
        self.init(room: room, from: from, data: data, at: at)
    }
}

extension InboxItem {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let position = value["position"].flatMap(Position.init),
            let at = value["at"]?.double, let from = value["from"]
        else { return nil }
        switch value["type"]?.string {
        case "message":
            guard let from = Sender(from), let data = value["data"] else { return nil }
            self = .message(InboxMessage(id: id, position: position, from: from, data: data, at: at))
        case "receipt":
            guard let user = from["user"]?.string else { return nil }
            self = .receipt(InboxReceipt(id: id, position: position, user: user, at: at))
        default: return nil
        }
    }
}

extension Identity {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string, let sid = value["sid"]?.string,
            let device = value["device"]?.string
        else { return nil }
        self.init(
            user: user, name: name, sid: sid, device: device, isGuest: value["guest"]?.bool ?? false,
            expiresAt: value["expiresAt"]?.double, token: value["token"]?.string)
    }
}

extension Published {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let position = value["position"].flatMap(Position.init),
            let at = value["at"]?.double
        else { return nil }
        self.init(id: id, position: position, at: at)
    }
}

extension Sent {
    init?(_ value: Value) {
        guard let id = value["id"]?.string, let at = value["at"]?.double else { return nil }
        self.init(id: id, at: at)
    }
}

extension HistoryPage {
    init?(_ value: Value) {
        guard let messages = value["messages"]?.array else { return nil }
        self.init(messages: messages.compactMap(RoomMessage.init), more: value["more"]?.bool ?? false)
    }
}

extension CrossroomError {
    /// What the server says: `{"code","message","retryable"}`.
    init?(api value: Value?) {
        guard let code = value?["code"]?.string, let message = value?["message"]?.string,
            let isRetryable = value?["retryable"]?.bool
        else { return nil }
        self.init(ErrorCode(rawValue: code), message, isRetryable: isRetryable)
    }

    static let malformedAnswer = CrossroomError(.malformedFrame, "The server's answer has not the shape it should have.")

    static let unconfirmed = CrossroomError(
        .unconfirmed,
        "The ack was lost, for longer than the server remembers ids. Whether the call was carried out is not known.")

    /// What streams fail with at the end of all: nothing where the application has closed the client itself.
    var unlessClosed: CrossroomError? { code == .closed ? nil : self }
}
