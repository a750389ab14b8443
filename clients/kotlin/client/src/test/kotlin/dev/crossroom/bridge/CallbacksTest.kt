package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.Cancellable
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.RecordingCallback
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.RejectedExecutionException

@Timeout(30)
class CallbacksTest {
    private val executor = Executors.newFixedThreadPool(2)

    @AfterEach
    fun stop() {
        executor.shutdownNow()
    }

    @Test
    fun `holds up nobody but itself where a listener blocks on the executor`() {
        val dialer = FakeDialer()
        val options = BridgeOptions().apply { callbackExecutor = executor }
        val namespace = Bridge("http://host", options, FakeEnvironment()) { dialer }.namespace()
        val isBlocking = CountDownLatch(1)
        val isReleased = CountDownLatch(1)
        val got = ArrayList<String>()
        val isDone = CountDownLatch(3)
        namespace.listen { event ->
            isBlocking.countDown()
            isReleased.await()
            got.add(if (event is NamespaceEvent.Message) event.name else "connected")
            isDone.countDown()
        }
        namespace.connect(RecordingCallback())
        dialer.last.accept()
        isBlocking.await()
        // Nothing of the client waits for it.
        dialer.last.give("{'type':'event','event':'a','args':[]}")
        dialer.last.give("{'type':'event','event':'b','args':[]}")
        namespace.call("ask", emptyList(), 1_000, RecordingCallback())
        assertEquals("ask", dialer.last.next()["event"]?.text)
        isReleased.countDown()
        isDone.await()
        assertEquals(listOf("connected", "a", "b"), got)
    }

    @Test
    fun `goes on where a listener throws, and where there is no executor calls it at once`() {
        val got = ArrayList<Int>()
        val isDone = CountDownLatch(3)
        Callbacks(executor).listen({ flowOf(1, 2, 3) }, { error("not on the client's thread") }) {
            isDone.countDown()
            if (it == 2) error("two") else got.add(it)
        }
        isDone.await()
        var isDirect = false
        Callbacks(null).listen({ error("not as a flow") }, {
            isDirect = true
            Cancellable {}
        }) { _: Int -> }
        assertEquals(true, isDirect)
    }

    /** Refuses tasks while it is told to, as a pool with a full queue does, or one that was shut down. */
    private inner class Refusing : Executor {
        @Volatile var isFull = false

        override fun execute(task: Runnable) {
            if (isFull) throw RejectedExecutionException("full")
            executor.execute(task)
        }
    }

    @Test
    fun `calls callbacks in order, each once, though the executor refuses some of them and takes the next ones`() {
        val refusing = Refusing()
        val callbacks = Callbacks(refusing)
        val got = ArrayList<Int>()
        for (number in 1..3) {
            refusing.isFull = number == 2
            val isDone = CountDownLatch(1)
            callbacks.run { got.add(number) }
            callbacks.run(isDone::countDown)
            isDone.await()
        }
        assertEquals(listOf(1, 2, 3), got)
    }

    @Test
    fun `calls callbacks where the executor throws what no executor should`() {
        val isDone = CountDownLatch(2)
        val callbacks = Callbacks { throw UnsupportedOperationException("no executor") }
        repeat(2) { callbacks.run(isDone::countDown) }
        isDone.await()
    }

    @Test
    fun `goes on telling a listener after the executor has refused to call it`() {
        val refusing = Refusing()
        val flow = MutableSharedFlow<Int>()
        val recorded = LinkedBlockingQueue<Int>()
        val listening = Callbacks(refusing).listen({ flow }, { error("not on the client's thread") }, recorded::add)
        runBlocking {
            flow.subscriptionCount.first { it == 1 }
            for (number in 1..3) {
                refusing.isFull = number == 2
                flow.emit(number)
                assertEquals(number, withContext(Dispatchers.IO) { recorded.take() })
            }
        }
        listening.cancel()
    }
}
