import Crossroom

/// A client of the rooms layer.
@CrossroomActor
final class RoomsClient: AgentClient {
    private let name: String
    private let dispatcher: CommandDispatcher
    private let rooms: Rooms
    private var readers: [String: Task<Void, Never>] = [:]
    private var streams: [String: EventStream<RoomEvent>] = [:]

    init(_ name: String, _ dispatcher: CommandDispatcher, _ url: String, _ bridge: BridgeOptions, _ command: Value) throws {
        self.name = name
        self.dispatcher = dispatcher
        var options = RoomsOptions(name: command["name"]?.string, device: command["device"]?.string, bridge: bridge)
        if command["token"] == "ask" {
            options.token = .provided { [dispatcher] in
                try await dispatcher.ask { dispatcher.event(name, "ask", ["key": .int($0)]) }.string ?? ""
            }
        } else if let token = command["token"]?.string {
            options.token = .fixed(token)
        }
        if let timeout = command["ackTimeout"]?.double { options.ackTimeout = timeout / 1000 }
        if let max = command["maxPending"]?.int { options.maxPending = Int(max) }
        if let max = command["maxUnread"]?.int { options.maxLag = Int(max) }
        if let storage = command["storage"]?.string { options.storage = dispatcher.storage(storage) }
        rooms = try Rooms(url, options: options)
        read("", rooms.events()) { $0.report($1) }
        try rooms.connect()
    }

    func perform(_ action: String, _ command: Value) async throws -> Value? {
        switch action {
        case "ready": return Self.value(try await rooms.ready())
        case "cursor": return try rooms.inbox.cursor.map { try Value(encoding: $0) } ?? .null
        case "inbox": return ["waiting": .int(Int64(try await openInbox(asks: command["ask"] == true)))]
        case "send":
            let sent = try await rooms.send(
                command["data"] ?? .null, to: command["to"]?.string ?? "", id: command["messageId"]?.string,
                receipt: command["receipt"] == true)
            return try Value(encoding: sent)
        default: return try await perform(action, command, in: room(command["room"]?.string ?? ""))
        }
    }

    func networkChanged() { rooms.networkChanged() }

    func background() { rooms.enterBackground() }

    func foreground() { rooms.enterForeground() }

    func flush(timeout: Double) async -> Int { await rooms.flush(timeout: timeout) }

    func close(timeout: Double) async -> Int {
        let unsent = await rooms.close(timeout: timeout)
        for reader in readers.values { await reader.value }
        return unsent
    }

    private func perform(_ action: String, _ command: Value, in room: Room) async throws -> Value? {
        let data = command["data"] ?? .null
        switch action {
        case "join":
            let joined = try await room.join(
                since: position(command["since"]), history: command["history"]?.int.map { Int($0) })
            return try Value(encoding: joined)
        case "state": return .string(String(describing: room.state))
        case "position": return try room.position.map { try Value(encoding: $0) } ?? .null
        case "pause":
            // The stream stays, with all that is in it.
            readers["/" + room.name]?.cancel()
            await readers["/" + room.name]?.value
        case "resume": readRoom(room.name)
        case "leave": await room.leave()
        case "publish":
            return try Value(encoding: try await room.publish(data, id: command["messageId"]?.string))
        case "signal": try room.signal(data)
        case "history":
            let page = try await room.history(
                before: position(command["before"]), after: position(command["after"]),
                limit: command["limit"]?.int.map { Int($0) })
            return try Value(encoding: page)
        case "members":
            return [
                "members": try Value(encoding: room.members), "count": .int(Int64(room.memberCount)), "counted": .bool(room.isCounted),
            ]
        case "list_members":
            let page = try await room.listMembers(after: command["after"]?.string, limit: command["limit"]?.int.map { Int($0) })
            return try Value(encoding: page)
        default: throw CrossroomError(.invalidArgument, "there is no command \(action)")
        }
        return nil
    }

    private func position(_ value: Value?) throws -> Position? {
        guard let value, !value.isNull else { return nil }
        return try value.decode()
    }

    private func openInbox(asks: Bool) async throws -> Int {
        let (name, dispatcher) = (self.name, self.dispatcher)
        return try await rooms.inbox.process { item in
            let item = await Self.value(item)
            if asks {
                _ = try await dispatcher.ask { dispatcher.event(name, "item", ["item": item, "key": .int($0)]) }
            } else {
                await dispatcher.event(name, "item", ["item": item])
            }
        }
    }

    /// The room, whose events are reported from its first use on.
    private func room(_ name: String) -> Room {
        let room = rooms.room(name)
        if streams[name] == nil {
            streams[name] = room.events()
            readRoom(name)
        }
        return room
    }

    private func readRoom(_ name: String) {
        if let events = streams[name] { read("/" + name, events) { $0.report(name, $1) } }
    }

    private func read<Event>(
        _ key: String, _ events: EventStream<Event>, _ report: @escaping @CrossroomActor (RoomsClient, Event) -> Void
    ) {
        readers[key] = Task {
            do { for try await event in events { report(self, event) } } catch {
                dispatcher.event(name, "warning", ["message": .string(String(describing: error))])
            }
        }
    }

    private func report(_ event: RoomsEvent) {
        switch event {
        case .connect(let me): dispatcher.event(name, "connect", ["self": Self.value(me)])
        case .transportChanged: break
        case .disconnect(let reason): dispatcher.event(name, "disconnect", ["reason": .string(reason)])
        case .end(let error): dispatcher.event(name, "end", ["error": describe(error)])
        case .deviceTaken: dispatcher.event(name, "device", ["taken": true])
        case .deviceReturned: dispatcher.event(name, "device", ["taken": false])
        case .inboxLost: dispatcher.event(name, "inbox_lost", [:])
        case .warning(let error): dispatcher.event(name, "warning", ["message": .string(String(describing: error))])
        }
    }

    private func report(_ room: String, _ event: RoomEvent) {
        var fields: [String: Value] = ["room": .string(room)]
        let kind: String
        switch event {
        case .message(let message): (kind, fields["message"]) = ("message", try? Value(encoding: message))
        case .signal(let signal): (kind, fields["signal"]) = ("signal", try? Value(encoding: signal))
        case .presence(let members, let count, let isCounted):
            (kind, fields["members"]) = ("presence", try? Value(encoding: members))
            fields["count"] = .int(Int64(count))
            fields["counted"] = .bool(isCounted)
        case .joined(let joined):
            (kind, fields["recovered"]) = ("joined", .bool(joined.recovered))
            fields["position"] = try? Value(encoding: joined.position)
        case .left(let error): (kind, fields["error"]) = ("left", describe(error))
        }
        dispatcher.event(name, kind, fields)
    }

    private static func value(_ me: Identity) -> Value {
        [
            "user": .string(me.user), "name": .string(me.name), "sid": .string(me.sid), "device": .string(me.device),
            "guest": .bool(me.isGuest),
        ]
    }

    private static func value(_ item: InboxItem) -> Value {
        switch item {
        case .message(let message):
            return [
                "type": "message", "id": .string(message.id), "position": (try? Value(encoding: message.position)) ?? .null,
                "from": (try? Value(encoding: message.from)) ?? .null, "data": message.data, "at": .double(message.at),
            ]
        case .receipt(let receipt):
            return [
                "type": "receipt", "id": .string(receipt.id), "position": (try? Value(encoding: receipt.position)) ?? .null,
                "from": ["user": .string(receipt.user)], "at": .double(receipt.at),
            ]
        }
    }
}
