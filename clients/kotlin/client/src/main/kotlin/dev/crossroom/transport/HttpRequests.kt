package dev.crossroom.transport

import dev.crossroom.session.HttpAnswer
import dev.crossroom.session.HttpEffect
import okhttp3.Call
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response

/**
 * The requests of one session over HTTP (PROTOCOL.md, 12). They are made on threads of our own (`execute`), as those that OkHttp makes by itself are
 * bounded: five for a host, of which a stream would take one from the application.
 */
internal class HttpRequests(private val client: OkHttpClient, private val url: String, private val headers: Map<String, String>) {
    /** @throws RuntimeException for a URL or headers that HTTP has not. */
    fun open(): Call = call { post(NOTHING) }

    fun read(session: String, read: HttpEffect.Read): Call =
        call {
            header("Crossroom-Session", session)
            header("Crossroom-Ack", "${read.ack}")
            header("Accept", if (read.isStream) "text/event-stream" else "text/plain")
            // Or OkHttp asks for gzip, which would hold a stream up.
            header("Accept-Encoding", "identity")
        }

    fun send(session: String, post: HttpEffect.Post): Call =
        call {
            header("Crossroom-Session", session)
            header("Crossroom-Ack", "${post.ack}")
            if (post.lines.isNotEmpty()) header("Crossroom-Seq", "${post.seq}")
            post(post.lines.joinToString("\n").toByteArray().toRequestBody(LINES))
        }

    fun leave(session: String): Call =
        call {
            header("Crossroom-Session", session)
            delete()
        }

    /** Connections that are open, and of no use any more: the network is another one. */
    fun forgetConnections() = client.connectionPool.evictAll()

    private fun call(build: Request.Builder.() -> Unit): Call {
        val request = Request.Builder().url(url)
        for ((name, value) in headers) request.header(name, value)
        return client.newCall(request.apply(build).build())
    }

    private companion object {
        val NOTHING = ByteArray(0).toRequestBody()
        val LINES = "application/x-ndjson".toMediaType()
    }
}

/** An answer that is read whole, as far as that makes sense. */
internal fun answerOf(response: Response): HttpAnswer = HttpAnswer(response.code, response.peekBody(MAX_BODY).string(), secondsOf(response))

/** Seconds (PROTOCOL.md, 1.6); a date, which HTTP has too, is not read. */
private fun secondsOf(response: Response): Long? = response.header("Retry-After")?.toLongOrNull()

private const val MAX_BODY = 4_096L
