// A chat in the terminal: chat [URL] [ROOM] [NAME]. What is typed is published; the end of the input (^D) ends it.

import Crossroom
import Foundation

struct Line: Codable {
    var text: String
}

let arguments = Array(CommandLine.arguments.dropFirst()) + Array(repeating: "", count: 3)
let url = arguments[0].isEmpty ? "http://localhost:3000" : arguments[0]
let name = arguments[2].isEmpty ? nil : arguments[2]
let rooms = try Rooms(url, name: name)
let room = await rooms.room(arguments[1].isEmpty ? "lobby" : arguments[1])

/// Prints what happens, until the session is over.
func show(_ events: EventStream<RoomEvent>) async throws {
    for try await event in events {
        switch event {
        case .message(let message): print("\(message.from.name): \((try? message.decode(Line.self).text) ?? "?")")
        case .joined(let joined): print(joined.recovered ? "* you are there" : "* some messages are lost")
        case .presence(_, let count, isCounted: true): print("* \(count) are there")
        case .presence(let members, let count, _): print("* \(count): \(members.map(\.name).joined(separator: ", "))")
        case .left(let error): print("* you were sent away: \(error.message)")
        case .signal: break
        }
    }
}

/// Lines of standard input, from a thread of their own, as reading blocks.
let typed = AsyncStream<String> { stream in
    Thread.detachNewThread {
        while let line = readLine() { stream.yield(line) }
        stream.finish()
    }
}

let events = await room.events()
let showing = Task { try await show(events) }
do {
    let joined = try await room.join(history: 10)
    for message in joined.history?.messages ?? [] {
        print("\(message.from.name): \((try? message.decode(Line.self).text) ?? "?")")
    }
    for await line in typed where !line.isEmpty { try await room.publish(Line(text: line)) }
} catch {
    print("* it is over: \(error)")
}
let unsent = await rooms.close(timeout: 5)
if unsent > 0 { print("* \(unsent) lines were not sent") }
try? await showing.value
