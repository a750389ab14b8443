package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Position
import dev.crossroom.RoomEvent
import dev.crossroom.bridge.Environment
import dev.crossroom.guard
import kotlinx.coroutines.flow.Flow
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.math.min

/** A room, as those who read it see it. */
internal interface RoomBroadcastHost {
    val environment: Environment

    /** How many events a collector may lag behind. */
    val maxLag: Int

    /** Up to where messages were given to the subscriptions. */
    val tip: Position?

    /** Whether the log can be read now. */
    val isReadable: Boolean

    fun readLog(after: Position, limit: Int, done: (CallOutcome<HistoryPage>) -> Unit)

    fun presence(): RoomEvent

    fun warn(error: CrossroomException)
}

/**
 * Hands what happens in a room to each subscription: each gets all that comes from the moment when it subscribed, at its own pace; one that is slow
 * holds up no other. May be used on any thread, but for what is told, read and left, which is the loop's.
 */
internal class RoomBroadcast(private val host: RoomBroadcastHost) {
    private val listeners = CopyOnWriteArrayList<(RoomEvent) -> Unit>()
    private val subscriptions = CopyOnWriteArrayList<RoomSubscription>()

    /** A subscription that begins now, though it is collected later. It lasts as long as the flow is held or collected. */
    fun subscribe(onlyMessages: Boolean): Flow<RoomEvent> {
        val subscription = RoomSubscription(host.maxLag, onlyMessages) { subscription -> host.environment.loop.post { catchUp(subscription) } }
        return subscription.open().also { subscriptions.add(subscription) }
    }

    /** Has events told to a function, in the loop, from now on. What it throws is the program's to see, and stops nothing. */
    fun listen(listener: (RoomEvent) -> Unit): Cancellable {
        listeners.add(listener)
        return Cancellable { listeners.remove(listener) }
    }

    /** Of the last message that all of them were given; `tip` where nobody lags behind it. */
    fun position(tip: Position?): Position? {
        var least: Position? = null
        for (subscription in subscriptions) {
            if (subscription.isGone) continue
            val at = (if (subscription.isIdle) later(tip, subscription.given) else subscription.given) ?: continue
            val known = least
            if (known == null || at.epoch != tip?.epoch || (at.epoch == known.epoch && at.offset < known.offset)) least = at
        }
        return least ?: tip
    }

    /** Whether nobody would be given now what is read from the log: each subscription reads it itself, when it comes to it. */
    val areAllBehind: Boolean
        get() {
            val living = subscriptions.filter { !it.isGone && !it.isEnded }
            return listeners.isEmpty() && living.isNotEmpty() && living.all { it.isBehind }
        }

    /** @param delivered called when it is there for all subscriptions, and before listeners are called, who may ask for the room's position. */
    fun emit(event: RoomEvent, delivered: () -> Unit = {}) {
        for (subscription in subscriptions) {
            if (subscription.isGone) subscriptions.remove(subscription) else subscription.emit(event)
        }
        delivered()
        for (listener in listeners) {
            guard { listener(event) }
        }
    }

    /** The log can be read again. */
    fun resume() {
        for (subscription in subscriptions) catchUp(subscription)
    }

    /** The room is read from here on: after `since`, or with whatever comes. */
    fun begin(since: Position?) {
        for (subscription in subscriptions) {
            // Until now it was one that the room's position had to wait for.
            if (subscription.isEnded) subscriptions.remove(subscription) else subscription.begin(since)
        }
    }

    /** The room was left; those who read messages alone end, with the error if there is one. */
    fun leave(error: CrossroomException?) {
        for (subscription in subscriptions) subscription.leave(host.tip, error)
    }

    /** Nothing more comes to those who are here now; with an error they fail with it, after what came before. */
    fun end(error: CrossroomException?) {
        for (subscription in subscriptions) subscription.end(error)
    }

    private fun catchUp(subscription: RoomSubscription) {
        if (!subscription.isBehind || subscription.isReading || !subscription.hasRoom || !host.isReadable) return
        val after = subscription.last ?: return subscription.lose(host.tip)
        subscription.isReading = true
        host.readLog(after, min(PAGE, host.maxLag)) { outcome ->
            subscription.isReading = false
            outcome.handle({ onPage(subscription, it) }, { readLater(subscription, null) }, { refused(subscription, it) })
        }
    }

    private fun onPage(subscription: RoomSubscription, page: HistoryPage) {
        val isFed = subscription.read(page.messages)
        val tip = host.tip
        if (tip != null && subscription.catchUp(tip)) subscription.emit(host.presence())
        when {
            !subscription.isBehind -> subscription.failures = 0
            isFed -> {
                subscription.failures = 0
                catchUp(subscription)
            }
            // What it must have is not there, though it was told.
            subscription.failures >= MAX_FAILURES -> subscription.lose(tip)
            else -> readLater(subscription, null)
        }
    }

    private fun refused(subscription: RoomSubscription, error: CrossroomException) {
        if (error.code == ErrorCode.BAD_ANSWER) host.warn(error)
        when {
            error.mayBeReadAgain(subscription.failures) -> readLater(subscription, error)
            error.code == ErrorCode.NOT_JOINED -> Unit // it goes on with the next join
            else -> subscription.lose(host.tip)
        }
    }

    private fun readLater(subscription: RoomSubscription, error: CrossroomException?) {
        val environment = host.environment
        val delay = retryDelay(++subscription.failures, environment.random())
        subscription.isReading = true
        environment.after(maxOf(delay, error?.retryAfterMillis ?: 0)) {
            subscription.isReading = false
            catchUp(subscription)
        }
    }

    private companion object {
        /** Messages in one reading of the log: as many as the server gives at a time. */
        const val PAGE = 500

        /** Readings in a row that brought nothing although something is missing, before it is declared lost. */
        const val MAX_FAILURES = 8

        /** A subscription may have been given a message before the room has counted it. */
        fun later(tip: Position?, given: Position?): Position? =
            if (tip != null && given != null && given.epoch == tip.epoch && given.offset > tip.offset) given else tip
    }
}
