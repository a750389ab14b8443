package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.RecordingCallback
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach

/** The bridge layer against a server of the test's, on a clock of the test's. */
internal abstract class BridgeTestCase {
    protected val environment = FakeEnvironment()
    protected val dialer = FakeDialer()
    protected val scope = CoroutineScope(Dispatchers.Unconfined)
    protected val warnings = ArrayList<String>()

    @AfterEach
    fun stop() = scope.cancel()

    protected fun bridge(configure: BridgeOptions.() -> Unit = {}): Bridge {
        val options = BridgeOptions()
        options.reconnect.jitter = 0.0
        options.onWarning = { warnings.add(it.code.value) }
        options.configure()
        return Bridge("http://host:1?q=2", options, environment) { dialer }
    }

    protected fun connected(bridge: Bridge = bridge()) =
        bridge.namespace("/").also {
            it.connect(RecordingCallback())
            dialer.last.accept()
        }

    /** What its flow tells, in few words. */
    protected fun collected(bridge: Bridge): List<String> {
        val recorded = ArrayList<String>()
        scope.launch {
            bridge.namespace("/").events.collect { event ->
                recorded.add(
                    when (event) {
                        is NamespaceEvent.Connected -> "connected"
                        is NamespaceEvent.Disconnected -> "disconnected ${event.closeCode} ${event.isFinal}"
                        is NamespaceEvent.Refused -> "refused ${event.error.code}"
                        is NamespaceEvent.Message -> "${event.name} ${event.args}"
                        else -> "?"
                    },
                )
            }
            recorded.add("over")
        }
        return recorded
    }

    /** What the application's functions throw, while the task runs. */
    protected fun thrown(task: () -> Unit): List<String?> {
        val thrown = ArrayList<String?>()
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        thread.setUncaughtExceptionHandler { _, fault -> thrown.add(fault.message) }
        try {
            task()
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        return thrown
    }
}
