extension [Value] {
    /// All of them; nil where one has another shape.
    func parsed<Parsed>(_ parse: (Value) -> Parsed?) -> [Parsed]? {
        var elements: [Parsed] = []
        for value in self {
            guard let element = parse(value) else { return nil }
            elements.append(element)
        }
        return elements
    }
}

extension Value {
    /// How many of something there are, as far as an Int goes; nil for what is no number of things.
    var count: Int? { int.flatMap { (0..<1 << 53).contains($0) ? Int(clamping: $0) : nil } }
}
