// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Crossroom",
    platforms: [.iOS(.v15), .macOS(.v12), .tvOS(.v15), .watchOS(.v8)],
    products: [
        .library(name: "Crossroom", targets: ["Crossroom"])
    ],
    targets: [
        .target(name: "Crossroom"),
        // The program of README.md's "Five minutes".
        .executableTarget(name: "five-minutes", dependencies: ["Crossroom"], path: "Examples/hello"),
        .executableTarget(name: "chat", dependencies: ["Crossroom"], path: "Examples/chat"),
        // For the conformance suite (docs/conformance-agent.md); not a product.
        .executableTarget(name: "agent", dependencies: ["Crossroom"]),
        .testTarget(name: "CrossroomTests", dependencies: ["Crossroom"]),
    ],
    swiftLanguageModes: [.v6]
)
