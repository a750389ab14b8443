package dev.crossroom.rooms

import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomMessage

internal sealed class LogEffect {
    data class Deliver(val message: RoomMessage) : LogEffect()

    /** Read the log after this position. `failures`, from 0: how often in a row that brought nothing. */
    data class Read(val after: Position, val failures: Int) : LogEffect()

    /** Join again: the log is another one. */
    object Rejoin : LogEffect()

    /** All up to `position` was delivered; or, if not `recovered`, what lies between the last message and it is lost. */
    data class Joined(val recovered: Boolean, val position: Position) : LogEffect()
}

/**
 * @property held live messages that wait while the log is read. With one more they are all dropped, and read from the log too.
 * @property repaired messages that are read from the log in a row. If there are still more then, they are declared lost.
 */
internal data class LogLimits(val held: Int = 1_000, val repaired: Int = 100_000)

/**
 * What a device has of a room's log: each message once, in order, and no gap that is not declared. A state machine with no I/O: each
 * function takes what happened and returns what is to be done, in order. docs/rooms-api.md, 5, is its rule: what is broadcast is a
 * hint, the log is the truth.
 */
internal class RoomLog(private val limits: LogLimits = LogLimits()) {
    /** JOINING is from the call to its ack; REPAIRING is while the log is read. In both, live messages are held. */
    private enum class Mode { AWAY, JOINING, REPAIRING, LIVE }

    /** Of the last message that was given out for delivery, or where one joined. */
    var position: Position? = null
        private set

    private var mode = Mode.AWAY

    /** Live messages that cannot be delivered yet, in the order in which they came. */
    private var held = ArrayList<RoomMessage>()

    /** The furthest position that the server told of. */
    private var latest: Position? = null

    /** Where the join was answered to be, until everything up to there is delivered or declared lost. */
    private var joinedAt: Position? = null
    private var repaired = 0
    private var emptyPages = 0
    private var failures = 0

    /** A stay in the room begins: after `since`, or wherever the log is when the join is answered. */
    fun begin(since: Position?) {
        away()
        position = since
    }

    /** `join` is called, with `since` the position. */
    fun joining() {
        if (mode == Mode.JOINING) return
        away()
        mode = Mode.JOINING
    }

    /** The connection is lost, or the room was left. What was held comes again with the next join. */
    fun away() {
        mode = Mode.AWAY
        held.clear()
        latest = null
        joinedAt = null
        startCounting()
    }

    /** The call was answered. */
    fun joined(answered: Position, recovered: Boolean?, messages: List<RoomMessage>): List<LogEffect> {
        if (mode != Mode.JOINING) return emptyList()
        mode = Mode.REPAIRING
        joinedAt = answered
        // What is of another log than the one that was joined is old news.
        held.removeAll { it.position.epoch != answered.epoch }
        noteLatest(answered)
        val at = position ?: answered.also { position = it }
        if (at.epoch != answered.epoch || at.offset > answered.offset) return skip()
        return arrive() + take(if (recovered == true) messages else emptyList()) + goOn()
    }

    /** A message was broadcast. */
    fun received(message: RoomMessage): List<LogEffect> {
        if (mode == Mode.AWAY) return emptyList()
        if (held.size >= limits.held) held.clear()
        held.add(message)
        noteLatest(message.position)
        return if (mode == Mode.LIVE) goOn() else emptyList()
    }

    /** The reading that was asked for brought this. */
    fun page(page: HistoryPage): List<LogEffect> {
        if (mode != Mode.REPAIRING) return emptyList()
        val taken = take(page.messages)
        repaired += page.messages.size
        val isEmptyPage = taken.none { it is LogEffect.Deliver }
        emptyPages = if (isEmptyPage) emptyPages + 1 else 0
        failures = if (isEmptyPage) failures + 1 else 0
        val isTooMuch = page.more && repaired >= limits.repaired
        return taken + if (isTooMuch || emptyPages > MAX_EMPTY_PAGES) skip() else goOn()
    }

