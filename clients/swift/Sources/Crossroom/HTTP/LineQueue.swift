/// The lines of a session, numbered from 0, until the server has them (PROTOCOL.md, 12.6 and 12.7). Pure.
struct LineQueue {
    private struct Line {
        let text: String
        /// Not of whoever uses the session.
        let isOwn: Bool
    }

    /// The number of the first line that the server is not known to have.
    private(set) var first = 0
    private var lines: [Line] = []

    /// Bytes of a POST, at most, unless one line has more: many proxies take a megabyte, and lines that would pass alone pass together.
    private static let maxBody = 256 << 10

    var isEmpty: Bool { lines.isEmpty }

    mutating func append(_ texts: [String]) { lines += texts.map { Line(text: $0, isOwn: false) } }

    /// Appends a line of the session's own. - Returns: its number.
    mutating func appendOwn(_ text: String) -> Int {
        lines.append(Line(text: text, isOwn: true))
        return first + lines.count - 1
    }

    /// What goes into the next POST; at least one line, if there is one.
    func next(maxPayload: Int) -> [String] {
        let limit = min(maxPayload, Self.maxBody)
        var size = -1
        let count = lines.prefix { line in
            size += line.text.utf8.count + 1
            return size <= limit
        }.count
        return lines.prefix(max(1, count)).map(\.text)
    }

    /// The server has all lines below this number.
    /// - Returns: how many of these were of whoever uses the session; nil where it cannot be.
    mutating func received(_ number: Int) -> Int? {
        guard number >= first, number - first <= lines.count else { return nil }
        let count = lines.prefix(number - first).filter { !$0.isOwn }.count
        lines.removeFirst(number - first)
        first = number
        return count
    }
}
