import Crossroom
import Foundation

/// The agent of docs/conformance-agent.md: commands on standard input, answers and events on standard output.
@main
enum Agent {
    static func main() async {
        await CommandDispatcher().run()
    }
}

/// Lines of standard input, up to the command `exit`. Read on a thread of their own, as reading blocks.
func commands() -> AsyncStream<Value> {
    AsyncStream { stream in
        Thread.detachNewThread {
            while let line = readLine() {
                guard let command = Value(json: line), command["do"] != nil else {
                    FileHandle.standardError.write(Data("not a command: \(line)\n".utf8))
                    continue
                }
                stream.yield(command)
                if command["do"] == "exit" { break }
            }
            stream.finish()
        }
    }
}
