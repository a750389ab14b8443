package dev.crossroom.session

import dev.crossroom.frames.StreamEvent
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.random.Random

/** A session over HTTP against a server and a network that do anything to requests, in many runs of one seed each. */
class HttpSessionPropertyTest {
    /** The server's side of a session, and the requests that are on their way. */
    private class World(seed: Int) {
        val random = Random(seed)
        val session = HttpSession(HttpTerms("s", 25_000, 20_000, 40, 20_000), random.nextBoolean(), true, random::nextDouble)
        var now = 0L
        val sent = ArrayList<String>()
        val taken = ArrayList<String>()
        val given = ArrayList<String>()
        val delivered = ArrayList<String>()
        var post: HttpEffect.Post? = null
        var read: HttpEffect.Read? = null
        var next: Int? = null
        var isOver = false

        fun perform(effects: List<HttpEffect>) {
            for (effect in effects) {
                when (effect) {
                    is HttpEffect.Post -> post = effect.also { check(post == null) { "two POSTs under way" } }
                    is HttpEffect.StopPost -> post = null
                    is HttpEffect.Read -> {
                        check(read == null) { "two GETs under way" }
                        read = effect
                        next = null
                    }
                    is HttpEffect.StopRead -> read = null
                    is HttpEffect.Deliver -> delivered.add(effect.text)
                    is HttpEffect.End, is HttpEffect.Delete -> isOver = true
                    else -> Unit
                }
            }
        }

        fun send() {
            val line = "line ${sent.size}"
            sent.add(line)
            perform(session.send(line, now))
        }

        fun give() {
            given.add("frame ${given.size}")
        }

        fun arrivePost(isAnswerLost: Boolean) {
            val arrived = post ?: return
            check(arrived.seq <= taken.size) { "lines are missing" }
            val fresh = arrived.lines.drop((taken.size - arrived.seq).toInt())
            taken.addAll(fresh)
            check(arrived.lines.sumOf { it.length + 1 } - 1 <= 40) { "too large a body" }
            check(arrived.ack <= given.size) { "more received than was sent" }
            post = null
            perform(session.posted(arrived.id, if (isAnswerLost) null else HttpAnswer(200, "{\"received\":${taken.size}}"), now))
        }

        fun losePost() {
            val lost = post ?: return
            post = null
            perform(session.posted(lost.id, listOf(null, HttpAnswer(503, ""), HttpAnswer(429, "", 1)).random(random), now))
        }

        /** The answer goes on by one event. */
        fun stream() {
            val reading = read ?: return
            if (next == null) check(reading.ack == delivered.size.toLong()) { "it says that it has ${reading.ack} of ${delivered.size}" }
            val at = next ?: maxOf(0, reading.ack.toInt() - random.nextInt(3)).also { next = it }
            session.heard(reading.id, now)
            if (!isBegun(reading)) return
            if (at < given.size) {
                next = at + 1
                perform(session.event(reading.id, StreamEvent.Frame(given[at]), now))
            } else {
                perform(session.event(reading.id, StreamEvent.Ping, now))
            }
        }

        private var begun = 0

        /** Tells `open` first, and nothing more at that time. */
        private fun isBegun(reading: HttpEffect.Read): Boolean {
            if (begun == reading.id) return true
            begun = reading.id
            perform(session.event(reading.id, StreamEvent.Open((next ?: 0).toLong()), now))
            return false
        }

        fun endRead() {
            val ended = read ?: return
            read = null
            perform(session.readEnded(ended.id, now))
        }

        fun pass() {
            now += random.nextLong(4_000)
            perform(session.tick(now))
        }
    }

    private fun run(seed: Int): World {
        val world = World(seed)
        world.perform(world.session.begin(0))
        val steps =
            listOf(world::send, world::give, { world.arrivePost(false) }, { world.arrivePost(true) }, world::losePost, world::stream, world::stream) +
                listOf(world::endRead, world::pass, { world.perform(world.session.networkChanged(world.now)) })
        repeat(world.random.nextInt(5, 200)) { if (!world.isOver) steps.random(world.random)() }
        // The network is good again.
        repeat(2_000) {
            if (!world.isOver) {
                world.arrivePost(false)
                world.stream()
                if (it % 20 == 0) world.perform(world.session.tick(world.now.also { world.now += 100 }))
            }
        }
        return world
    }

    @Test
    fun `loses nothing and doubles nothing, whatever becomes of requests and answers`() {
        var lost = 0
        repeat(2_000) { seed ->
            val world = run(seed)
            val lines = world.taken.filter { it.startsWith("line") }
            if (world.isOver) {
                // Given up for want of an answer: what came is still a beginning of what was sent.
                lost++
                assertEquals(world.sent.take(lines.size), lines, "seed $seed")
                assertEquals(world.given.take(world.delivered.size), world.delivered, "seed $seed")
            } else {
                assertEquals(world.sent, lines, "seed $seed")
                assertEquals(world.given, world.delivered, "seed $seed")
                assertEquals(0L, world.session.queuedBytes, "seed $seed")
            }
        }
        assertEquals(true, lost < 1_000, "most come through: $lost were lost")
    }
}
