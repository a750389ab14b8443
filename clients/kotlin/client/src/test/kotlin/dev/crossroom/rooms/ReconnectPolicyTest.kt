package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.json
import dev.crossroom.ownError
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

class ReconnectPolicyTest {
    private fun policy() = ReconnectPolicy({ 0 }, { 0.0 })

    private fun short(effect: ReconnectEffect): String =
        when (effect) {
            is ReconnectEffect.Wait -> "wait"
            is ReconnectEffect.Ended -> "end: ${effect.error.code}"
            is ReconnectEffect.Reconnect -> if (effect.forgetGuest) "reconnect as a new guest" else "reconnect"
        }

    private fun error(code: String, retryable: Boolean = false) = CrossroomException(ErrorCode(code), "", retryable)

    /** A `connect_error` with an error of the room API. */
    private fun refusal(code: String, retryable: Boolean = false) =
        CrossroomException(
            ErrorCode.CONNECT_ERROR,
            "",
            data = json("code" to code, "message" to "", "retryable" to retryable),
        )

    private fun closedAfter(code: String, source: TokenSource, isActive: Boolean): String {
        val policy = policy()
        policy.welcomed()
        policy.endAnnounced(error(code))
        return short(policy.closed(4507, isActive, source))
    }

    @Test
    fun `leaves it to the bridge where that reconnects by itself`() {
        assertEquals("wait", short(policy().closed(4501, true, TokenSource.NONE)))
    }

    @Test
    fun `comes back after the server has sent it away without a reason, and after a plain end`() {
        for (code in listOf(null, 1000, 1009, 4000)) assertEquals("reconnect", short(policy().closed(code, false, TokenSource.NONE)))
    }

    @Test
    fun `ends after a close code that says not to reconnect`() {
        for (code in listOf(1002, 1007, 1008, 4400, 4403, 4409, 4499)) {
            assertEquals("end: refused", short(policy().closed(code, false, TokenSource.NONE)), "$code")
        }
    }

    @TestFactory
    fun `after token_expired it depends on where the token came from`(): List<DynamicTest> =
        mapOf(
            TokenSource.PROVIDER to "reconnect",
            TokenSource.FIXED to "end: token_expired",
            TokenSource.GUEST to "reconnect as a new guest",
            TokenSource.NONE to "end: token_expired",
        ).map { (source, expected) ->
            dynamicTest("$source: $expected") {
                assertEquals(expected, short(policy().refused(refusal("token_expired"), source)))
                assertEquals(expected, closedAfter("token_expired", source, isActive = false))
                val whileActive = if (source == TokenSource.PROVIDER) "wait" else expected
                assertEquals(whileActive, closedAfter("token_expired", source, isActive = true))
            }
        }

    @Test
    fun `ends after token_revoked, even if the bridge would reconnect`() {
        for (source in TokenSource.values()) {
            // A guest's token that is refused may have been copied: another guest comes.
            val expected = if (source == TokenSource.GUEST) "reconnect as a new guest" else "end: token_revoked"
            assertEquals(expected, short(policy().refused(refusal("token_revoked"), source)))
            assertEquals("end: token_revoked", closedAfter("token_revoked", source, isActive = true))
        }
    }

    @Test
    fun `comes back after a refusal that may pass, and ends after one that stays`() {
        assertEquals("reconnect", short(policy().refused(refusal("unavailable", true), TokenSource.PROVIDER)))
        assertEquals("end: forbidden", short(policy().refused(refusal("forbidden"), TokenSource.PROVIDER)))
        assertEquals("end: brand_new", short(policy().refused(refusal("brand_new"), TokenSource.NONE)))
    }

    @Test
    fun `becomes a new guest where the old one's token is not good any more`() {
        assertEquals("reconnect as a new guest", short(policy().refused(refusal("unauthorized"), TokenSource.GUEST)))
        assertEquals("end: unauthorized", short(policy().refused(refusal("unauthorized"), TokenSource.FIXED)))
    }

    @Test
    fun `gives up after two fresh tokens in a row, and counts anew after each welcome`() {
        val policy = policy()
        val expire = { short(policy.refused(refusal("token_expired"), TokenSource.PROVIDER)) }
        assertEquals("reconnect", expire())
        policy.welcomed()
        assertEquals(listOf("reconnect", "end: token_expired"), List(2) { expire() })
    }

    @Test
    fun `ends on a refused upgrade, and on a refusal in words of another application`() {
        fun refused(error: CrossroomException) = short(policy().refused(error, TokenSource.NONE))
        assertEquals("end: unauthorized", refused(ownError(ErrorCode.REFUSED, httpStatus = 401)))
        assertEquals("end: forbidden", refused(ownError(ErrorCode.REFUSED, httpStatus = 403)))
        assertEquals("end: refused", refused(ownError(ErrorCode.REFUSED, httpStatus = 400)))
        assertEquals("end: refused", refused(CrossroomException(ErrorCode.CONNECT_ERROR, "", data = json("code" to 1))))
        assertEquals("end: unauthorized", refused(ownError(ErrorCode.UNAUTHORIZED, "signed out")))
    }

    @Test
    fun `waits longer each time, and from the beginning again after a connection that held`() {
        var time = 0L
        val policy = ReconnectPolicy({ time }, { 0.0 })
        val waits =
            listOf(1L, 1L, 1L, 60_000L, 1L).map { held ->
                policy.welcomed()
                time += held
                (policy.closed(4000, false, TokenSource.NONE) as ReconnectEffect.Reconnect).after
            }
        assertEquals(listOf(250L, 500L, 1_000L, 250L, 500L), waits)
    }

    @Test
    fun `comes back no sooner than the server says`() {
        val data = json("code" to "unavailable", "message" to "", "retryable" to true, "retryAfter" to 60_000)
        val refused = policy().refused(CrossroomException(ErrorCode.CONNECT_ERROR, "", data = data), TokenSource.NONE)
        assertEquals(ReconnectEffect.Reconnect(60_000, forgetGuest = false, isFirm = true), refused)
    }

    @Test
    fun `does not hold an earlier session's end against a later one`() {
        val policy = policy()
        policy.endAnnounced(error("token_revoked"))
        policy.welcomed()
        assertEquals("wait", short(policy.closed(4501, true, TokenSource.NONE)))
    }
}
