package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.ownError
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import kotlin.concurrent.thread

class MailboxTest {
    @Test
    fun `gives what was put in before the end, then the end`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            mailbox.offer(1)
            mailbox.offer(2)
            mailbox.end(ownError(ErrorCode.TOO_SLOW))
            val got = ArrayList<Any>()
            try {
                mailbox.asFlow().collect(got::add)
            } catch (error: CrossroomException) {
                got.add(error.code.value)
            }
            assertEquals(listOf<Any>(1, 2, "too_slow"), got)
        }

    @Test
    fun `takes no more than its capacity`() {
        val mailbox = Mailbox<Int>(2)
        assertEquals(listOf(true, true, false), (1..3).map(mailbox::offer))
    }

    @Test
    fun `loses nothing between one collector and the next`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            (1..4).forEach(mailbox::offer)
            assertEquals(listOf(1, 2), mailbox.asFlow().take(2).toList())
            mailbox.end(null)
            assertEquals(listOf(3, 4), mailbox.asFlow().toList())
        }

    @Test
    fun `takes nothing for a collector that was cancelled while it waited`() =
        runTest {
            val mailbox = Mailbox<Int>(10)
            val waiting = launch(start = CoroutineStart.UNDISPATCHED) { mailbox.asFlow().collect {} }
            mailbox.offer(1)
            waiting.cancel()
            waiting.join()
            mailbox.end(null)
            assertEquals(listOf(1), mailbox.asFlow().toList())
        }

    @Test
    fun `passes values between threads, all of them and in order`() =
        runTest {
            val mailbox = Mailbox<Int>(100_000)
            launch(Dispatchers.Default) {
                for (n in 1..50_000) mailbox.offer(n)
                mailbox.end(null)
            }
            assertEquals((1..50_000).toList(), mailbox.asFlow().toList())
        }
}

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

class LoopTest {
    @Test
    @Timeout(10)
    fun `runs tasks of many threads one at a time, each thread's in order`() {
        val executor = Executors.newFixedThreadPool(4)
        val loop = Loop(executor.asCoroutineDispatcher())
        val done = ArrayList<Pair<Int, Int>>()
        val threads = (1..4).map { thread { for (n in 1..5_000) loop.post { done.add(it to n) } } }
        threads.forEach(Thread::join)
        val over = CountDownLatch(1)
        loop.post(over::countDown)
        over.await()
        executor.shutdown()
        assertEquals(20_000, done.size)
        for (source in 1..4) assertEquals((1..5_000).toList(), done.filter { it.first == source }.map { it.second })
    }

    @Test
    fun `runs what is given inside of it at once, if that is asked for`() {
        val loop = Loop(Executor { it.run() }.asCoroutineDispatcher())
        val order = ArrayList<Int>()
        loop.execute {
            loop.post { order.add(3) }
            loop.execute { order.add(1) }
            order.add(2)
        }
        assertEquals(listOf(1, 2, 3), order)
    }

    @Test
    fun `goes on after a task that fails`() {
        val loop = Loop(Executor { it.run() }.asCoroutineDispatcher())
        val thread = Thread.currentThread()
        val handler = thread.uncaughtExceptionHandler
        val faults = ArrayList<String?>()
        val done = ArrayList<Int>()
        thread.setUncaughtExceptionHandler { _, thrown -> faults.add(thrown.message) }
        try {
            loop.post { error("a fault") }
            loop.post { done.add(1) }
        } finally {
            thread.uncaughtExceptionHandler = handler
        }
        assertEquals(listOf<String?>("a fault"), faults)
        assertEquals(listOf(1), done)
    }
}

class SleepDetectorTest {
    private var clock = 0L
    private var wall = 1_000_000L
    private val sleep = SleepDetector({ clock }, { wall })

    private fun pass(ms: Long, sleeping: Long = 0): Boolean {
        clock += ms
        wall += ms + sleeping
        return sleep.isOver()
    }

    @Test
    fun `is noticed once, where the clock stood still meanwhile`() {
        assertEquals(listOf(false, true, false), listOf(pass(2_000), pass(2_000, sleeping = 3_600_000), pass(2_000)))
    }

    @Test
    fun `is not what a wall clock looks like that is put back or corrected`() {
        assertEquals(listOf(false, false, false), listOf(pass(2_000, sleeping = -3_600_000), pass(2_000, sleeping = 100), pass(2_000)))
    }
}

class InFlightTest {
    @Test
    fun `counts the frames of which something is still queued`() {
        val inFlight = InFlight()
        inFlight.sent(10, queued = 10)
        inFlight.sent(20, queued = 30)
        inFlight.sent(5, queued = 35)
        assertEquals(listOf(3, 2, 1, 0, 0), listOf(26L, 25L, 5L, 0L, 0L).map(inFlight::count))
    }

    @Test
    fun `forgets frames that have left before the next one is sent`() {
        val inFlight = InFlight()
        repeat(1_000) { inFlight.sent(10, queued = 0) }
        assertEquals(0, inFlight.count(0))
    }
}
