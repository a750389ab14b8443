// The examples of README.md, letter by letter: ReadmeTests compares. Compiled, and not run.

import Crossroom
import Foundation

private struct Chat: Codable {
    var text: String
}

private func typedPayloads(_ rooms: Rooms) async throws {
    let lobby = await rooms.room("lobby")
    let messages = await lobby.messages()
    try await lobby.join()
    try await lobby.publish(Chat(text: "hello"))
    for try await message in messages {
        let chat = try message.decode(Chat.self)
        print(message.from.name, chat.text)
    }
}

private func pastAndPresent(_ lobby: Room) async throws {
    let messages = await lobby.messages()
    let joined = try await lobby.join(history: 50)
    for message in joined.history?.messages ?? [] { print("before:", message.data) }
    for try await message in messages { print("now:", message.data) }
}

private func waysToTheServer() -> RoomsOptions {
    let options = RoomsOptions(bridge: BridgeOptions(transports: [.webSocket]))
    return options
}

private func shutdown(_ rooms: Rooms) async {
    // Sends what was accepted, for 5 s at most, and says what was not.
    let unsent = await rooms.close(timeout: 5)
    if unsent > 0 { print(unsent, "messages were not sent, or nobody knows whether they were") }
}

private func roomEvents(_ lobby: Room) async throws {
    for try await event in await lobby.events() {
        switch event {
        case .message(let message): print(message.from.name, message.data)
        case .presence(_, let count, isCounted: true): print(count, "people")
        case .presence(let members, let count, _): print(count, members.map(\.name))
        case .joined(let joined): if !joined.recovered { print("some messages are lost") }
        case .left(let error): print("sent away:", error.message)
        case .signal(let signal): print(signal.from.name, "is typing")
        }
    }
}

private func largeRooms(_ lobby: Room) async throws {
    var last: String?
    repeat {
        let page = try await lobby.listMembers(after: last, limit: 500)
        for member in page.members { print(member.name) }
        last = page.more ? page.members.last?.user : nil
    } while last != nil
}

private func inboxes(_ rooms: Rooms) async throws {
    let me = try await rooms.ready()
    try await rooms.send("a note to myself", to: me.user, receipt: true)
    try await rooms.inbox.process { item in
        // Acked when this returns; where it throws, the item comes again.
        if case .message(let message) = item { print(message.from.name, message.data) }
    }
}

private func signIn() async throws -> String { "" }

private final class DefaultsStorage: Storage, @unchecked Sendable {
    private let defaults = UserDefaults.standard
    func get(_ key: String) -> String? { defaults.string(forKey: key) }
    func set(_ key: String, _ value: String) { defaults.set(value, forKey: key) }
    func remove(_ key: String) { defaults.removeObject(forKey: key) }
}

private func sessions() async throws {
    var options = RoomsOptions(storage: DefaultsStorage())
    options.token = .provided {
        guard let token = try? await signIn() else {
            // Final, as it is not retryable. Any other error is asked about again.
            throw CrossroomError(.unauthorized, "signed out")
        }
        return token
    }
    let rooms = try Rooms("https://chat.example.com", options: options)
    for try await event in await rooms.events() {
        if case .end(let error) = event { print("sign in again:", error.message) }
    }
}

private func bridges() async throws {
    let bridge = try Bridge("http://localhost:3000", options: BridgeOptions(auth: { ["token": "secret"] }))
    let main = await bridge.namespace()
    let events = await main.events()
    try await main.connect()
    try await main.emit("hello", "world", ["n": 1])
    let answer = try await main.call("ask", .binary(Data([1, 2])), timeout: 5)
    print(answer)
    for try await event in events {
        if case .event(let event) = event {
            print(event.name, event.args)
            try await event.responder?.answer("got it")
        }
    }
    await bridge.close()
}

private func errors(_ lobby: Room) async throws {
    do {
        try await lobby.publish("hello")
    } catch let error as CrossroomError {
        switch error.code {
        case .forbidden: print("you may not write here")
        case .unconfirmed, .aborted: print("nobody knows whether it was published")
        default: print(error.code, error.message)
        }
    }
}
