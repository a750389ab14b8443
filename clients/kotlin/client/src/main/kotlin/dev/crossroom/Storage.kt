package dev.crossroom

/**
 * Where the client keeps what must outlast the program: the device, the guest's token, and how far the inbox is processed. `SharedPreferences`
 * fits, or a file. Called one at a time: first in the constructor of [Rooms][dev.crossroom.rooms.Rooms], on its caller's thread, which reads the
 * device and the guest's token; then on a thread of the client's. Be quick: while it works, nothing goes on. One that throws is as one that keeps
 * nothing, but for a warning.
 */
public interface Storage {
    /** What was set under this key last; null where nothing was, or where it was removed. */
    public fun get(key: String): String?

    /** Keeps the value beyond the end of the program. */
    public fun set(key: String, value: String)

    /** Forgets what is under this key. */
    public fun remove(key: String)
}

/** Keeps as long as it is there itself: for a client that is made again in the same program, and for tests. */
public class MemoryStorage : Storage {
    private val values = HashMap<String, String>()

    @Synchronized
    override fun get(key: String): String? = values[key]

    @Synchronized
    override fun set(key: String, value: String) {
        values[key] = value
    }

    @Synchronized
    override fun remove(key: String) {
        values.remove(key)
    }
}
