/// Frames from the client, masked as RFC 6455, 5.3, wants it.
enum WebSocketEncoder {
    static func text(_ text: String, mask: UInt32) -> [UInt8] { frame(1, Array(text.utf8), mask) }

    static func pong(_ payload: [UInt8], mask: UInt32) -> [UInt8] { frame(10, payload, mask) }

    static func close(_ code: Int, mask: UInt32) -> [UInt8] {
        // 1005 and 1006 stand for a missing code, and are never sent.
        frame(8, code == 1005 || code == 1006 ? [] : [UInt8(code >> 8 & 0xFF), UInt8(code & 0xFF)], mask)
    }

    private static func frame(_ opcode: UInt8, _ payload: [UInt8], _ mask: UInt32) -> [UInt8] {
        var bytes: [UInt8] = [0x80 | opcode]
        bytes.reserveCapacity(payload.count + 14)
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65_536: bytes += [0xFE] + bigEndian(UInt64(payload.count), 2)
        default: bytes += [0xFF] + bigEndian(UInt64(payload.count), 8)
        }
        let key = bigEndian(UInt64(mask), 4)
        bytes += key
        for index in payload.indices { bytes.append(payload[index] ^ key[index & 3]) }
        return bytes
    }

    private static func bigEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64(width - 1 - $0))) }
    }
}
