package dev.crossroom.bridge

import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import kotlin.concurrent.thread

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
