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
        let url = URLComponents(url: request.url, resolvingAgainstBaseURL: false)
        let host = url?.percentEncodedHost ?? ""
        let path = (url?.percentEncodedPath).flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        let query = url?.percentEncodedQuery.map { "?\($0)" } ?? ""
        var headers = [
            "Host": url?.port.map { "\(host):\($0)" } ?? host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        ]
        headers["Sec-WebSocket-Protocol"] = request.subprotocol
        headers.merge(request.headers) { own, _ in own }
        // A line break would begin another header.
        let lines = headers.map { "\($0): \($1)".filter { !$0.isNewline } }
        return Array((["GET \(path)\(query) HTTP/1.1"] + lines + ["", ""]).joined(separator: "\r\n").utf8)
    }

    /// Bytes came. With `isEnd`, no more will.
    mutating func feed(_ bytes: some Sequence<UInt8>, isEnd: Bool = false) -> Answer {
        received += bytes
        guard let end = Self.endOfHead(received) else {
            if isEnd { return .refused(TransportFailure("The connection was closed before the server's answer.")) }
            if received.count > Self.maxAnswer { return .refused(TransportFailure("The answer is not HTTP.")) }
            return .incomplete
        }
        let lines = String(decoding: received[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        let status = lines[0].hasPrefix("HTTP/1.") ? Int(lines[0].dropFirst(9).prefix(3)) : nil
        let body = Array(received[(end + 4)...])
        guard let status else { return .refused(TransportFailure("The answer is not HTTP.")) }
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

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { bytes[$0] == 13 && Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] }
    }
}
