/// Server-sent events as the bridge writes them (PROTOCOL.md, 12.5), without I/O: bytes of one answer in, events out. An event is there
/// when the empty line after it is.
struct EventParser {
    struct Event: Equatable {
        /// Empty for a frame.
        let name: String
        let data: String
    }

    /// The answer has an event that is larger than anything that is meant.
    struct TooLarge: Error {}

    private let maxSize: Int
    private var buffer: [UInt8] = []
    /// Bytes of `buffer` that have no line's end.
    private var scanned = 0
    private var name = ""
    private var data: [UInt8]?

    /// - Parameter maxSize: bytes that an event may have.
    init(maxSize: Int) { self.maxSize = maxSize }

    /// What these bytes complete.
    mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        var start = 0
        while let end = buffer[scanned...].firstIndex(of: 10) {
            if let event = take(buffer[start..<end]) { events.append(event) }
            start = end + 1
            scanned = start
        }
        buffer.removeFirst(start)
        scanned = buffer.count
        guard buffer.count + (data?.count ?? 0) <= maxSize else { throw TooLarge() }
        return events
    }

    /// One line, without its end.
    private mutating func take(_ line: ArraySlice<UInt8>) -> Event? {
        let line = line.last == 13 ? line.dropLast() : line
        if line.isEmpty {
            defer { (name, data) = ("", nil) }
            return data.map { Event(name: name, data: String(decoding: $0, as: UTF8.self)) }
        }
        let colon = line.firstIndex(of: 58) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == 32 { value = value.dropFirst() }
        switch line[..<colon] {
        case Self.dataField: data = data.map { $0 + [10] + value } ?? Array(value)
        case Self.eventField: name = String(decoding: value, as: UTF8.self)
        // A comment, or what a newer server may say.
        default: break
        }
        return nil
    }

    private static let dataField = ArraySlice("data".utf8)
    private static let eventField = ArraySlice("event".utf8)
}
