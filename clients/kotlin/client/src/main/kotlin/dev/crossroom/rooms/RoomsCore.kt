package dev.crossroom.rooms

import dev.crossroom.BridgeOptions
import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.RoomsEvent
import dev.crossroom.RoomsOptions
import dev.crossroom.Self
import dev.crossroom.Sent
import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.Environment
import dev.crossroom.bridge.Flushes
import dev.crossroom.json
import dev.crossroom.ownError
import dev.crossroom.transport.Dialer
import java.util.concurrent.ConcurrentHashMap

/** Rooms, inbox and presence over a bridge: the composition of its parts. In the loop alone, but for what says otherwise. */
internal class RoomsCore(
    url: String,
    options: RoomsOptions,
    override val environment: Environment,
    dialer: (BridgeOptions) -> Dialer,
) : RoomHost, InboxHost, LinkView {
    /** May be used from any thread. */
    val events = Broadcast<RoomsEvent>(options.maxLag)
    override val stored = StoredState(options.storage, ::warn)

    /** May be read from any thread. */
    override val device: String = options.device ?: stored.device() ?: environment.newId().also(stored::keepDevice)
    override val pending = PendingCount(options.maxPending)
    override val pendingReadings = PendingCount(options.maxPending)
    override val maxLag = options.maxLag

    @Volatile
    override var over: CrossroomException? = null
        private set

    val inbox = InboxCore(this)
    private val link: Link

    /** May be used from any thread: rooms are made there. */
    private val rooms = ConcurrentHashMap<String, RoomCore>()

    /** By recipient; only those that have something to send. */
    private val sends = HashMap<String, SendQueueRunner>()
    private val waiters = ArrayList<Callback<Self>>()

    /** Signals count where nothing else waits: what is under way is among the frames that the connection has. */
    private val flushes = Flushes(environment) { sendQueues().sumOf { it.size }.takeIf { it > 0 } ?: bridge.unsentEvents }

    init {
        val shown = LinkCredentials(options.name, device, options.fixedToken, options.tokenProvider)
        link =
            Link(shown, options.ackTimeoutMillis, environment, stored, this) { auth, warn ->
                Bridge(url, bridgeOptions(options, auth, warn), environment, dialer)
            }
        environment.loop.execute(link::open)
    }

    val bridge: Bridge get() = link.bridge

    fun networkChanged() {
        link.hurry()
        bridge.networkChanged()
    }

    fun foreground() {
        bridge.foreground()
        link.hurry()
    }

    override val self: Self? get() = link.self
    override val isUp: Boolean get() = link.isUp
    override val messageBytes: Long? get() = link.messageBytes

    /** May be called from any thread. */
    fun room(name: String): RoomCore =
        rooms[name] ?: synchronized(rooms) {
            rooms[name] ?: RoomCore(name, this).also { room ->
                rooms[name] = room
                over?.let(room::end)
            }
        }

    fun ready(callback: Callback<Self>): Cancellable {
        val now = self
        val error = over
        when {
            error != null -> callback.onFailure(error)
            isUp && now != null -> callback.onSuccess(now)
            else -> waiters.add(callback)
        }
        return Cancellable { waiters.remove(callback) }
    }

    fun send(to: String, data: Value, id: String?, receipt: Boolean, callback: Callback<Sent>): Cancellable {
        over?.let {
            callback.onFailure(it)
            return Cancellable {}
        }
        val chosen = id ?: environment.newId()
        val fields = arrayOf<Pair<String, Any?>>("to" to to, "data" to data, "id" to chosen)
        val call = if (receipt) json(*fields, "receipt" to true) else json(*fields)
        val queue = sends.getOrPut(to) { SendQueueRunner(this, environment, pending) { true } }
        return queue.submit("send", call, chosen, { Sent(chosen, Wire.long(it, "at")) }, callback) {
            // After the queue is done with it.
            environment.loop.post { if (queue.isEmpty && sends[to] === queue) sends.remove(to) }
        }
    }

    fun flush(timeout: Long, callback: Callback<Int>): Cancellable = flushes.start(timeout, callback)

    fun close() {
        if (over != null) return
        flushes.end()
        link.close()
        end(ownError(ErrorCode.CLOSED))
    }

    /** After a subscription: one that came after the end ends too. */
    fun endIfOver() {
        if (over != null) events.end(null)
    }

    override fun call(name: String, argument: Value.Object, done: (CallOutcome<Value>) -> Unit) = link.call(name, argument, done)

    override fun emit(name: String, argument: Value.Object, done: (CrossroomException?) -> Unit) = link.emit(name, argument, done)

    override fun warn(error: CrossroomException) = events.emit(RoomsEvent.Warning(error))

    override fun warning(error: CrossroomException) = warn(error)

    /** Rooms first, as publishes wait for them; the inbox last. */
    override fun up(self: Self) {
        events.emit(RoomsEvent.Connected(self))
        for (room in rooms.values) room.up()
        for (queue in sends.values.toList()) queue.renew()
        inbox.up(self.user)
        val waiting = ArrayList(waiters)
        waiters.clear()
        for (waiter in waiting) waiter.onSuccess(self)
    }

    /** The largest message under way is the likely cause. */
    override fun cut(isClosed: Boolean) {
        val suspected = sendQueues().maxByOrNull { it.bytesUnderWay } ?: return
        if (isClosed || suspected.bytesUnderWay > LARGE) suspected.suspect(isClosed)
    }

    override fun deviceTaken(isTaken: Boolean) = events.emit(if (isTaken) RoomsEvent.DeviceTaken else RoomsEvent.DeviceReturned)

    override fun inboxLost() = events.emit(RoomsEvent.InboxLost)

    /** All that publish or send. */
    private fun sendQueues(): List<SendQueueRunner> = rooms.values.map { it.publishes } + sends.values

    override fun down(reason: String) {
        for (room in rooms.values) room.down()
        inbox.down()
        events.emit(RoomsEvent.Disconnected(reason))
    }

    override fun ended(error: CrossroomException) {
        flushes.end()
        end(error)
    }

    override fun event(name: String, value: Value) {
        when (name) {
            "message" -> Wire.message(value).let { rooms[it.room]?.onMessage(it) }
            "signal" -> Wire.signal(value).let { rooms[it.room]?.onSignal(it) }
            "presence" -> Wire.presence(value).let { rooms[it.room]?.onPresence(it) }
            "inbox" -> Wire.item(value)?.let(inbox::onItem)
        }
    }

    private fun end(error: CrossroomException) {
        if (over != null) return
        val ending =
            synchronized(rooms) {
                over = error
                rooms.values.toList()
            }
        val waiting = ArrayList(waiters)
        waiters.clear()
        for (waiter in waiting) waiter.onFailure(error)
        for (room in ending) room.end(error)
        for (queue in sends.values.toList()) queue.rejectAll(error)
        inbox.end(error)
        if (unlessClosed(error) != null) events.emit(RoomsEvent.Ended(error))
        events.end(null)
    }

    private companion object {
        /** Bytes of a call from which on it may be the reason of a lost connection (docs/sdk.md, 4.2). */
        const val LARGE = 8_192L
    }
}

/** The settings of the bridge below. Its namespace has nothing to buffer: calls are made only while it is connected. */
private fun bridgeOptions(options: RoomsOptions, auth: suspend () -> Value.Object, warn: (CrossroomException) -> Unit): BridgeOptions {
    val below = BridgeOptions()
    below.path = options.path
    below.transports = options.transports
    below.okHttpClient = options.okHttpClient
    below.headersProvider = options.headersProvider
    below.reconnect.minDelayMillis = options.reconnect.minDelayMillis
    below.reconnect.maxDelayMillis = options.reconnect.maxDelayMillis
    below.reconnect.jitter = options.reconnect.jitter
    below.reconnect.timeoutMillis = options.reconnect.timeoutMillis
    below.reconnect.maxAttempts = options.reconnect.maxAttempts
    below.authProvider = auth
    below.onWarning = warn
    return below
}
