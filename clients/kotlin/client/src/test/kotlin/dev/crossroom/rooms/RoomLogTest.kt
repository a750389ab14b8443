package dev.crossroom.rooms

import dev.crossroom.Position
import dev.crossroom.RoomMessage
import dev.crossroom.Sender
import dev.crossroom.Value
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

internal fun at(offset: Long, epoch: String = "e") = Position(epoch, offset)

/** A message whose id is its position. */
internal fun messageAt(position: Position): RoomMessage =
    RoomMessage("r", "${position.epoch}:${position.offset}", position, Sender("ada", "Ada", "s", "bridge"), Value.Null, 0)

class RoomLogTest {
    private val limits = LogLimits(held = 100, repaired = 1_000)

    private fun message(offset: Long, epoch: String = "e") = messageAt(at(offset, epoch))

    private fun messages(range: LongRange) = range.map { message(it) }

    private fun page(range: LongRange, more: Boolean = false) = HistoryPage(messages(range), more)

    /** Actions in short: "3" is the delivery of the message at 3. */
    private fun short(effects: List<LogEffect>): List<String> =
        effects.map {
            when (it) {
                is LogEffect.Deliver -> "${it.message.position.offset}"
                is LogEffect.Read -> "read ${it.after.offset}" + if (it.failures > 0) " after ${it.failures}" else ""
                is LogEffect.Rejoin -> "rejoin"
                is LogEffect.Joined -> (if (it.recovered) "joined " else "lost, joined ") + it.position.epoch + it.position.offset
            }
        }

    private fun says(vararg expected: String, effects: List<LogEffect>) = assertEquals(expected.toList(), short(effects))

    /** A log that is live at an offset. */
    private fun live(offset: Long, limits: LogLimits = this.limits): RoomLog {
        val log = RoomLog(limits)
        log.begin(null)
        log.joining()
        says("joined e$offset", effects = log.joined(at(offset), null, emptyList()))
        return log
    }

    private fun rejoining(offset: Long, limits: LogLimits = this.limits): RoomLog =
        live(offset, limits).also {
            it.away()
            it.joining()
        }

    @Test
    fun `begins where the first join is, and goes on from there`() {
        val log = live(5)
        says("6", effects = log.received(message(6)))
        assertEquals(at(6), log.position)
    }

    @Test
    fun `never goes back to before what it has read meanwhile`() {
        val log = live(0, LogLimits(held = 100, repaired = 4))
        says("read 0", effects = log.received(message(3)))
        says("1", "2", "3", "4", effects = log.page(page(1L..4L, more = true)))
        says("5", effects = log.received(message(5)))
    }

    @Test
    fun `begins after the since that the application gives`() {
        val log = RoomLog()
        log.begin(at(3))
        log.joining()
        says("4", "5", "joined e5", effects = log.joined(at(5), true, messages(4L..5L)))
    }

    @Test
    fun `drops what was delivered`() {
        val log = live(5)
        says(effects = log.received(message(5)) + log.received(message(1)))
    }

    @Test
    fun `reads what is missing before a message, and holds what comes meanwhile`() {
        val log = live(5)
        says("read 5", effects = log.received(message(8)))
        says(effects = log.received(message(9)))
        says("6", "7", "8", "9", effects = log.page(page(6L..7L)))
        says("10", effects = log.received(message(10)))
    }

    @Test
    fun `delivers what is recovered, then says so, then what came live before the answer`() {
        val log = rejoining(5)
        says(effects = log.received(message(8)))
        says("6", "7", "joined e7", "8", effects = log.joined(at(7), true, messages(6L..7L)))
    }

    @Test
    fun `pages through the log where the answer has not everything`() {
        val log = rejoining(5)
        says("read 5", effects = log.joined(at(9), false, emptyList()))
        says("6", "7", "read 7", effects = log.page(page(6L..7L, more = true)))
        says("8", "9", "joined e9", effects = log.page(page(8L..9L)))
    }

    @Test
    fun `counts as recovered where nothing was missed, whatever the answer says`() {
        says("joined e5", effects = rejoining(5).joined(at(5), false, emptyList()))
    }

    @Test
    fun `declares lost what cannot be read any more, up to where it joined`() {
        val log = rejoining(5)
        log.joined(at(9), false, emptyList())
        log.received(message(10))
        says("lost, joined e9", "10", effects = log.unreadable())
    }

    @Test
    fun `declares lost what cannot be read any more, up to the first live message`() {
        val log = live(5)
        log.received(message(8))
        says("lost, joined e7", "8", effects = log.unreadable())
    }

    @Test
    fun `goes on in another log where the old one is gone`() {
        val log = rejoining(5)
        says("lost, joined f2", effects = log.joined(at(2, "f"), false, emptyList()))
        says("3", effects = log.received(message(3, "f")))
    }

    @Test
    fun `goes back to where the log ends if it is shorter than was seen`() {
        says("lost, joined e4", effects = rejoining(5).joined(at(4), false, emptyList()))
    }

    @Test
    fun `joins again when a message of another log comes, and delivers it if it is after the join`() {
        val log = live(5)
        says("rejoin", effects = log.received(message(3, "f")))
        log.joining()
        says("lost, joined f2", "3", effects = log.joined(at(2, "f"), false, emptyList()))
    }

    @Test
    fun `does not trip over one stray message of another log`() {
        val log = live(5)
        log.received(message(3, "f"))
        log.joining()
        says("joined e5", effects = log.joined(at(5), true, emptyList()))
        says("6", effects = log.received(message(6)))
    }

    @Test
    fun `holds only so many live messages, and reads the rest from the log`() {
        val log = live(0, LogLimits(held = 2, repaired = 1_000))
        for (offset in 2L..4L) log.received(message(offset))
        says("1", "2", "read 2", effects = log.page(page(1L..2L)))
        says("3", "4", effects = log.page(page(3L..3L)))
    }

    @Test
    fun `reads only so many messages in a row before it declares the rest lost`() {
        val log = rejoining(0, LogLimits(held = 2, repaired = 4))
        log.joined(at(9), false, emptyList())
        log.page(page(1L..2L, more = true))
        says("3", "4", "lost, joined e9", effects = log.page(page(3L..4L, more = true)))
    }

    @Test
    fun `reads again after a failure, and says how often it failed`() {
        val log = live(0)
        log.received(message(3))
        says("read 0 after 1", effects = log.readingFailed())
        says("read 0 after 2", effects = log.readingFailed())
        says("1", "read 1", effects = log.page(page(1L..1L, more = true)))
    }

    @Test
    fun `gives up a log that never has what it must have`() {
        val log = live(0)
        log.received(message(3))
        val nothing = HistoryPage(emptyList(), false)
        for (i in 1..8) says("read 0 after $i", effects = log.page(nothing))
        says("lost, joined e2", "3", effects = log.page(nothing))
    }

    @Test
    fun `takes nothing out of its order from a page with a hole`() {
        val log = live(0)
        log.received(message(4))
        says("1", "read 1", effects = log.page(HistoryPage(listOf(message(1), message(3)), false)))
    }

    @Test
    fun `hears nothing while it is away, and ignores answers that come late`() {
        val log = live(5)
        log.received(message(8))
        log.away()
        says(effects = log.received(message(6)) + log.page(page(6L..7L)) + log.unreadable() + log.readingFailed())
        says(effects = log.joined(at(9), null, emptyList()))
        assertEquals(at(5), log.position)
    }
}
