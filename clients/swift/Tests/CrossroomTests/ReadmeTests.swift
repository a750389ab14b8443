import Foundation
import XCTest

@testable import Crossroom

/// README.md says nothing that was not compiled, and every public name has a comment (docs/sdk.md, 5).
final class ReadmeTests: XCTestCase {
    private struct Block {
        let info: String
        let text: String
    }

    private func blocks() throws -> [Block] {
        let readme = try readText(package.appendingPathComponent("README.md"))
        let parts = readme.components(separatedBy: "\n```")
        // Every second part is a block: its info string, and its lines.
        return stride(from: 1, to: parts.count, by: 2).map { index in
            let lines = parts[index].components(separatedBy: "\n")
            return Block(info: lines[0], text: lines.dropFirst().joined(separator: "\n"))
        }
    }

    func testTheFiveMinutesAreTheProgramThatIsCompiled() throws {
        let hello = try readText(package.appendingPathComponent("Examples/hello/main.swift"))
        let block = try XCTUnwrap(try blocks().first { $0.info == "swift Sources/hello/main.swift" })
        XCTAssertEqual(block.text + "\n", hello)
    }

    func testEveryOtherExampleIsCompiled() throws {
        let source = try readText(package.appendingPathComponent("Tests/CrossroomTests/ReadmeExamples.swift"))
        // In functions there, and so indented.
        let dedented = source.components(separatedBy: "\n")
            .map { $0.hasPrefix("    ") ? String($0.dropFirst(4)) : $0 }.joined(separator: "\n")
        let plain = source.replacingOccurrences(of: "private final", with: "final")
        let examples = try blocks().filter { $0.info == "swift" && !$0.text.hasPrefix("// Apple's platforms only") }
        XCTAssertGreaterThan(examples.count, 6)
        for example in examples {
            XCTAssert(dedented.contains(example.text) || plain.contains(example.text), example.text)
        }
    }

    func testEveryPublicNameHasAComment() throws {
        let folder = package.appendingPathComponent("Sources/Crossroom")
        let files = try XCTUnwrap(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let lines = try readText(file).components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            var isInPublicEnum = false
            for (index, line) in lines.enumerated() {
                if line.hasPrefix("public enum") { isInPublicEnum = true }
                if line == "}" { isInPublicEnum = false }
                let isCase = isInPublicEnum && line.hasPrefix("case ") && !line.hasSuffix(":") && !line.contains(": return")
                guard line.hasPrefix("public ") || isCase, !line.hasPrefix("public extension") else { continue }
                var above = index - 1
                while lines[above].hasPrefix("@") { above -= 1 }
                XCTAssert(lines[above].hasPrefix("///"), "\(file.lastPathComponent): \(line)")
                count += 1
            }
        }
        XCTAssertGreaterThan(count, 150)
    }
}
