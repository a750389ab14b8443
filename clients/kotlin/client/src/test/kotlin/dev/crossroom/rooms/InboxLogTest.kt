package dev.crossroom.rooms

import dev.crossroom.InboxItem
import dev.crossroom.InboxReceipt
import dev.crossroom.Position
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.math.max
import kotlin.random.Random

private fun item(offset: Long, epoch: String = "e"): InboxItem = InboxReceipt("$offset", at(offset, epoch), "ada", 0)

class InboxLogTest {
    private fun short(effects: List<InboxEffect>): List<String> =
        effects.map {
            when (it) {
                is InboxEffect.Process -> "process ${it.item.position.offset}"
                is InboxEffect.Keep -> "keep ${it.position.offset}"
                is InboxEffect.Ack -> "ack ${it.position.offset}"
            }
        }

    private fun says(vararg expected: String, effects: List<InboxEffect>) = assertEquals(expected.toList(), short(effects))

    private fun openAt(offset: Long): InboxLog {
        val log = InboxLog(at(offset))
        log.processing(true)
        says(effects = log.opened(at(offset)))
        return log
    }

    @Test
    fun `begins where the server has it, for a device that kept nothing`() {
        val log = InboxLog(null)
        log.processing(true)
        says("keep 7", effects = log.opened(at(7)))
        says("process 8", effects = log.received(item(7)) + log.received(item(8)))
    }

    @Test
    fun `hands out one item at a time, and keeps the position before it acks it`() {
        val log = openAt(0)
        says("process 1", effects = log.received(item(1)))
        says(effects = log.received(item(2)))
        says("keep 1", "ack 1", "process 2", effects = log.done())
        assertEquals(at(1), log.cursor)
    }

    @Test
    fun `puts into one ack what was processed while the one before was under way`() {
        val log = openAt(0)
        for (offset in 1L..3L) log.received(item(offset))
        log.done()
        says("keep 2", "process 3", "keep 3", effects = log.done() + log.done())
        says("ack 3", effects = log.acked())
        says(effects = log.acked())
    }

    @Test
    fun `tells again what could not be told, or something later`() {
        val log = openAt(0)
        for (offset in 1L..2L) log.received(item(offset))
        log.done()
        says("ack 1", effects = log.ackFailed(at(1)))
        log.done()
        says("ack 2", effects = log.ackFailed(at(1)))
    }

    @Test
    fun `drops what comes again, processed or waiting`() {
        val log = openAt(0)
        for (offset in 1L..2L) log.received(item(offset))
        log.done()
        log.away()
        log.opened(at(1))
        says(effects = (1L..3L).flatMap { log.received(item(it)) })
        assertTrue("process 3" in short(log.done()))
    }

    @Test
    fun `goes on without a connection, and says how far with the next one`() {
        val log = openAt(0)
        for (offset in 1L..2L) log.received(item(offset))
        log.away()
        says("keep 1", "process 2", "keep 2", effects = log.done() + log.done())
        says("ack 2", effects = log.opened(at(2)))
    }

    @Test
    fun `gives an item that failed again, and lets no other go before it`() {
        val log = openAt(0)
        for (offset in 1L..2L) log.received(item(offset))
        log.failed()
        says(effects = log.received(item(3)))
        says("process 1", effects = log.processing(true))
    }

    @Test
    fun `puts the item in hand back if nobody processes any more`() {
        val log = openAt(0)
        log.received(item(1))
        says(effects = log.processing(false) + log.done())
        says("process 1", effects = log.processing(true))
    }

    @Test
    fun `takes the server's word for what was processed elsewhere under its name`() {
        val log = openAt(0)
        log.processing(false)
        for (offset in 1L..3L) log.received(item(offset))
        log.away()
        says("keep 2", effects = log.opened(at(2)))
        says("process 3", effects = log.processing(true))
    }

    @Test
    fun `goes on in another log where the old one is gone, after what it has of that`() {
        val log = openAt(5)
        for (offset in 6L..7L) log.received(item(offset))
        log.away()
        says("keep 0", effects = log.opened(at(0, "f")))
        log.received(item(1, "f"))
        val processed = (log.done() + log.done() + log.done()).filterIsInstance<InboxEffect.Process>()
        says("process 7", "process 1", effects = processed)
        assertEquals(at(1, "f"), log.cursor)
    }

    @Test
    fun `processes each item once and in order, whatever the network and the program do`() {
        for (seed in 1..2_000) {
            val random = Random(seed)
            val model = Model()
            repeat(random.nextInt(150)) { model.take(Step.values().random(random)) }
            model.settle()
            assertEquals((1L..model.sent).toList(), model.processed, "seed $seed")
            assertEquals(model.sent, model.cursor, "seed $seed")
        }
    }

    private enum class Step { SEND, DELIVER, PROCESS, FAIL, ACK_ARRIVES, ACK_LOST, CUT, RELOAD }

    /** A server's inbox, a device, and the storage that outlasts the device's program. */
    private class Model {
        var sent = 0L

        /** The server's, of this device. */
        var cursor = 0L
        val processed = ArrayList<Long>()
        private var stored: Position? = null
        private var log = InboxLog(null)
        private var delivered = 0L
        private var inHand: Long? = null
        private var acking: Position? = null

        init {
            perform(log.processing(true))
            open()
        }

        fun take(step: Step) {
            when (step) {
                Step.SEND -> sent++
                Step.DELIVER -> if (delivered < sent) perform(log.received(item(++delivered)))
                Step.PROCESS -> {
                    processed.add(inHand ?: return)
                    inHand = null
                    perform(log.done())
                }
                Step.FAIL -> {
                    if (inHand == null) return
                    inHand = null
                    log.failed()
                    perform(log.processing(true))
                }
                Step.ACK_ARRIVES -> answer(true)
                Step.ACK_LOST -> answer(false)
                Step.CUT -> reconnect()
                Step.RELOAD -> {
                    inHand = null
                    log = InboxLog(stored)
                    perform(log.processing(true))
                    reconnect()
                }
            }
        }

        fun settle() {
            reconnect()
            for (round in 0..sent + 1) listOf(Step.DELIVER, Step.PROCESS, Step.ACK_ARRIVES).forEach(::take)
        }

        private fun open() {
            cursor = max(cursor, log.cursor?.offset ?: 0)
            delivered = cursor
            perform(log.opened(at(cursor)))
        }

        private fun reconnect() {
            acking = null
            log.away()
            open()
        }

        private fun answer(isKnown: Boolean) {
            val position = acking ?: return
            acking = null
            if (isKnown) cursor = max(cursor, position.offset)
            perform(if (isKnown) log.acked() else log.ackFailed(position))
        }

        private fun perform(effects: List<InboxEffect>) {
            for (effect in effects) {
                when (effect) {
                    is InboxEffect.Keep -> stored = effect.position
                    is InboxEffect.Ack -> acking = effect.position
                    is InboxEffect.Process -> inHand = effect.item.position.offset
                }
            }
        }
    }
}
