// swift-tools-version: 6.0
// The Swift SDK. At the root of the repository, as SwiftPM takes a repository by its URL; all else of it is in clients/swift.
import PackageDescription

let sdk = "clients/swift"

let package = Package(
    name: "Crossroom",
    platforms: [.iOS(.v15), .macOS(.v12), .tvOS(.v15), .watchOS(.v8)],
    products: [
        .library(name: "Crossroom", targets: ["Crossroom"])
    ],
    targets: [
        .target(name: "Crossroom", path: "\(sdk)/Sources/Crossroom"),
        // The program of README.md's "Five minutes".
        .executableTarget(name: "five-minutes", dependencies: ["Crossroom"], path: "\(sdk)/Examples/hello"),
        .executableTarget(name: "chat", dependencies: ["Crossroom"], path: "\(sdk)/Examples/chat"),
        // For the conformance suite (docs/conformance-agent.md); not a product.
        .executableTarget(name: "agent", dependencies: ["Crossroom"], path: "\(sdk)/Sources/agent"),
        .testTarget(name: "CrossroomTests", dependencies: ["Crossroom"], path: "\(sdk)/Tests/CrossroomTests"),
    ],
    swiftLanguageModes: [.v6]
)
