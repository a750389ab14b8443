package dev.crossroom.support

import dev.crossroom.CrossroomException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach

/** A client against a server of the test's, on a clock of the test's. */
internal abstract class ClientTestCase {
    protected val environment = FakeEnvironment()
    protected val dialer = FakeDialer()
    protected val scope = CoroutineScope(Dispatchers.Unconfined)

    @AfterEach
    fun stop() = scope.cancel()

    /** What the flow tells until the test ends, and how it ends, each in a word; what has none is left out. */
    protected fun <T : Any> collected(flow: Flow<T>, word: (T) -> String?): List<String> {
        val recorded = ArrayList<String>()
        scope.launch {
            try {
                flow.collect { word(it)?.let(recorded::add) }
                recorded.add("over")
            } catch (error: CrossroomException) {
                recorded.add("failed: ${error.code}")
            }
        }
        return recorded
    }
}
