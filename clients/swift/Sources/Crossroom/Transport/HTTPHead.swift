import Foundation

/// The head of an answer in HTTP/1.1 (RFC 9112), and of a request, without I/O.
struct HTTPHead {
    /// nil where it is not HTTP/1.
    let status: Int?
    /// Whether it is HTTP/1.1, and not older.
    let isModern: Bool
    /// Names are in lower case. Of several of one name the last counts, but for cookies, which are lines.
    let headers: [String: String]
    /// Bytes, with the empty line.
    let size: Int

    /// nil where more bytes are needed.
    init?(_ bytes: [UInt8]) {
        guard let end = Self.end(of: bytes) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[name] = name == "set-cookie" ? headers[name].map { "\($0)\n\(value)" } ?? value : value
        }
        status = lines[0].hasPrefix("HTTP/1.") ? Int(lines[0].dropFirst(9).prefix(3)) : nil
        isModern = !lines[0].hasPrefix("HTTP/1.0")
        self.headers = headers
        size = end + 4
    }

    /// A request, as it goes over the wire, up to its body.
    static func request(_ method: String, _ url: URL, _ headers: [String: String]) -> [UInt8] {
        let parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
        let host = parts?.percentEncodedHost ?? ""
        let path = (parts?.percentEncodedPath).flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        let query = parts?.percentEncodedQuery.map { "?\($0)" } ?? ""
        let all = headers.merging(["Host": parts?.port.map { "\(host):\($0)" } ?? host]) { $1 }
        // A line break would begin another header.
        let lines = all.map { "\($0): \($1)".filter { !$0.isNewline } }
        return Array((["\(method) \(path)\(query) HTTP/1.1"] + lines + ["", ""]).joined(separator: "\r\n").utf8)
    }

    private static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { bytes[$0] == 13 && Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] }
    }
}