    /** The reading that was asked for failed; it may be tried again. */
    fun readingFailed(): List<LogEffect> {
        if (mode != Mode.REPAIRING) return emptyList()
        failures++
        return goOn()
    }

    /** What is missing is not to be read here: those who are told read it themselves, when they come to it. */
    fun passed(): List<LogEffect> {
        val target = latest
        if (mode != Mode.REPAIRING || target == null) return emptyList()
        val isJoin = joinedAt != null
        held.clear()
        position = target
        joinedAt = null
        startCounting()
        mode = Mode.LIVE
        return if (isJoin) listOf(LogEffect.Joined(recovered = true, target)) else emptyList()
    }

    /** What was asked for cannot be read any more. */
    fun unreadable(): List<LogEffect> = if (mode == Mode.REPAIRING) skip() else emptyList()

    private fun noteLatest(next: Position) {
        val known = latest
        if (known == null || next.epoch != known.epoch || next.offset > known.offset) latest = next
    }

    /** Delivers messages of the log, as far as they are the next ones. */
    private fun take(messages: List<RoomMessage>): List<LogEffect> {
        val effects = ArrayList<LogEffect>()
        for (message in messages) {
            if (!isNext(message.position)) break
            position = message.position
            effects += LogEffect.Deliver(message)
            effects += arrive()
        }
        return effects
    }

    private fun isNext(next: Position): Boolean {
        val at = position ?: return false
        return next.epoch == at.epoch && next.offset == at.offset + 1
    }

    /** Says that the join is complete, once everything up to its position is delivered. */
    private fun arrive(): List<LogEffect> {
        val target = joinedAt ?: return emptyList()
        if (!hasReached(target)) return emptyList()
        joinedAt = null
        return listOf(LogEffect.Joined(recovered = true, target))
    }

    private fun hasReached(target: Position): Boolean {
        val at = position ?: return false
        return target.epoch == at.epoch && at.offset >= target.offset
    }

    /** Delivers what is held as far as it is in order, and has the rest read. */
    private fun goOn(): List<LogEffect> {
        val effects = ArrayList<LogEffect>()
        var done = 0
        for (message in held) {
            if (!hasReached(message.position) && !isNext(message.position)) break
            effects += take(listOf(message))
            done++
        }
        held.subList(0, done).clear()
        return effects + next()
    }

    private fun next(): List<LogEffect> {
        val at = position ?: return emptyList()
        val target = latest ?: return emptyList()
        val heldEpoch = held.firstOrNull()?.position?.epoch ?: at.epoch
        if (target.epoch != at.epoch || heldEpoch != at.epoch) {
            mode = Mode.JOINING // and not `joining()`: what is held may be after the position that the join gives
            return listOf(LogEffect.Rejoin)
        }
        val isComplete = at.offset >= target.offset
        mode = if (isComplete) Mode.LIVE else Mode.REPAIRING
        if (!isComplete) return listOf(LogEffect.Read(at, failures))
        startCounting()
        return emptyList()
    }

    /** Gives up what is missing: up to where one joined, or else up to the first message that is held. */
    private fun skip(): List<LogEffect> {
        // Where nothing is missing that anybody knows of, there is nothing to give up.
        val target = joinedAt ?: beforeHeld() ?: return goOn()
        position = target
        joinedAt = null
        startCounting()
        return listOf(LogEffect.Joined(recovered = false, target)) + goOn()
    }

    private fun beforeHeld(): Position? {
        // Not one that has come from the log meanwhile: the position must not go back.
        val first = held.firstOrNull { it.position.epoch == position?.epoch && !hasReached(it.position) }?.position
        if (first != null) return Position(first.epoch, first.offset - 1)
        return latest?.takeIf { !hasReached(it) }
    }

    private fun startCounting() {
        repaired = 0
        emptyPages = 0
        failures = 0
    }

    private companion object {
        /** Readings in a row that brought nothing although something is missing, before it is declared lost. */
        const val MAX_EMPTY_PAGES = 8
    }
}
