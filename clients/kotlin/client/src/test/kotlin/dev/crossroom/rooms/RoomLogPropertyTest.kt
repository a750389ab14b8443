package dev.crossroom.rooms

import dev.crossroom.Position
import dev.crossroom.RoomMessage
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.math.min
import kotlin.random.Random

/** A log against a server, a network and a machine that do anything, in many runs of one seed each. */
class RoomLogPropertyTest {
    private val usual = List(3) { listOf(Step.PUBLISH, Step.ARRIVE, Step.ANSWER, Step.CONNECT) }.flatten()
    private val kind = usual + listOf(Step.PUBLISH_LOST, Step.ARRIVE_TWICE, Step.CUT, Step.FAIL)

    private enum class Step { PUBLISH, PUBLISH_LOST, ARRIVE, ARRIVE_TWICE, ANSWER, FAIL, CUT, CONNECT, TRIM, LOSE }

    private fun run(seed: Int, steps: List<Step>): Pair<LogServer, LogDevice> {
        val random = Random(seed)
        val server = LogServer()
        val device = LogDevice(server, LogLimits(random.nextInt(1, 5), 1_000), random.nextInt(1, 5))
        repeat(random.nextInt(5, 120)) { take(steps.random(random), server, device) }
        settle(server, device)
        return server to device
    }

    private fun take(step: Step, server: LogServer, device: LogDevice) {
        when (step) {
            Step.PUBLISH -> device.broadcast(server.publish(), isLost = false)
            Step.PUBLISH_LOST -> device.broadcast(server.publish(), isLost = true)
            Step.ARRIVE -> device.arrive(isRepeated = false)
            Step.ARRIVE_TWICE -> device.arrive(isRepeated = true)
            Step.ANSWER -> device.answer()
            Step.FAIL -> device.fail()
            Step.CUT -> device.cut()
            Step.CONNECT -> device.connect()
            Step.TRIM -> server.trim(2)
            Step.LOSE -> {
                device.cut() // a log is lost with its server
                server.lose()
            }
        }
    }

    /** Lets everything come to rest: connected, nothing on its way, and one more message that tells of all before it. */
    private fun settle(server: LogServer, device: LogDevice) {
        fun rest() {
            for (round in 0 until 1_000) {
                if (device.isIdle) break
                device.answer()
                device.arrive(isRepeated = false)
            }
            assertTrue(device.isIdle, "comes to rest")
        }
        device.connect()
        rest()
        device.broadcast(server.publish(), isLost = false)
        device.arrive(isRepeated = false)
        rest()
    }

    /** Where the device was told a message out of its place: nothing may be missing, but what was declared lost. */
    private fun firstBreach(recorded: List<LogEffect>): String? {
        var at: Position? = null
        for (effect in recorded) {
            val known = at
            if (effect is LogEffect.Deliver) {
                val position = effect.message.position
                if (known == null || position.epoch != known.epoch || position.offset != known.offset + 1) return "$position after $known"
                at = position
            } else if (effect is LogEffect.Joined) {
                val position = effect.position
                val isAfter = known == null || position.epoch != known.epoch || position.offset > known.offset
                if (effect.recovered && known != null) {
                    if (isAfter) return "$position declared complete at $known"
                } else {
                    if (known != null && !isAfter && position.offset != known.offset) return "$position goes back"
                    at = position
                }
            }
        }
        return null
    }

    @Test
    fun `delivers each message once and in order, with no gap that is not declared, and ends where the log ends`() {
        for (seed in 1..2_000) {
            val (server, device) = run(seed, kind + kind + Step.TRIM + Step.LOSE)
            assertNull(firstBreach(device.recorded), "seed $seed")
            assertEquals(server.position, device.log.position, "seed $seed")
            assertEquals(server.position, (device.recorded.last() as LogEffect.Deliver).message.position, "seed $seed")
        }
    }

    @Test
    fun `declares nothing lost that is still kept`() {
        for (seed in 1..2_000) {
            val (_, device) = run(seed, kind)
            assertEquals(emptyList<LogEffect>(), device.recorded.filter { it is LogEffect.Joined && !it.recovered }, "seed $seed")
        }
    }
}

/** A model of the server's side of one room's log, as docs/rooms-api.md, 5 and 6, has it. */
internal class LogServer {
    private var epoch = 1
    private var first = 1L
    private var last = 0L
    private val published = ArrayList<RoomMessage>()

    val position: Position get() = Position("e$epoch", last)

    fun publish(): RoomMessage {
        last++
        return messageAt(position).also(published::add)
    }

    fun trim(count: Int) {
        first = min(first + count, last + 1)
    }

    /** The log is lost and begun anew. */
    fun lose() {
        epoch++
        first = 1
        last = 0
    }

    fun join(log: RoomLog, atMost: Int): List<LogEffect> {
        val since = log.position ?: return log.joined(position, null, emptyList())
        val page = after(since, atMost)
        val recovered = page != null && !page.more
        return log.joined(position, recovered, if (recovered) page!!.messages else emptyList())
    }

    /** A page of the log; null is the error `unknown_position`. */
    fun after(from: Position, limit: Int): HistoryPage? {
        if (from.epoch != position.epoch || from.offset > last || from.offset < first - 1) return null
        val messages = published.filter { it.position.epoch == from.epoch && it.position.offset > from.offset }
        return HistoryPage(messages.take(limit), messages.size > limit)
    }
}

/** A log with a device around it that does what it says, and a record of what was told. */
internal class LogDevice(private val server: LogServer, limits: LogLimits, private val pageSize: Int) {
    /** A reading if `after`, else a join. */
    private class Asked(val after: Position?)

    val log = RoomLog(limits).also { it.begin(null) }
    val recorded = ArrayList<LogEffect>()

    /** Live messages that are on their way, oldest first. */
    private val wire = ArrayDeque<RoomMessage>()
    private var asked: Asked? = null
    private var isIn = false

    val isIdle: Boolean get() = asked == null && wire.isEmpty()

    fun connect() {
        if (!isIn && asked == null) callJoin()
    }

    fun cut() {
        asked = null
        wire.clear()
        isIn = false
        log.away()
    }

    /** A message is broadcast; the network may lose it, as a broadcast between servers can. */
    fun broadcast(message: RoomMessage, isLost: Boolean) {
        if (isIn && !isLost) wire.addLast(message)
    }

    fun arrive(isRepeated: Boolean) {
        val message = (if (isRepeated) wire.firstOrNull() else wire.removeFirstOrNull()) ?: return
        perform(log.received(message))
    }

    /** The server answers what was asked. Its answers to calls cannot overtake what it had sent before. */
    fun answer() {
        val answered = asked ?: return
        while (wire.isNotEmpty()) arrive(isRepeated = false)
        if (asked !== answered) return
        asked = null
        if (answered.after == null) {
            isIn = true
            perform(server.join(log, pageSize))
        } else {
            perform(server.after(answered.after, pageSize)?.let(log::page) ?: log.unreadable())
        }
    }

    /** What was asked fails, and may be tried again. */
    fun fail() {
        if (asked?.after == null) return
        asked = null
        perform(log.readingFailed())
    }

    private fun callJoin() {
        log.joining()
        asked = Asked(null)
    }

    private fun perform(effects: List<LogEffect>) {
        for (effect in effects) {
            when (effect) {
                is LogEffect.Deliver, is LogEffect.Joined -> recorded.add(effect)
                is LogEffect.Rejoin -> callJoin()
                is LogEffect.Read -> asked = Asked(effect.after)
            }
        }
    }
}
