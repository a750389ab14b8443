/// Hands each event to every `Subscription` to it.
@CrossroomActor
final class Broadcast<Element: Sendable> {
    private(set) var subscriptions: [ObjectIdentifier: Subscription<Element>] = [:]
    var took: (@CrossroomActor () -> Void)?
    var drained: (@CrossroomActor () -> Void)?

    nonisolated init() {}

    /// A new stream, of what comes from now on. `mark`: of what came before.
    func stream(limit: Int, mark: Int = 0) -> EventStream<Element> {
        let subscription = Subscription<Element>(limit: limit) { [weak self] in self?.subscriptions[ObjectIdentifier($0)] = nil }
        subscription.mark = mark
        subscription.took = { [weak self] in self?.took?() }
        subscription.drained = { [weak self] in self?.drained?() }
        subscriptions[ObjectIdentifier(subscription)] = subscription
        return EventStream(subscription)
    }

    /// What waits to be read in the stream that lags behind most.
    var lag: Int { subscriptions.values.map(\.count).max() ?? 0 }

    func push(_ element: Element, mark: Int = 0, overflow: Subscription<Element>.Overflow = .fail) {
        for subscription in subscriptions.values { subscription.push(element, mark: mark, overflow: overflow) }
    }

    func end(_ error: CrossroomError? = nil) {
        for subscription in subscriptions.values { subscription.end(error) }
    }

    /// An ended stream, for who comes too late.
    func endedStream(_ error: CrossroomError?) -> EventStream<Element> {
        let subscription = Subscription<Element>(limit: 0) { _ in }
        subscription.end(error)
        return EventStream(subscription)
    }
}
