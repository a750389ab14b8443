import Foundation

/// The opening handshake of RFC 6455, 4, without I/O.
struct WebSocketHandshake {
    /// What the server answered.
    enum Answer: Equatable {
        /// More bytes are needed.
        case incomplete
        /// It is a refusal, whose body is not whole. Who has waited long enough feeds the end: the status is there already.
        case refusing
        /// The WebSocket is open; what follows the answer is frames already.
        case accepted(rest: [UInt8])
        case refused(TransportFailure)
    }

    private let key: String
    private var received: [UInt8] = []

    /// More than this is no answer of a server's.
    private static let maxAnswer = 65_536

    init(key: [UInt8]) { self.key = Data(key).base64EncodedString() }

    /// The request, as it goes over the wire.
    func request(_ request: TransportRequest) -> [UInt8] {
        var headers = [
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        ]
        headers["Sec-WebSocket-Protocol"] = request.subprotocol
        headers.merge(request.headers) { own, _ in own }
        return HTTPHead.request("GET", request.url, headers)
    }

    /// Bytes came. With `isEnd`, no more will.
    mutating func feed(_ bytes: some Sequence<UInt8>, isEnd: Bool = false) -> Answer {
        received += bytes
        guard let head = HTTPHead(received) else {
            if isEnd { return .refused(TransportFailure("The connection was closed before the server's answer.")) }
            if received.count > Self.maxAnswer { return .refused(TransportFailure("The answer is not HTTP.")) }
            return .incomplete
        }
        let headers = head.headers
        let body = Array(received[head.size...])
        guard let status = head.status else { return .refused(TransportFailure("The answer is not HTTP.")) }
        if status == 101 { return accepted(headers, body) }
        let length = headers["content-length"].flatMap(Int.init) ?? .max
        let isWhole = isEnd || body.count >= length || body.count > Self.maxAnswer
        return isWhole ? .refused(Self.refusal(status, body, headers)) : .refusing
    }

    private func accepted(_ headers: [String: String], _ rest: [UInt8]) -> Answer {
        let expected = Data(SHA1.hash(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).base64EncodedString()
        guard headers["upgrade"]?.lowercased() == "websocket", headers["sec-websocket-accept"] == expected else {
            return .refused(TransportFailure("The server's answer is no WebSocket handshake."))
        }
        return .accepted(rest: rest)
    }

    /// What the body says (PROTOCOL.md, 1.3), if it does.
    private static func refusal(_ status: Int, _ body: [UInt8], _ headers: [String: String]) -> TransportFailure {
        let error = JSONParser.parse(Data(body))?["error"]
        let said = error?["message"]?.string ?? error?["code"]?.string
        let usual = "The server refused the upgrade with HTTP status \(status)"
        let retryAfter = RetryAfter.seconds(milliseconds: error?["retryAfter"]) ?? RetryAfter.seconds(header: headers["retry-after"])
        return TransportFailure(said.map { "\(usual): \($0)" } ?? "\(usual).", status: status, retryAfter: retryAfter)
    }
}
