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

/// RFC 3174, which RFC 6455's handshake wants: a check that the server speaks WebSocket, and no secret.
enum SHA1 {
    static func hash(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        padded += (0..<8).map { UInt8(truncatingIfNeeded: (UInt64(message.count) * 8) >> (56 - 8 * UInt64($0))) }
        for start in stride(from: 0, to: padded.count, by: 64) { mix(&state, padded[start..<start + 64]) }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
    }

    private static func mix(_ state: inout [UInt32], _ block: ArraySlice<UInt8>) {
        var words = (0..<16).map { index in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[block.startIndex + 4 * index + $1]) }
        }
        for index in 16..<80 {
            words.append(rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for (index, word) in words.enumerated() {
            let (f, k): (UInt32, UInt32)
            switch index {
            case ..<20: (f, k) = (b & c | ~b & d, 0x5A82_7999)
            case ..<40: (f, k) = (b ^ c ^ d, 0x6ED9_EBA1)
            case ..<60: (f, k) = (b & c | b & d | c & d, 0x8F1B_BCDC)
            default: (f, k) = (b ^ c ^ d, 0xCA62_C1D6)
            }
            let next = rotate(a, 5) &+ f &+ e &+ k &+ word
            (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
        }
        for (index, value) in [a, b, c, d, e].enumerated() { state[index] = state[index] &+ value }
    }

    private static func rotate(_ word: UInt32, _ by: UInt32) -> UInt32 { word << by | word >> (32 - by) }
}
