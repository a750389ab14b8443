package dev.crossroom.bridge

import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

class BacklogTest {
    @Test
    @Timeout(10)
    fun `lets the reading thread wait at the limit, until something is taken`() {
        val backlog = Backlog(2, patience = 1)
        val stuck = CountDownLatch(1)
        repeat(2) { backlog.enter({ false }, {}) }
        val reader = thread { backlog.enter({ false }, stuck::countDown) }
        stuck.await()
        assertTrue(backlog.isBlocked)
        backlog.leave()
        reader.join()
        assertFalse(backlog.isBlocked)
    }

    @Test
    @Timeout(10)
    fun `lets nobody wait for a connection that is over`() {
        val backlog = Backlog(1, patience = 1)
        val stuck = CountDownLatch(1)
        var isOver = false
        backlog.enter({ false }, {})
        val reader = thread { backlog.enter({ isOver }, stuck::countDown) }
        stuck.await()
        isOver = true
        backlog.wake()
        reader.join()
    }
}
