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
internal interface ReadersHost {
    val environment: Environment

    /** How many events a collector may lag behind. */
    val maxLag: Int

    /** Up to where the room was told to its readers. */
    val tip: Position?

    /** Whether the log can be read now. */
    val isReadable: Boolean

    fun readLog(after: Position, limit: Int, done: (Outcome<HistoryPage>) -> Unit)

    fun presence(): RoomEvent
}

/**
 * Those who read a room: each gets all that comes from the moment when it subscribed, at its own pace; one that is slow holds up no other. May be used
 * on any thread, but for what is told, read and left, which is the loop's.
 */
internal class Readers(private val host: ReadersHost) {
    private val listeners = CopyOnWriteArrayList<(RoomEvent) -> Unit>()
    private val readers = CopyOnWriteArrayList<Reader>()

    /** A subscription that begins now, though it is collected later. It lasts as long as the flow is held or collected. */
    fun subscribe(onlyMessages: Boolean): Flow<RoomEvent> {
        val reader = Reader(host.maxLag, onlyMessages) { reader -> host.environment.loop.post { catchUp(reader) } }
        return reader.open().also { readers.add(reader) }
    }

    /** Has events told to a function, in the loop, from now on. What it throws is the program's to see, and stops nothing. */
    fun listen(listener: (RoomEvent) -> Unit): Cancellable {
        listeners.add(listener)
        return Cancellable { listeners.remove(listener) }
    }

    /** Of the last message that all of them were given; `tip` where nobody lags behind it. */
    fun position(tip: Position?): Position? {
        var least: Position? = null
        for (reader in readers) {
            if (reader.isGone) continue
            val at = (if (reader.isIdle) later(tip, reader.given) else reader.given) ?: continue
            val known = least
            if (known == null || at.epoch != tip?.epoch || (at.epoch == known.epoch && at.offset < known.offset)) least = at
        }
        return least ?: tip
    }

    /** Whether nobody would be given now what is read from the log: each reader reads it itself, when it comes to it. */
    val areAllBehind: Boolean
        get() {
            val living = readers.filter { !it.isGone && !it.isEnded }
            return listeners.isEmpty() && living.isNotEmpty() && living.all { it.isBehind }
        }

    /** @param told called when it is there for all readers, and before listeners are called, who may ask for the room's position. */
    fun tell(event: RoomEvent, told: () -> Unit = {}) {
        for (reader in readers) {
            if (reader.isGone) readers.remove(reader) else reader.tell(event)
        }
        told()
        for (listener in listeners) {
            guard { listener(event) }
        }
    }

    /** The log can be read again. */
    fun resume() {
        for (reader in readers) catchUp(reader)
    }

    /** The room is read from here on: after `since`, or with whatever comes. */
    fun begin(since: Position?) {
        for (reader in readers) {
            // Until now it was one that the room's position had to wait for.
            if (reader.isEnded) readers.remove(reader) else reader.begin(since)
        }
    }

    /** The room was left; those who read messages alone end, with the error if there is one. */
    fun leave(error: CrossroomException?) {
        for (reader in readers) reader.leave(host.tip, error)
    }

    /** Nothing more comes to those who are here now; with an error they fail with it, after what came before. */
    fun end(error: CrossroomException?) {
        for (reader in readers) reader.end(error)
    }

    private fun catchUp(reader: Reader) {
        if (!reader.isBehind || reader.isReading || !reader.hasRoom || !host.isReadable) return
        val after = reader.last ?: return reader.lose(host.tip)
        reader.isReading = true
        host.readLog(after, min(PAGE, host.maxLag)) { outcome ->
            reader.isReading = false
            when (outcome) {
                is Outcome.Ok -> pageCame(reader, outcome.result)
                is Outcome.Timeout -> readLater(reader, null)
                is Outcome.Refused -> refused(reader, outcome.error)
                is Outcome.Lost -> Unit // it goes on with the next join
            }
        }
    }

    private fun pageCame(reader: Reader, page: HistoryPage) {
        val isFed = reader.read(page.messages)
        val tip = host.tip
        if (tip != null && reader.catchUp(tip)) reader.tell(host.presence())
        when {
            !reader.isBehind -> reader.failures = 0
            isFed -> {
                reader.failures = 0
                catchUp(reader)
            }
            // What it must have is not there, though it was told.
            reader.failures >= MAX_FAILURES -> reader.lose(tip)
            else -> readLater(reader, null)
        }
    }

    private fun refused(reader: Reader, error: CrossroomException) {
        when {
            error.retryable -> readLater(reader, error)
            error.code == ErrorCode.NOT_JOINED -> Unit // it goes on with the next join
            else -> reader.lose(host.tip)
        }
    }

    private fun readLater(reader: Reader, error: CrossroomException?) {
        val environment = host.environment
        val delay = retryDelay(++reader.failures, environment.random())
        reader.isReading = true
        environment.after(maxOf(delay, error?.retryAfterMillis ?: 0)) {
            reader.isReading = false
            catchUp(reader)
        }
    }

    private companion object {
        /** Messages in one reading of the log: as many as the server gives at a time. */
        const val PAGE = 500

        /** Readings in a row that brought nothing although something is missing, before it is declared lost. */
        const val MAX_FAILURES = 8

        /** A reader may have been given a message before the room has counted it as told. */
        fun later(tip: Position?, given: Position?): Position? =
            if (tip != null && given != null && given.epoch == tip.epoch && given.offset > tip.offset) given else tip
    }
}
