package dev.crossroom.rooms

/** Does things one after the other, though doing one may bring about others. */
internal class InOrder<T>(private val act: (T) -> Unit) {
    private val queue = ArrayDeque<T>()
    private var isBusy = false

    /** Does them now; or, if one is being done, after all that were there before. */
    fun add(tasks: List<T>) {
        queue.addAll(tasks)
        if (isBusy) return
        isBusy = true
        try {
            while (queue.isNotEmpty()) act(queue.removeFirst())
        } finally {
            // After a fault the rest is done with what comes next.
            isBusy = false
        }
    }

    /** What was not done yet will not be. */
    fun clear() = queue.clear()
}
