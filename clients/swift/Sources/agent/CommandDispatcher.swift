import Crossroom
import Foundation

/// A client of the agent's, of either layer.
@CrossroomActor
protocol AgentClient: AnyObject {
    /// - Returns: the answer's `value`.
    func perform(_ action: String, _ command: Value) async throws -> Value?
    func networkChanged()
    func background()
    func foreground()
    /// Seconds. - Returns: what did not get away.
    func flush(timeout: Double) async -> Int
    func close(timeout: Double) async -> Int
}

/// Gives commands to clients, and writes what they say.
@CrossroomActor
final class CommandDispatcher {
    private var clients: [String: any AgentClient] = [:]
    private var tasks: [Int64: Task<Void, Never>] = [:]
    private var questions: [Int64: CheckedContinuation<Value, any Error>] = [:]
    private var nextKey: Int64 = 0
    private var storages: [String: MemoryStorage] = [:]

    func run() async {
        write(["ready": ["client": "swift", "version": "0.1.0"]])
        for await command in commands() {
            let id = command["id"]?.int ?? -1
            if command["do"] == "exit" {
                for client in clients.values { _ = await client.close(timeout: 0) }
                for task in tasks.values { await task.value }
                write(["id": .int(id), "ok": true])
                return
            }
            // Tasks of one actor begin in the order in which they were made.
            tasks[id] = Task {
                await answer(id, command)
                tasks[id] = nil
            }
        }
        for client in clients.values { _ = await client.close(timeout: 0) }
    }

    func write(_ line: Value) {
        guard var text = try? line.json() else { return }
        // Some readers of lines end them at these too.
        text = text.replacingOccurrences(of: "\u{2028}", with: "\\u2028").replacingOccurrences(of: "\u{2029}", with: "\\u2029")
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    func event(_ client: String, _ name: String, _ fields: [String: Value]) {
        write(.object(fields.merging(["client": .string(client), "event": .string(name)]) { $1 }))
    }

    func newKey() -> Int64 {
        defer { nextKey += 1 }
        return nextKey
    }

    /// Waits for the command that brings an answer for the key; `announce` writes the question.
    func ask(_ announce: @CrossroomActor (_ key: Int64) -> Void) async throws -> Value {
        let key = newKey()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                questions[key] = continuation
                announce(key)
            }
        } onCancel: {
            Task { @CrossroomActor in questions.removeValue(forKey: key)?.resume(throwing: CancellationError()) }
        }
    }

    func storage(_ name: String) -> MemoryStorage {
        let storage = storages[name] ?? MemoryStorage()
        storages[name] = storage
        return storage
    }

    private func answer(_ id: Int64, _ command: Value) async {
        do {
            var answer: [String: Value] = ["id": .int(id), "ok": true]
            answer["value"] = try await perform(command)
            write(.object(answer))
        } catch {
            write(["id": .int(id), "ok": false, "error": describe(error)])
        }
    }

    private func perform(_ command: Value) async throws -> Value? {
        let name = command["client"]?.string ?? ""
        let action = command["do"]?.string ?? ""
        if action == "open" {
            clients[name] = try open(name, command)
            return nil
        }
        guard let client = clients[name] else { throw CrossroomError(.invalidArgument, "there is no client \(name)") }
        switch action {
        case "give", "processed": give(command)
        case "cancel": command["target"]?.int.flatMap { tasks[$0] }?.cancel()
        case "background": client.background()
        case "foreground": client.foreground()
        case "network_changed": client.networkChanged()
        case "flush":
            let unsent = await client.flush(timeout: (command["timeout"]?.double ?? 0) / 1000)
            return ["unsent": .int(Int64(unsent))]
        case "close":
            let timeout = command["timeout"]?.double
            let unsent = await client.close(timeout: (timeout ?? 0) / 1000)
            clients[name] = nil
            return timeout.map { _ in ["unsent": .int(Int64(unsent))] }
        default: return try await client.perform(action, command)
        }
        return nil
    }

    private func give(_ command: Value) {
        guard let question = command["key"]?.int.flatMap({ questions.removeValue(forKey: $0) }) else { return }
        switch command["error"] {
        case .string(let message)?: question.resume(throwing: CrossroomError(.internalError, message, isRetryable: true))
        case .object(let error)?:
            let isFinal = error["final"] == .bool(true)
            let message = error["message"]?.string ?? ""
            question.resume(throwing: CrossroomError(isFinal ? .unauthorized : .unavailable, message, isRetryable: !isFinal))
        default: question.resume(returning: command["value"] ?? .null)
        }
    }

    private func open(_ name: String, _ command: Value) throws -> any AgentClient {
        var options = BridgeOptions()
        if let path = command["path"]?.string { options.path = path }
        if let headers = command["headers"]?.object?.compactMapValues(\.string) { options.headers = { headers } }
        if let reconnect = command["reconnect"] {
            if let min = reconnect["min"]?.double { options.reconnect.minDelay = min / 1000 }
            if let max = reconnect["max"]?.double { options.reconnect.maxDelay = max / 1000 }
            if let timeout = reconnect["timeout"]?.double { options.reconnect.timeout = timeout / 1000 }
        }
        let variables = ProcessInfo.processInfo.environment
        if let names = variables["CROSSROOM_TRANSPORTS"], !names.isEmpty {
            options.transports = Set(names.split(separator: ",").compactMap { TransportKind(rawValue: String($0)) })
        }
        // To try what Apple's platforms use.
        if variables["CROSSROOM_TRANSPORT"] == "urlsession" {
            options.transport = Transports.urlSession
            options.http = .urlSession
        }
        let url = command["url"]?.string ?? ""
        if command["layer"] == "rooms" { return try RoomsClient(name, self, url, options, command) }
        return try BridgeClient(name, self, url, options, command)
    }
}

/// An error as the suite reads it.
func describe(_ thrown: any Error) -> Value {
    guard let error = thrown as? CrossroomError else {
        return ["code": "internal", "message": .string(String(describing: thrown))]
    }
    var fields: [String: Value] = [
        "code": .string(error.code.rawValue), "message": .string(error.message), "retryable": .bool(error.isRetryable),
    ]
    fields["data"] = error.data
    return .object(fields)
}
