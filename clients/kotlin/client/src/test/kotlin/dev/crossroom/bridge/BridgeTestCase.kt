package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.support.ClientTestCase
import dev.crossroom.support.RecordingCallback

/** The bridge layer. */
internal abstract class BridgeTestCase : ClientTestCase() {
    protected val warnings = ArrayList<String>()

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

    protected fun collected(bridge: Bridge): List<String> =
        collected(bridge.namespace("/").events) { event ->
            when (event) {
                is NamespaceEvent.Connected -> "connected"
                is NamespaceEvent.Disconnected -> "disconnected ${event.closeCode} ${event.isFinal}"
                is NamespaceEvent.Refused -> "refused ${event.error.code}"
                is NamespaceEvent.Message -> "${event.name} ${event.args}"
                else -> "?"
            }
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
