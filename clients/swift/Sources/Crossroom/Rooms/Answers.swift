/// The acks and notices of docs/rooms-api.md, as far as the layer reads them. What has another shape is nil.

/// The ack of `join`.
struct JoinAnswer: Equatable {
    let position: Position
    let recovered: Bool
    let messages: [RoomMessage]
    let members: [Member]
    let count: Int
    /// Where it was asked for, and the server knows of it.
    let history: HistoryPage?

    init?(_ value: Value) {
        guard let position = value["position"].flatMap(Position.init),
            let members = value["members"]?.array?.parsed(Member.init), let count = value["count"]?.count,
            let messages = (value["messages"] ?? []).array?.parsed(RoomMessage.init)
        else { return nil }
        let history = value["history"].flatMap(HistoryPage.init)
        if value["history"] != nil, history == nil { return nil }
        self.init(
            position: position, recovered: value["recovered"]?.bool ?? false, messages: messages, members: members,
            count: count, history: history)
    }

    init(
        position: Position, recovered: Bool = false, messages: [RoomMessage] = [], members: [Member] = [], count: Int = 0,
        history: HistoryPage? = nil
    ) {
        self.position = position
        self.recovered = recovered
        self.messages = messages
        self.members = members
        self.count = count
        self.history = history
    }
}

/// The notice `presence`.
struct PresenceChange {
    enum Kind: String { case join, update, leave }
    let kind: Kind
    /// Of an update, with the devices that are new or changed alone.
    let member: Member
    /// Of an update: the ids of the devices that went.
    let gone: [String]

    init?(_ value: Value) {
        guard let kind = value["type"]?.string.flatMap(Kind.init), let member = value["member"].flatMap(Member.init),
            let gone = (value["gone"] ?? []).array?.parsed(\.string)
        else { return nil }
        self.init(kind: kind, member: member, gone: gone)
    }

    init(kind: Kind, member: Member, gone: [String] = []) {
        self.kind = kind
        self.member = member
        self.gone = gone
    }
}

extension [Value] {
    /// All of them; nil where one has another shape.
    func parsed<Parsed>(_ parse: (Value) -> Parsed?) -> [Parsed]? {
        var elements: [Parsed] = []
        for value in self {
            guard let element = parse(value) else { return nil }
            elements.append(element)
        }
        return elements
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
        guard let id = value["id"]?.string, let sid = value["sid"]?.string, let transport = value["transport"]?.string
        else { return nil }
        self.init(id: id, sid: sid, transport: transport)
    }
}

extension Member {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string,
            let devices = value["devices"]?.array?.parsed(Device.init)
        else { return nil }
        self.init(user: user, name: name, devices: devices)
    }
}

extension Sender {
    init?(_ value: Value) {
        guard let user = value["user"]?.string, let name = value["name"]?.string, let sid = value["sid"]?.string,
            let transport = value["transport"]?.string
        else { return nil }
        self.init(user: user, name: name, sid: sid, transport: transport)
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
            expiresAt: value["expiresAt"]?.double, token: value["token"]?.string, messageBytes: value["messageBytes"]?.count)
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
        guard let messages = value["messages"]?.array?.parsed(RoomMessage.init), let more = value["more"]?.bool
        else { return nil }
        self.init(messages: messages, more: more)
    }
}

extension CrossroomError {
    /// What the server says: `{"code","message","retryable","retryAfter"?}`.
    init?(api value: Value?) {
        guard let code = value?["code"]?.string, let message = value?["message"]?.string,
            let isRetryable = value?["retryable"]?.bool
        else { return nil }
        let retryAfter = RetryAfter.seconds(milliseconds: value?["retryAfter"])
        self.init(ErrorCode(rawValue: code), message, isRetryable: isRetryable, retryAfter: retryAfter)
    }

    static let badAnswer = CrossroomError(.badAnswer, "The server's answer has not the shape that it should have.")

    static func badEvent(_ name: String) -> CrossroomError {
        CrossroomError(.malformedFrame, "The server broke the protocol: an event \(name) has not the shape that it should have.")
    }

    static let unconfirmed = CrossroomError(
        .unconfirmed,
        "The ack was lost, for longer than the server remembers ids. Whether the call was carried out is not known.")

    /// What streams fail with at the end of all: nothing where the application has closed the client itself.
    var unlessClosed: CrossroomError? { code == .closed ? nil : self }
}
