package dev.crossroom.session

import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class LifecycleTest {
    private fun lifecycle(maxAttempts: Int = Int.MAX_VALUE) = Lifecycle(LifecycleSettings(Backoff(1_000, 5_000, 0.0), maxAttempts)) { 0.0 }

    private fun opened(now: Long = 0, connected: Boolean = true): Lifecycle =
        lifecycle().also {
            it.open(now)
            it.opened(now)
            if (connected) it.connected(25_000, 20_000, now)
        }

    /** What is to be done, in few words. */
    private fun words(effects: List<Effect>): List<String> =
        effects.map { effect ->
            when (effect) {
                is Effect.Dial -> "dial"
                is Effect.HangUp -> if (effect.abrupt) "cut" else "hang up"
                is Effect.Ping -> "ping"
                is Effect.Start -> "start ${effect.timer} ${effect.ms}"
                is Effect.Stop -> "stop ${effect.timer}"
                is Effect.Announce ->
                    when (val what = effect.what) {
                        is Announcement.Opened -> "opened"
                        is Announcement.Failed -> "failed ${what.error.code}" + if (what.final) " for good" else ""
                        is Announcement.Closed -> "closed" + if (what.end.final) " for good" else ""
                    }
            }
        }

    private fun fail(lifecycle: Lifecycle, final: Boolean = false) = words(lifecycle.failed(ownError(ErrorCode.FAILED), final, 0))

    private fun lose(lifecycle: Lifecycle, now: Long, final: Boolean = false) = words(lifecycle.lost(1006, "", final, now))

    @Test
    fun `dials once, and tells that it is open`() {
        val lifecycle = lifecycle()
        assertEquals(listOf("stop RETRY", "dial"), words(lifecycle.open(0)))
        assertEquals(emptyList<String>(), words(lifecycle.open(0)))
        assertEquals(listOf("stop DIAL", "start HEARTBEAT 25000", "opened"), words(lifecycle.opened(0)))
    }

    @Test
    fun `waits longer after each failure, up to the longest delay`() {
        val lifecycle = lifecycle()
        lifecycle.open(0)
        for (delay in listOf(1_000, 2_000, 4_000, 5_000, 5_000)) {
            assertEquals(listOf("stop DIAL", "cut", "start RETRY $delay", "failed failed"), fail(lifecycle))
            assertEquals(listOf("dial"), words(lifecycle.expired(TimerName.RETRY, 0)))
        }
    }

    @Test
    fun `makes no attempt before the server has said, whatever happens`() {
        val lifecycle = lifecycle()
        lifecycle.open(0)
        val refusal = ownError(ErrorCode.FAILED, retryAfter = 60_000)
        assertEquals(listOf("stop DIAL", "cut", "start RETRY 61000", "failed failed"), words(lifecycle.failed(refusal, false, 0)))
        assertEquals(listOf("stop RETRY", "start RETRY 50000"), words(lifecycle.networkChanged(10_000)))
        assertEquals(listOf("stop RETRY", "start RETRY 40000"), words(lifecycle.open(20_000)))
        lifecycle.background()
        lifecycle.foreground()
        assertEquals(listOf("stop RETRY", "start RETRY 30000"), words(lifecycle.open(30_000)))
        assertEquals(listOf("dial"), words(lifecycle.expired(TimerName.RETRY, 60_000)))
    }

    @Test
    fun `comes back at another time than others who were told the same`() {
        for ((random, delay) in listOf(0.0 to 60_500, 0.5 to 61_000)) {
            val lifecycle = Lifecycle(LifecycleSettings(Backoff(1_000, 5_000, 0.5), Int.MAX_VALUE)) { random }
            lifecycle.open(0)
            val refusal = ownError(ErrorCode.FAILED, retryAfter = 60_000)
            assertEquals(listOf("stop DIAL", "cut", "start RETRY $delay", "failed failed"), words(lifecycle.failed(refusal, false, 0)))
        }
    }

    @Test
    fun `gives an attempt up that takes too long`() {
        val lifecycle = lifecycle()
        lifecycle.open(0)
        assertEquals(listOf("stop DIAL", "cut", "start RETRY 1000", "failed timeout"), words(lifecycle.expired(TimerName.DIAL, 20_000)))
    }

    @Test
    fun `does not try again what is final, or after as many attempts as may be made`() {
        val recorded = lifecycle()
        recorded.open(0)
        assertEquals(listOf("stop DIAL", "cut", "failed failed for good"), fail(recorded, final = true))
        val limited = lifecycle(maxAttempts = 1)
        limited.open(0)
        fail(limited)
        limited.expired(TimerName.RETRY, 0)
        assertEquals(listOf("stop DIAL", "cut", "failed disconnected for good"), fail(limited))
        assertEquals(Phase.CLOSED, limited.phase)
    }

    @Test
    fun `begins anew with its delays after a connection that a namespace was connected on for 10 s, and not before`() {
        val lifecycle = lifecycle()
        lifecycle.open(0)
        fail(lifecycle)
        lifecycle.expired(TimerName.RETRY, 0)

        fun reconnect(from: Long, until: Long, connected: Boolean): String {
            lifecycle.opened(from)
            if (connected) lifecycle.connected(25_000, 20_000, from)
            return lose(lifecycle, until).single { it.startsWith("start RETRY") }.also { lifecycle.expired(TimerName.RETRY, until) }
        }
        assertEquals("start RETRY 2000", reconnect(0, 9_999, connected = true))
        assertEquals("start RETRY 4000", reconnect(10_000, 30_000, connected = false))
        assertEquals("start RETRY 1000", reconnect(40_000, 50_000, connected = true))
        assertEquals("start RETRY 2000", reconnect(50_000, 50_001, connected = true))
    }

    @Test
    fun `stays closed after an end that is final`() {
        val lifecycle = opened()
        assertEquals(listOf("stop HEARTBEAT", "stop PROBE", "hang up", "closed for good"), lose(lifecycle, 0, final = true))
        assertEquals(Phase.CLOSED, lifecycle.phase)
    }

    @Test
    fun `stops everything when it is closed, in whatever phase`() {
        for (phase in listOf(Phase.OPENING, Phase.OPEN, Phase.WAITING)) {
            val lifecycle = lifecycle()
            lifecycle.open(0)
            if (phase != Phase.OPENING) lifecycle.opened(0)
            if (phase == Phase.WAITING) lifecycle.lost(null, "", false, 0)
            assertEquals(phase, lifecycle.phase)
            val stops = TimerName.values().map { "stop $it" } + "hang up"
            assertEquals(if (phase == Phase.OPEN) stops + "closed for good" else stops, words(lifecycle.close()))
            assertEquals(emptyList<String>(), words(lifecycle.close()))
        }
    }

    @Test
    fun `asks for a sign of life after pingInterval of silence, and is dead a pingTimeout later`() {
        val lifecycle = opened()
        assertEquals(listOf("ping", "start HEARTBEAT 20000"), words(lifecycle.expired(TimerName.HEARTBEAT, 25_000)))
        val end = words(lifecycle.expired(TimerName.HEARTBEAT, 45_000))
        assertEquals(listOf("stop HEARTBEAT", "stop PROBE", "cut", "start RETRY 1000", "closed"), end)
    }

    @Test
    fun `takes anything that is heard for a sign of life`() {
        val lifecycle = opened()
        lifecycle.heard(10_000)
        assertEquals(listOf("start HEARTBEAT 10000"), words(lifecycle.expired(TimerName.HEARTBEAT, 25_000)))
        lifecycle.expired(TimerName.HEARTBEAT, 35_000)
        lifecycle.heard(36_000)
        assertEquals(listOf("start HEARTBEAT 6000"), words(lifecycle.expired(TimerName.HEARTBEAT, 55_000)))
    }

    @Test
    fun `goes at the pace that the server says`() {
        val lifecycle = opened()
        assertEquals(listOf("start HEARTBEAT 100"), words(lifecycle.connected(100, 50, 0)))
        assertEquals(listOf("ping", "start HEARTBEAT 50"), words(lifecycle.expired(TimerName.HEARTBEAT, 100)))
    }

    @Test
    fun `knows at once, when it wakes from a long sleep, that the connection is dead`() {
        val lifecycle = opened()
        assertFalse(lifecycle.hasExpired(45_000))
        assertTrue(lifecycle.hasExpired(3_600_000))
        assertTrue("cut" in words(lifecycle.expired(TimerName.HEARTBEAT, 3_600_000)))
    }

    @Test
    fun `asks before it takes a late timer for death`() {
        val lifecycle = opened()
        assertEquals(listOf("ping", "start HEARTBEAT 20000"), words(lifecycle.expired(TimerName.HEARTBEAT, 46_000)))
        assertFalse(lifecycle.hasExpired(49_000))
    }

    @Test
    fun `tries at once when the network has changed, without waiting out the delay`() {
        val lifecycle = opened()
        lifecycle.lost(null, "", false, 0)
        assertEquals(listOf("stop RETRY", "dial"), words(lifecycle.networkChanged(10)))
        assertEquals(emptyList<String>(), words(lifecycle.networkChanged(20)))
        assertEquals(listOf("stop DIAL", "cut", "dial"), words(lifecycle.networkChanged(10_000)))
    }

    @Test
    fun `probes an open connection when the network has changed`() {
        val alive = opened()
        assertEquals(listOf("ping", "start PROBE 5000"), words(alive.networkChanged(0)))
        alive.heard(100)
        assertEquals(emptyList<String>(), words(alive.expired(TimerName.PROBE, 5_000)))
        val dead = opened()
        dead.networkChanged(0)
        assertTrue("closed" in words(dead.expired(TimerName.PROBE, 5_000)))
        assertEquals(Phase.WAITING, dead.phase)
    }

    @Test
    fun `goes on with the probe that runs, however often the network changes`() {
        val lifecycle = opened()
        lifecycle.networkChanged(0)
        assertEquals(emptyList<String>(), words(lifecycle.networkChanged(3_000)))
        lifecycle.heard(3_500)
        assertEquals(listOf("ping", "start PROBE 5000"), words(lifecycle.networkChanged(4_000)))
    }

    @Test
    fun `takes nothing older for the last sign of life`() {
        val lifecycle = opened()
        lifecycle.heard(10_000)
        lifecycle.heard(5_000)
        assertEquals(listOf("start HEARTBEAT 10000"), words(lifecycle.expired(TimerName.HEARTBEAT, 25_000)))
    }

    @Test
    fun `makes no connection in the background`() {
        val lifecycle = opened()
        assertEquals("closed", words(lifecycle.background()).last())
        assertEquals(emptyList<String>(), words(lifecycle.open(0)))
        assertEquals(emptyList<String>(), words(lifecycle.networkChanged(0)))
        lifecycle.foreground()
        assertEquals(listOf("stop RETRY", "dial"), words(lifecycle.open(0)))
    }

    @Test
    fun `ignores what comes too late`() {
        val lifecycle = lifecycle()
        assertEquals(emptyList<Effect>(), lifecycle.opened(0))
        assertEquals(emptyList<Effect>(), lifecycle.lost(1006, "", false, 0))
        assertEquals(emptyList<Effect>(), lifecycle.failed(ownError(ErrorCode.FAILED), false, 0))
        assertEquals(emptyList<Effect>(), TimerName.values().flatMap { lifecycle.expired(it, 0) })
        assertEquals(emptyList<Effect>(), lifecycle.connected(1, 1, 0))
    }
}

class BackoffTest {
    @Test
    fun `doubles up to the longest, by up to half shorter or longer`() {
        val backoff = Backoff(1_000, 5_000, 0.5)
        assertEquals(listOf(500L, 1_000L, 2_000L, 2_500L, 2_500L), (0..4).map { backoff.delay(it, 0.0) })
        assertEquals(listOf(1_000L, 2_000L, 4_000L, 5_000L, 5_000L), (0..4).map { backoff.delay(it, 0.5) })
        assertEquals(7_500L, backoff.delay(1_000, 1.0))
    }
}

class CloseCodesTest {
    @Test
    fun `follow the protocol's table, and its ranges for codes that are not in it`() {
        val final = listOf(1000, 1002, 1007, 1008, 1009, 4000, 4400, 4403, 4409, 4499)
        val again = listOf(1001, 1006, 1011, 1012, 3000, 4500, 4501, 4502, 4503, 4504, 4505, 4506, 4507, 4999)
        assertEquals(final, (final + again).filterNot(::shouldReconnect))
        assertEquals(listOf(400, 401, 403), listOf(null, 400, 401, 403, 404, 429, 500, 503).filterNot(::mayRetryUpgrade))
    }
}
