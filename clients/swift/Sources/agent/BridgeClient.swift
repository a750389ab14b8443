import Crossroom

/// A client of the bridge layer.
@CrossroomActor
final class BridgeClient: AgentClient {
    private let name: String
    private let dispatcher: CommandDispatcher
    private let bridge: Bridge
    private var readers: [String: Task<Void, Never>] = [:]
    private var responders: [Int64: Responder] = [:]

    init(_ name: String, _ dispatcher: CommandDispatcher, _ url: String, _ bridgeOptions: BridgeOptions, _ command: Value) throws {
        self.name = name
        self.dispatcher = dispatcher
        var options = bridgeOptions
        if let max = command["maxBuffered"]?.int { options.maxBuffered = Int(max) }
        if command["auth"] == "ask" {
            options.auth = { [dispatcher] in
                try await dispatcher.ask { dispatcher.event(name, "ask", ["key": .int($0)]) }.object ?? [:]
            }
        } else if let auth = command["auth"]?.object {
            options.auth = { auth }
        }
        bridge = try Bridge(url, options: options)
        let warnings = bridge.warnings()
        readers["warnings"] = Task {
            do {
                for try await warning in warnings {
                    dispatcher.event(name, "warning", ["message": .string(String(describing: warning))])
                }
            } catch { dispatcher.event(name, "warning", ["message": .string(String(describing: error))]) }
        }
    }

    func perform(_ action: String, _ command: Value) async throws -> Value? {
        let namespace = self.namespace(command["ns"]?.string ?? "/")
        let event = command["name"]?.string ?? ""
        let args = command["args"]?.array ?? []
        switch action {
        case "connect": return ["sid": .string(try await namespace.connect())]
        case "emit": try namespace.emit(event, args: args)
        case "call":
            let timeout = (command["timeout"]?.double ?? 10_000) / 1000
            return .array(try await namespace.call(event, args: args, timeout: timeout))
        case "answer": try command["key"]?.int.flatMap { responders.removeValue(forKey: $0) }?.answer(args: args)
        case "disconnect": namespace.disconnect()
        default: throw CrossroomError(.invalidArgument, "there is no command \(action)")
        }
        return nil
    }

    func networkChanged() { bridge.networkChanged() }

    func background() { bridge.enterBackground() }

    func foreground() { bridge.enterForeground() }

    func flush(timeout: Double) async -> Int { await bridge.flush(timeout: timeout) }

    func close(timeout: Double) async -> Int {
        let unsent = await bridge.close(timeout: timeout)
        for reader in readers.values { await reader.value }
        return unsent
    }

    /// The namespace, whose events are reported from its first use on.
    private func namespace(_ ns: String) -> Namespace {
        let namespace = bridge.namespace(ns)
        if readers[ns] == nil {
            let events = namespace.events()
            readers[ns] = Task {
                do { for try await event in events { report(ns, event) } } catch { dispatcher.write(describe(error)) }
            }
        }
        return namespace
    }

    private func report(_ ns: String, _ event: NamespaceEvent) {
        var fields: [String: Value] = ns == "/" ? [:] : ["ns": .string(ns)]
        switch event {
        case .connected(let sid, _, _):
            fields["sid"] = .string(sid)
            dispatcher.event(name, "connected", fields)
        case .transportChanged: return
        case .disconnected(let end):
            fields["final"] = .bool(end.isFinal)
            fields["code"] = end.closeCode.map { .int(Int64($0)) }
            dispatcher.event(name, "disconnected", fields)
        case .refused(let error):
            fields["message"] = .string(error.message)
            fields["data"] = error.data
            dispatcher.event(name, "refused", fields)
        case .event(let event):
            fields["name"] = .string(event.name)
            fields["args"] = .array(event.args)
            if let responder = event.responder {
                let key = dispatcher.newKey()
                responders[key] = responder
                fields["key"] = .int(key)
            }
            dispatcher.event(name, "event", fields)
        }
    }
}
