/// Answers in HTTP/1.1 (RFC 9112), without I/O: bytes of one connection in, what they say out.
struct HTTPAnswerDecoder {
    enum Item: Equatable {
        case event(HTTPEvent)
        /// The answer is whole. `mayGoOn`: another request may go over this connection.
        case end(mayGoOn: Bool)
        /// The last one: what comes after it is of no use.
        case broken
    }

    private enum State: Equatable {
        case head
        /// So many bytes of the body are missing.
        case counted(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case untilEnd
        case over
    }

    /// A head that is larger is no answer of a server's, nor is such a line of a chunk.
    private static let maxHead = 65_536
    private static let maxLine = 1_024

    private var state = State.head
    private var buffer: [UInt8] = []
    private var mayGoOn = true

    /// Whether not a byte of an answer has come.
    var isFresh: Bool { state == .head && buffer.isEmpty }

    /// What these bytes bring.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> [Item] {
        buffer += bytes
        var items: [Item] = []
        while let item = step() { if let item { items.append(item) } }
        return items
    }

    /// The other side has ended the connection.
    mutating func feedEnd() -> [Item] {
        defer { state = .over }
        return state == .over ? [] : [state == .untilEnd ? .end(mayGoOn: false) : .broken]
    }

    /// The next item, or one step without any; nil where more bytes are needed.
    private mutating func step() -> Item?? {
        switch state {
        case .head: return head()
        case .counted(let left): return body(left) { $0 == 0 ? .over : .counted($0) }
        case .chunk(let left): return body(left) { $0 == 0 ? .chunkEnd : .chunk($0) }
        case .untilEnd: return body(.max) { _ in .untilEnd }
        case .chunkSize, .chunkEnd, .trailer: return line()
        case .over: return nil
        }
    }

    private mutating func head() -> Item?? {
        guard let head = HTTPHead(buffer) else { return buffer.count > Self.maxHead ? broken() : nil }
        buffer.removeFirst(head.size)
        guard let status = head.status else { return broken() }
        // One that announces the real one.
        if (100..<200).contains(status) { return .some(nil) }
        let connection = head.headers["connection"]?.lowercased() ?? ""
        mayGoOn = head.isModern ? !connection.contains("close") : connection.contains("keep-alive")
        if head.headers["transfer-encoding"]?.lowercased().contains("chunked") == true {
            state = .chunkSize
        } else if status == 204 || status == 304 {
            state = .counted(0)
        } else if let length = head.headers["content-length"] {
            guard let length = Int(length), length >= 0 else { return broken() }
            state = .counted(length)
        } else {
            state = .untilEnd
        }
        return .event(.head(status: status, headers: head.headers))
    }

    /// Bytes of the body. - Parameter next: the state when so many are missing.
    private mutating func body(_ left: Int, _ next: (Int) -> State) -> Item?? {
        if left == 0 {
            state = next(0)
            return state == .over ? .end(mayGoOn: mayGoOn && buffer.isEmpty) : .some(nil)
        }
        if buffer.isEmpty { return nil }
        let part = Array(buffer.prefix(left))
        buffer.removeFirst(part.count)
        // The end of it is an item of its own.
        state = next(left - part.count) == .over ? .counted(0) : next(left - part.count)
        return .event(.body(part))
    }

    private mutating func line() -> Item?? {
        guard let end = buffer.firstIndex(of: 10) else { return buffer.count > Self.maxLine ? broken() : nil }
        let line = String(decoding: buffer[..<end], as: UTF8.self).filter { !$0.isNewline }
        buffer.removeFirst(end + 1)
        switch state {
        case .chunkSize:
            let digits = line.prefix { $0 != ";" }.filter { $0 != " " }
            guard let size = Int(digits, radix: 16), size >= 0 else { return broken() }
            state = size == 0 ? .trailer : .chunk(size)
        case .chunkEnd:
            guard line.isEmpty else { return broken() }
            state = .chunkSize
        default:
            guard line.isEmpty else { break }
            state = .over
            return .end(mayGoOn: mayGoOn && buffer.isEmpty)
        }
        return .some(nil)
    }

    private mutating func broken() -> Item?? {
        state = .over
        return .broken
    }
}
