import Foundation

/// The client's side of RFC 6455's framing, without I/O: bytes in, messages out.
struct WebSocketDecoder {
    enum Item: Equatable {
        case text(String)
        case binary
        case ping([UInt8])
        case pong
        /// 1005 where the frame has no code.
        case close(code: Int, reason: String)
        /// The last one: nothing that comes after it is of any use.
        case violation(Violation)
    }

    /// The other side broke RFC 6455; the connection is to be closed with this code.
    struct Violation: Error, Equatable {
        let code: Int
        let message: String
    }

    private let maxMessageSize: Int
    private var buffer: [UInt8] = []
    /// The message that is not whole yet.
    private var partial: (isText: Bool, payload: [UInt8])?

    init(maxMessageSize: Int) { self.maxMessageSize = maxMessageSize }

    /// What these bytes complete.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> [Item] {
        buffer += bytes
        var items: [Item] = []
        var at = 0
        do {
            while let frame = try nextFrame(at) {
                at = frame.end
                if let item = try take(frame) { items.append(item) }
            }
        } catch {
            items.append(.violation(error))
        }
        buffer.removeFirst(at)
        return items
    }

    private struct Frame {
        let isFinal: Bool
        let opcode: UInt8
        let payload: ArraySlice<UInt8>
        let end: Int
    }

    private func nextFrame(_ at: Int) throws(Violation) -> Frame? {
        guard buffer.count - at >= 2 else { return nil }
        let (first, second) = (buffer[at], buffer[at + 1])
        guard first & 0x70 == 0 else { throw Violation(code: 1002, message: "a reserved bit is set") }
        guard second & 0x80 == 0 else { throw Violation(code: 1002, message: "the server masked a frame") }
        var length = Int(second)
        var start = at + 2
        if length >= 126 {
            let width = length == 126 ? 2 : 8
            guard buffer.count - start >= width else { return nil }
            let wide = buffer[start..<start + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard wide <= UInt64(maxMessageSize) else { throw Violation(code: 1009, message: "too large") }
            length = Int(wide)
            start += width
        }
        guard buffer.count - start >= length else { return nil }
        let end = start + length
        return Frame(isFinal: first & 0x80 != 0, opcode: first & 0x0F, payload: buffer[start..<end], end: end)
    }

    private mutating func take(_ frame: Frame) throws(Violation) -> Item? {
        switch frame.opcode {
        case 0, 1, 2: return try data(frame)
        case 8, 9, 10:
            guard frame.isFinal, frame.payload.count <= 125 else {
                throw Violation(code: 1002, message: "a control frame is too long, or in pieces")
            }
            if frame.opcode == 8 { return try close(frame.payload) }
            return frame.opcode == 9 ? .ping(Array(frame.payload)) : .pong
        default: throw Violation(code: 1002, message: "opcode \(frame.opcode)")
        }
    }

    private mutating func data(_ frame: Frame) throws(Violation) -> Item? {
        guard (frame.opcode == 0) == (partial != nil) else {
            throw Violation(code: 1002, message: "a fragment out of place")
        }
        var message = partial ?? (frame.opcode == 1, [])
        // So that the bytes before are not copied for each fragment.
        partial = nil
        message.payload += frame.payload
        guard message.payload.count <= maxMessageSize else { throw Violation(code: 1009, message: "too large") }
        if !frame.isFinal {
            partial = message
            return nil
        }
        return message.isText ? .text(try text(message.payload)) : .binary
    }

    private func close(_ payload: ArraySlice<UInt8>) throws(Violation) -> Item {
        if payload.isEmpty { return .close(code: 1005, reason: "") }
        guard payload.count >= 2 else { throw Violation(code: 1002, message: "half a close code") }
        let code = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        return .close(code: code, reason: try text(Array(payload.dropFirst(2))))
    }

    private func text(_ bytes: [UInt8]) throws(Violation) -> String {
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw Violation(code: 1007, message: "text that is not UTF-8")
        }
        return text
    }
}
