package dev.crossroom.session

import dev.crossroom.frames.StreamEvent

/** A session over HTTP, on a clock of the test's. What it wants to have done is kept in words. Tells it what comes of its last requests. */
internal class HttpSessionPlayer(stream: Boolean = true, poll: Boolean = true, maxPayload: Long = 1_000) {
    val session = HttpSession(HttpTerms("s", 25_000, 20_000, maxPayload, 20_000), stream, poll) { 0.5 }
    var now = 0L
        private set
    private val effects = ArrayList<HttpEffect>()
    private var read = 0
    private var post = 0

    init {
        note(session.begin(now))
    }

    private fun note(more: List<HttpEffect>) {
        for (effect in more) {
            if (effect is HttpEffect.Read) read = effect.id
            if (effect is HttpEffect.Post) post = effect.id
        }
        effects.addAll(more)
    }

    fun takeAll(): List<HttpEffect> = ArrayList(effects).also { effects.clear() }

    /** What it wanted since the last time. */
    fun take(): List<String> = takeAll().map(::word)

    fun postSizes(): List<Int> = takeAll().filterIsInstance<HttpEffect.Post>().map { it.lines.size }

    private fun word(effect: HttpEffect): String =
        when (effect) {
            is HttpEffect.Read -> "GET ${if (effect.isStream) "stream" else "poll"} ${effect.ack}"
            is HttpEffect.StopRead -> "stop GET"
            is HttpEffect.Post -> "POST ${effect.seq} ${effect.lines.map { if (it == "{\"type\":\"ping\"}") "ping" else it }} ${effect.ack}"
            is HttpEffect.StopPost -> "stop POST"
            is HttpEffect.Delete -> "DELETE"
            is HttpEffect.Deliver -> effect.text
            is HttpEffect.ChangedToPolls -> "polls"
            is HttpEffect.PollsWork -> "polls work"
            is HttpEffect.End -> "end ${effect.code} ${effect.status}"
        }

    fun send(line: String) = note(session.send(line, now))

    fun leave() = note(session.leave(now))

    fun networkChanged() = note(session.networkChanged(now))

    fun open(next: Long) = event(StreamEvent.Open(next))

    fun frame(text: String) = event(StreamEvent.Frame(text))

    fun event(event: StreamEvent) {
        heard()
        note(session.event(read, event, now))
    }

    fun heard() = session.heard(read, now)

    fun endRead() = note(session.readEnded(read, now))

    fun refuseRead(status: Int, body: String = "") = note(session.readRefused(read, HttpAnswer(status, body), now))

    fun answerPost(body: String = "", status: Int = 200, retryAfter: Long? = null) =
        note(session.posted(post, HttpAnswer(status, body, retryAfter), now))

    fun failPost() = note(session.posted(post, null, now))

    /** Time passes, and the session is asked whenever it wants to be. */
    fun pass(ms: Long) {
        val end = now + ms
        var asked = 0
        while (true) {
            val due = session.deadline ?: break
            if (due > end) break
            check(++asked < 10_000) { "it asks for ever" }
            now = maxOf(now, due)
            note(session.tick(now))
        }
        now = end
    }

    /** Time passes, and nobody asks: the machine sleeps. */
    fun sleep(ms: Long) {
        now += ms
        note(session.tick(now))
    }
}
