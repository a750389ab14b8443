package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Self
import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.Environment
import dev.crossroom.bridge.Namespace
import dev.crossroom.bridge.NamespaceEvent
import dev.crossroom.callback
import dev.crossroom.json
import dev.crossroom.ownError

internal interface LinkView {
    /** Calls can be made. */
    fun up(self: Self)

    /** The connection was lost without a word, or closed with 1009 (`isClosed`), because of what was sent, it may be. Told before [down]. */
    fun cut(isClosed: Boolean)

    /** Another connection has taken this device, or has gone. */
    fun deviceTaken(isTaken: Boolean)

    /** Calls that were under way are settled as lost before this. */
    fun down(reason: String)

    /** There will be no connection any more. */
    fun ended(error: CrossroomException)

    fun warning(error: CrossroomException)

    /** An event of the server's that is the rooms' or the inbox's. */
    fun event(name: String, value: Value)
}

/** What a link shows at each connect. */
internal class LinkCredentials(val name: String?, val device: String, val fixedToken: String?, val provider: (suspend () -> String)?)

/** The connection to the rooms server, over a bridge: up from each `welcome` to the next disconnect. */
internal class Link(
    private val shown: LinkCredentials,
    ackTimeout: Long,
    private val environment: Environment,
    private val stored: StoredState,
    private val view: LinkView,
    makeBridge: (auth: suspend () -> Value.Object, warn: (CrossroomException) -> Unit) -> Bridge,
) : Caller {
    val bridge: Bridge = makeBridge(::credentials, view::warning)

    /** As the last welcome said, and with the token's new end after a refresh. May be read from any thread. */
    @Volatile
    var self: Self? = null
        private set

    /** May be read from any thread. */
    @Volatile
    override var isUp = false
        private set

    @Volatile
    override var messageBytes: Long? = null
        private set

    private val namespace: Namespace = bridge.namespace("/")
    private val calls = Calls(namespace, ackTimeout)
    private val policy = ReconnectPolicy(environment::now, environment::random)
    private val renewal =
        Renewal(environment, shown.provider, { token, done -> call("refresh", json("token" to token), done) }, ::refreshed, view::warning)

    /** Both are read outside of the loop, when credentials are asked for. */
    @Volatile private var guestToken: String? = stored.guestToken()

    @Volatile private var source = TokenSource.NONE
    private var isOver = false
    private var timer = Cancellable {}

    /** Whether the timer runs, and a connect is made when it is over. */
    private var isWaiting = false

    /** Whether the server has said how long to wait. */
    private var isFirm = false

    /** Begins to connect. */
    fun open() {
        namespace.listen(::onEvent)
        connect()
    }

    override fun call(name: String, argument: Value.Object, done: (CallOutcome<Value>) -> Unit) {
        if (isUp) calls.make(name, argument, done) else done(CallOutcome.Lost)
    }

    /** Sends an event whose ack nobody needs; dropped where there is no connection. */
    fun emit(name: String, argument: Value.Object, done: (CrossroomException?) -> Unit) {
        if (isUp) namespace.emit(name, listOf(argument), callback({ done(null) }, { done(it) })) else done(null)
    }

    /** Disconnects for good. */
    fun close() {
        if (isOver) return
        isOver = true
        wentDown()
        bridge.close()
    }

    /** A connect that is waited with is made now: the network is another one, or the application has come back. */
    fun hurry() {
        if (isWaiting && !isFirm) connect()
    }

    private fun connect() {
        stopWaiting()
        namespace.connect(callback({}, { error -> if (error.code != ErrorCode.CLOSED) refused(error) }))
    }

    private fun stopWaiting() {
        isWaiting = false
        isFirm = false
        timer.cancel()
    }

    private suspend fun credentials(): Value.Object {
        val fields = LinkedHashMap<String, Any?>()
        shown.name?.let { fields["name"] = it }
        fields["device"] = shown.device
        when {
            shown.provider != null -> {
                fields["token"] = shown.provider.invoke()
                source = TokenSource.PROVIDER
            }
            shown.fixedToken != null -> {
                fields["token"] = shown.fixedToken
                source = TokenSource.FIXED
            }
            else -> {
                // Another client with the same storage may have got a newer one.
                val guest = stored.guestToken() ?: guestToken
                guest?.let { fields["token"] = it }
                source = if (guest == null) TokenSource.NONE else TokenSource.GUEST
            }
        }
        return json(*fields.map { it.toPair() }.toTypedArray())
    }

    private fun onEvent(event: NamespaceEvent) {
        if (isOver) return
        when (event) {
            is NamespaceEvent.Message -> onServerEvent(event)
            is NamespaceEvent.Disconnected -> disconnected(event)
            is NamespaceEvent.Refused -> refused(event.error)
            else -> Unit // `welcome` follows a `Connected`
        }
    }

    private fun onServerEvent(event: NamespaceEvent.Message) {
        val value = event.args.firstOrNull() ?: Value.Null
        try {
            when (event.name) {
                "welcome" -> welcomed(Wire.welcome(value))
                "session_end" -> policy.endAnnounced(Wire.error(value["error"]) ?: throw NotOfTheApi("error is missing"))
                "token_expiring" -> renewal.start()
                "token_renewed" -> if (self?.isGuest == true) keepGuest(Wire.renewed(value))
                "device_taken" -> view.deviceTaken(true)
                "device_returned" -> view.deviceTaken(false)
                else -> if (isUp) view.event(event.name, value)
            }
        } catch (thrown: NotOfTheApi) {
            val message = "The server's event ${event.name} is not one of the room API: ${thrown.message}."
            view.warning(ownError(ErrorCode.BAD_ANSWER, message, cause = thrown))
        }
    }

    private fun welcomed(welcome: Welcome) {
        policy.welcomed()
        self = welcome.self
        messageBytes = welcome.messageBytes
        isUp = true
        if (welcome.self.isGuest && welcome.token != null) {
            keepGuest(welcome.token)
            // From now on this guest is the one of that token: if it is refused, another guest comes.
            if (source == TokenSource.NONE) source = TokenSource.GUEST
        }
        view.up(welcome.self)
    }

    private fun refreshed(expiresAt: Long?) {
        self = self?.copy(expiresAt = expiresAt)
    }

    private fun disconnected(end: NamespaceEvent.Disconnected) {
        val wasUp = isUp
        if (wasUp && (end.isCut || end.closeCode == TOO_BIG)) view.cut(isClosed = end.closeCode == TOO_BIG)
        wentDown()
        val effect = policy.closed(end.closeCode, !end.isFinal, source)
        if (wasUp) view.down(end.reason)
        follow(effect)
    }

    private fun refused(error: CrossroomException) {
        if (isOver) return
        val effect = policy.refused(error, source)
        if (effect !is ReconnectEffect.Ended) view.warning(error)
        follow(effect)
    }

    private fun wentDown() {
        isUp = false
        stopWaiting()
        renewal.stop()
        calls.lost()
    }

    private fun follow(effect: ReconnectEffect) {
        if (isOver) return
        when (effect) {
            is ReconnectEffect.Wait -> Unit
            is ReconnectEffect.Reconnect -> {
                if (effect.forgetGuest) {
                    keepGuest(null)
                    // A request that is refused before there is anything to show says nothing of a guest the next time.
                    source = TokenSource.NONE
                }
                stopWaiting()
                isWaiting = true
                isFirm = effect.isFirm
                timer = environment.after(effect.after, ::connect)
            }
            is ReconnectEffect.Ended -> {
                if (source == TokenSource.GUEST) keepGuest(null)
                close()
                view.ended(effect.error)
            }
        }
    }

    private fun keepGuest(token: String?) {
        guestToken = token
        stored.keepGuestToken(token)
    }

    private companion object {
        /** The close code for a message that is larger than the other side takes (RFC 6455, 7.4.1). */
        const val TOO_BIG = 1009
    }
}
