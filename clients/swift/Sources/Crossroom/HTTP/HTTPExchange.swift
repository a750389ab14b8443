import Foundation

/// A request over HTTP.
struct HTTPRequest: Sendable {
    let method: String
    /// `http:` or `https:`.
    let url: URL
    let headers: [String: String]
    /// nil for none, as with GET.
    let body: [UInt8]?
}

/// What comes in answer, in this order.
enum HTTPEvent: Sendable, Equatable {
    /// Once. Names of headers are in lower case.
    case head(status: Int, headers: [String: String])
    /// Bytes of the body, any number of times.
    case body([UInt8])
}

/// A request that is under way.
protocol HTTPExchange: Sendable {
    /// What comes; its end is the whole answer's. It fails where there is no answer, or not all of it. To be read once.
    var events: AsyncThrowingStream<HTTPEvent, any Error> { get }
    /// Whether the network is read. What had been read comes all the same.
    func setReading(_ isReading: Bool)
    /// Gives it up: `events` fails.
    func cancel()
}

/// Makes requests to one server.
protocol HTTPClient: Sendable {
    /// Sends a request. At most three are under way at a time.
    func begin(_ request: HTTPRequest) -> any HTTPExchange
    /// Requests from now on go over new connections: those that are there may be of another network.
    func renewConnections()
    /// No request comes any more, and none is under way.
    func end()
}

/// What the client of HTTP is made with.
public struct HTTPStack: Sendable {
    let makeClient: @Sendable () -> any HTTPClient

    /// The system's own: URLSession, but on Linux the library's, over a socket, as of the WebSocket (`Transports.system`).
    public static let system = HTTPStack {
        #if os(Linux)
            return SocketHTTPClient()
        #else
            return URLSessionHTTPClient()
        #endif
    }

    /// URLSession on every platform. Foundation's on Linux (6.0) cannot leave unread what comes.
    public static let urlSession = HTTPStack { URLSessionHTTPClient() }
}

/// A whole answer.
struct HTTPAnswer: Sendable, Equatable {
    let status: Int
    /// Seconds before which the server wants no other request (PROTOCOL.md, 1.6).
    let retryAfter: Double?
    /// The body, where it is JSON.
    let json: Value?

    init(status: Int, retryAfter: Double? = nil, json: Value? = nil) {
        self.status = status
        self.retryAfter = retryAfter
        self.json = json
    }

    init(status: Int, headers: [String: String], body: [UInt8]) {
        let json = JSONParser.parse(Data(body))
        let said = RetryAfter.seconds(milliseconds: json?["error"]?["retryAfter"])
        self.init(status: status, retryAfter: said ?? RetryAfter.seconds(header: headers["retry-after"]), json: json)
    }

    /// Whether the same request may have another answer (PROTOCOL.md, 12.10).
    var isTemporary: Bool { [408, 421, 425, 429].contains(status) || (500..<600).contains(status) }

    /// The code of its error, or empty.
    var code: String { json?["error"]?["code"]?.string ?? "" }

    /// For people.
    var message: String {
        let said = json?["error"]?["message"]?.string ?? json?["error"]?["code"]?.string
        let usual = "The server answered with HTTP status \(status)"
        return said.map { "\(usual): \($0)" } ?? "\(usual)."
    }
}

extension HTTPExchange {
    /// Bytes of an answer's body that are looked at: more is no answer of a bridge's.
    private static var maxBody: Int { 65_536 }

    /// The whole answer.
    func answer() async throws -> HTTPAnswer {
        var head: (status: Int, headers: [String: String])?
        var body: [UInt8] = []
        for try await event in events {
            switch event {
            case .head(let status, let headers): head = (status, headers)
            case .body(let bytes): if body.count < Self.maxBody { body += bytes }
            }
        }
        guard let head else { throw TransportFailure("The server gave no answer.") }
        return HTTPAnswer(status: head.status, headers: head.headers, body: body)
    }
}
